"""The servers that the district stands on, as child processes: RabbitMQ with Erlang's port mapper, and MongoDB.

Everything they hold is below one folder, so they can start again on it, also with other ports. `menshen up` keeps
them in `.menshen`; the tests use a folder and ports of their own.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from menshen import mongod, preflight, rabbitmq
from menshen.lock import locked
from menshen.ports import ServerPorts
from menshen.preflight import PortUse
from menshen.supervisor import Say, Supervisor

FIRST_START_MB, LATER_START_MB = 1500, 700
_REMEDY = "choose another range with --base-port or MENSHEN_BASE_PORT"


@dataclass
class Servers:
    """The servers on one folder. `stop` may be called at any moment, also when `start` was cancelled."""

    folder: Path
    ports: ServerPorts
    plugins: tuple[str, ...] = rabbitmq.PLUGINS
    """RabbitMQ plugins by name; management makes its clean stop 5 s longer, MQTT its first start."""
    wanted: frozenset[str] = frozenset({"rabbitmq", "mongod"})
    """Which of the two to run; the other one is somebody else's."""
    say: Say = print

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self._supervisor = Supervisor(self.say)
        self._held = contextlib.ExitStack()

    @property
    def amqp_url(self) -> str:
        """Where RabbitMQ is, with its user and password."""
        return rabbitmq.url(self.folder, self.ports)

    @property
    def broker_api_url(self) -> str | None:
        """Where RabbitMQ's management API is, with the user that makes the devices' users; None without the plugin."""
        return rabbitmq.api_url(self.folder, self.ports) if "rabbitmq_management" in self.plugins else None

    @property
    def mongo_url(self) -> str:
        """Where MongoDB is."""
        return mongod.url(self.ports)

    @property
    def children(self) -> dict[str, int]:
        """The process id of each server that runs now, by name: epmd, rabbitmq, mongod."""
        return self._supervisor.pids

    async def start(self) -> None:
        """Start the servers and return when RabbitMQ takes connections and MongoDB takes writes.

        Raises `CannotStart`: before anything is started where that can be known, else the caller has to `stop`.
        """
        preflight.check_folder(self.folder)
        self._held.enter_context(locked(self.folder / "servers.lock", f"the servers of process {os.getpid()}"))
        self._check()
        together = []
        if "rabbitmq" in self.wanted:
            epmd, broker = rabbitmq.children(self.folder, self.ports, self.plugins)
            await self._supervisor.start(epmd)
            together.append(broker)
        if "mongod" in self.wanted:
            together.append(mongod.child(self.folder, self.ports))
        await self._supervisor.start(*together)

    async def stop(self) -> None:
        """Stop all servers cleanly; no process and no port is left."""
        await self._supervisor.stop()
        self._held.close()

    async def kill(self, name: str) -> None:
        """Kill a server as a power cut would; it stays down until `restart`."""
        await self._supervisor.kill(name)

    async def restart(self, name: str) -> None:
        """Start a server again on its data, after a clean stop if it runs; return when it is ready."""
        await self._supervisor.restart(name)

    def _check(self) -> None:
        uses = []
        if "rabbitmq" in self.wanted:
            rabbitmq.check_installed()
            preflight.check_localhost()
            uses.append(PortUse(self.ports.epmd, "Erlang's port mapper", _REMEDY))
            uses.append(PortUse(self.ports.dist, "RabbitMQ's own tools", _REMEDY))
            uses.append(PortUse(self.ports.amqp, "RabbitMQ", _REMEDY))
            uses.append(PortUse(self.ports.mqtt, "RabbitMQ's MQTT", _REMEDY))
            uses.append(PortUse(self.ports.management, "RabbitMQ's management", _REMEDY))
        if "mongod" in self.wanted:
            mongod.executable()
            uses.append(PortUse(self.ports.mongo, "MongoDB", _REMEDY))
        preflight.check_ports(uses)
        if self.wanted:
            started_before = (self.folder / "logs").exists()
            preflight.check_disk(self.folder, LATER_START_MB if started_before else FIRST_START_MB)
