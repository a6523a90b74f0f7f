"""One district on this machine: servers, services, demo, from a lock on its data to the last process gone."""

import asyncio
import contextlib
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

import aiohttp

from menshen import preflight, secrets
from menshen.lock import locked
from menshen.options import Options
from menshen.servers import Servers
from menshen.supervisor import STOP_SIGNALS, Child, Ready, Supervisor, at_once
from menshen.terminal import Terminal

ADDRESSES = "district.json"


async def run_until_stopped(options: Options, terminal: Terminal) -> None:
    """Bring a district up and, on SIGINT, SIGTERM or SIGHUP at any moment, down again; raise `CannotStart`."""
    # The signals only set this event, so nothing interrupts the clean-up: not even the second, impatient Ctrl-C.
    asked = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    preflight.check_folder(options.data)
    with locked(options.data / "lock", f"the district at {options.gateway}"):
        district = District(options, terminal)
        stop = asyncio.create_task(asked.wait())
        boot = asyncio.create_task(district.boot())
        try:
            await asyncio.wait({stop, boot}, return_when=asyncio.FIRST_COMPLETED)
            if boot.done():
                boot.result()
                await stop
        finally:
            boot.cancel()
            await asyncio.wait({boot})
            await district.stop()


@dataclass(frozen=True)
class Addresses:
    """Where a running district and its servers are, as `district.json` in its folder tells other programs."""

    gateway: str
    mongo: str
    amqp: str
    mqtt_port: int | None


class District:
    """The processes of one district. `stop` may be called at any moment, also when `boot` was cancelled."""

    def __init__(self, options: Options, terminal: Terminal) -> None:
        self._options = options
        self._terminal = terminal
        self._servers = Servers(options.data, options.server_ports, wanted=options.wanted_servers, say=terminal.say)
        self._services = Supervisor(terminal.say)

    @property
    def addresses(self) -> Addresses:
        """Where everything is."""
        options, servers = self._options, self._servers
        mqtt = None if options.amqp_url else options.server_ports.mqtt
        mongo, amqp = options.mongo_url or servers.mongo_url, options.amqp_url or servers.amqp_url
        return Addresses(options.gateway, mongo, amqp, mqtt)

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each service's process that runs now, by name."""
        return self._services.pids

    @property
    def server_pids(self) -> dict[str, int]:
        """The process id of each server that runs now, by name."""
        return self._servers.children

    async def boot(self) -> None:
        """Start everything, fill the demo district, and say where it is."""
        options, terminal = self._options, self._terminal
        env = await self.start()
        lines = await self._seed(env) if options.demo and "gateway" in options.services else []
        where = f"at {options.gateway}" if "gateway" in options.services else "without a gateway"
        terminal.say(f"\nMenshen is up {where}; Ctrl-C stops it.")
        for line in lines:
            terminal.say(line)

    async def start(self) -> dict[str, str]:
        """Start servers and services, and return the services' environment once all are ready."""
        options, terminal = self._options, self._terminal
        preflight.check_ports(options.port_uses())
        env = self._environment()
        with terminal.step("starting RabbitMQ and MongoDB", "RabbitMQ and MongoDB are ready"):
            await self._servers.start()
        if not options.services:
            return env
        with terminal.step("applying indexes and queues", "indexes and queues are applied"):
            stored = (name for name in options.services if name != "gateway")
            await self._services.run(self._child("migrate", ("services", "migrate", *stored), env))
        with terminal.step("starting the services", f"{len(options.services)} services are ready"):
            await self._services.start(*(child for name in options.services for child in self._workers(name, env)))
        secrets.write_private(options.data / ADDRESSES, json.dumps(asdict(self.addresses), indent=2))
        return env

    async def stop(self) -> None:
        """Stop everything; no process is left."""
        running = self._servers.children | self._services.pids
        with self._terminal.step("stopping", "stopped") if running else contextlib.nullcontext():
            await self._services.stop()
            await self._servers.stop()

    def _environment(self) -> dict[str, str]:
        """Return what every service is told, on top of the caller's own variables such as MENSHEN_LOG_LEVEL."""
        options = self._options
        mongo_url = options.mongo_url or self._servers.mongo_url
        amqp_url = options.amqp_url or self._servers.amqp_url
        ours = secrets.environment(options.data) | {
            "MENSHEN_SERVICE_URLS": options.service_urls(),
            "MENSHEN_DEMO": str(options.demo).lower(),
            "PYTHONUNBUFFERED": "1",
            # Bytecode is kept, whatever the caller does about his own tree: it halves the time of the next start.
            "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX") or str(options.data / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
            # glibc keeps a heap for each of the driver's threads, up to eight a processor, and gives little of it back.
            "MALLOC_ARENA_MAX": "2",
        }
        if not options.amqp_url and self._servers.broker_api_url:
            ours["MENSHEN_BROKER_API"] = self._servers.broker_api_url
        for prefix in ("", "MENSHEN_"):  # `Settings` knows both names and prefers the longer
            ours |= {f"{prefix}MONGO_URL": mongo_url, f"{prefix}AMQP_URL": amqp_url}
        return dict(os.environ) | ours | dict(options.extra)

    def _workers(self, service: str, env: dict[str, str]) -> Iterator[Child]:
        """Yield one service's processes; they share its port, and the one that answers says which it is."""
        host, port = self._options.place(service)
        env = env | {"MENSHEN_HOST": host, "MENSHEN_PORT": str(port)}
        count = self._options.workers[service]
        for number in range(1, count + 1):
            name = service if count == 1 else f"{service}-{number}"
            ready = partial(_is_ready, self._options.address(service), number)
            yield self._child(name, (f"services.{service}",), env | {"MENSHEN_WORKER": str(number)}, ready)

    async def _seed(self, env: dict[str, str]) -> list[str]:
        """Fill the demo district, which changes nothing where that was done before; return what to tell about it."""
        if not importlib.util.find_spec("menshen.seed"):
            return []
        seed = importlib.import_module("menshen.seed").seed
        with self._terminal.step("seeding the demo district", "the demo district is seeded"):
            facts = await seed(self._options.gateway, self._options.data, env)
        return list(facts.lines())

    def _child(self, name: str, module: tuple[str, ...], env: dict[str, str], ready: Ready = at_once) -> Child:
        log = self._options.data / "logs" / f"{name}.log"
        return Child(name=name, argv=(sys.executable, "-m", *module), env=env, log=log, ready=ready)


async def _is_ready(address: str, worker: int) -> bool:
    # A client of its own each time: it knows no proxy of the environment, keeps no connection to a dead worker, and the
    # kernel gives the next connection to another worker, so each is met before long.
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(f"{address}/readyz") as response:
            return response.status == 200 and (await response.json())["worker"] == worker
    except (aiohttp.ClientError, TimeoutError):
        return False
