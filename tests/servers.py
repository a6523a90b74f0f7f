"""Where the tests' MongoDB and RabbitMQ come from: local binaries, Testcontainers, or somewhere given.

(default)                          child processes on free ports, data in a temporary folder
MENSHEN_TEST_SERVERS=docker        Testcontainers
MENSHEN_TEST_MONGO_URL, _AMQP_URL  servers that are there already
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from menshen.ports import ServerPorts
from menshen.servers import Servers


@dataclass(frozen=True)
class Urls:
    mongo: str
    amqp: str
    broker_api: str | None = None
    mqtt_port: int | None = None


@asynccontextmanager
async def running(folder: Path, *, alone: bool = False) -> AsyncIterator[Urls]:
    """Give servers; `alone` for tests that must not share a broker, so given ones will not do."""
    given = (
        (None, None) if alone else (os.environ.get("MENSHEN_TEST_MONGO_URL"), os.environ.get("MENSHEN_TEST_AMQP_URL"))
    )
    if given[0] and given[1]:
        yield Urls(given[0], given[1])
    elif os.environ.get("MENSHEN_TEST_SERVERS", "local") == "docker":
        async with _containers() as urls:
            yield urls
    else:
        servers = Servers(folder, ServerPorts.free())
        try:
            await servers.start()
            yield Urls(servers.mongo_url, servers.amqp_url, servers.broker_api_url, servers.ports.mqtt)
        finally:
            await servers.stop()


@asynccontextmanager
async def _containers() -> AsyncIterator[Urls]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # only where Docker answers
    from testcontainers.core.waiting_utils import wait_for_logs  # noqa: PLC0415
    from testcontainers.rabbitmq import RabbitMqContainer  # noqa: PLC0415

    mongo = DockerContainer("mongo:8").with_command("--replSet rs0 --bind_ip_all").with_exposed_ports(27017)
    with mongo, RabbitMqContainer("rabbitmq:4", username="menshen", password="menshen") as rabbit:
        wait_for_logs(mongo, "Waiting for connections")
        mongo.exec(["mongosh", "--quiet", "--eval", "rs.initiate()"])
        host, port = mongo.get_container_host_ip(), mongo.get_exposed_port(27017)
        amqp = f"amqp://menshen:menshen@{rabbit.get_container_host_ip()}:{rabbit.get_exposed_port(5672)}/"
        yield Urls(f"mongodb://{host}:{port}/?directConnection=true", amqp)
