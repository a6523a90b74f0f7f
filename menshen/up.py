"""`menshen up`: the whole district on this machine with one command."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from menshen.options import SERVICES, Options, parse_services, parse_workers
from menshen.supervisor import STOP_SIGNALS, CannotStart
from menshen.terminal import Terminal

Port = Annotated[int, typer.Option(envvar="MENSHEN_GATEWAY_PORT", min=1, max=65535, help="The gateway's port.")]
Host = Annotated[str, typer.Option(envvar="MENSHEN_GATEWAY_HOST", help="The gateway's address.")]
BasePort = Annotated[
    int, typer.Option(envvar="MENSHEN_BASE_PORT", min=1024, max=65000, help="First of eleven private ports.")
]
Data = Annotated[Path, typer.Option(envvar="MENSHEN_DATA", help="Folder of all data, keys and logs.")]
Services = Annotated[str, typer.Option(envvar="MENSHEN_SERVICES", help="The services to start, as in gate,health.")]
Workers = Annotated[
    str, typer.Option(envvar="MENSHEN_WORKERS", help="Processes of each service, as in 2 or gate=3,alerts=2.")
]
MongoUrl = Annotated[
    str | None, typer.Option(envvar=["MENSHEN_MONGO_URL", "MONGO_URL"], help="A MongoDB to use instead of our own.")
]
AmqpUrl = Annotated[
    str | None, typer.Option(envvar=["MENSHEN_AMQP_URL", "AMQP_URL"], help="A RabbitMQ to use instead of our own.")
]
Demo = Annotated[bool, typer.Option(envvar="MENSHEN_DEMO", help="Fill a demo district.")]


def up(
    port: Port = 8080,
    host: Host = "127.0.0.1",
    base_port: BasePort = 17300,
    data: Data = Path(".menshen"),
    services: Services = ",".join(SERVICES),
    workers: Workers = "1",
    mongo_url: MongoUrl = None,
    amqp_url: AmqpUrl = None,
    demo: Demo = True,
) -> None:
    """Bring up servers, services and a demo district; Ctrl-C stops all of it."""
    chosen = parse_services(services)
    options = Options(
        data=data.absolute(),
        host=host,
        port=port,
        base_port=base_port,
        services=chosen,
        workers=parse_workers(workers, chosen),
        mongo_url=mongo_url,
        amqp_url=amqp_url,
        demo=demo,
    )
    # Until the supervisor has handlers of its own there is nothing to stop, and the next import takes a second.
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))
    from menshen.district import run_until_stopped  # noqa: PLC0415

    try:
        asyncio.run(run_until_stopped(options, Terminal()))
    except CannotStart as fault:
        Terminal(2).say(f"menshen: {fault}")
        raise typer.Exit(1) from None
