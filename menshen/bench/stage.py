"""A district of its own for the measurements, with everybody's keys."""

import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stamina
import stamina.instrumentation
from motor.motor_asyncio import AsyncIOMotorClient

from menshen import secrets
from menshen.bench import meter
from menshen.district import District
from menshen.options import SERVICES, Options
from menshen.ports import accepts
from menshen.simulate.run import LIMITS
from menshen.supervisor import Child, Supervisor
from menshen.terminal import Terminal
from services.gate.api.office import PassOffice
from services.identity.api.cabinet import Cabinet
from shared.contracts.values import Role
from shared.security.keys import Signer
from shared.security.vault import Vault

HOST = "127.0.0.1"
HOUR = 3600


@dataclass(frozen=True)
class Keys:
    """Everybody's: the signers of tokens and passes, what seals and finds ID numbers, and identity's own sealing."""

    tokens: Signer
    office: PassOffice
    vault: Vault
    cabinet: Cabinet

    @classmethod
    def of(cls, folder: Path) -> "Keys":
        """Read a district's own."""
        kept = secrets.environment(folder)
        lookup = kept["MENSHEN_LOOKUP_KEY"]
        return cls(
            Signer(kept["MENSHEN_TOKEN_KEYS"]),
            PassOffice(kept["MENSHEN_PASS_KEYS"], lookup),
            Vault(kept["MENSHEN_FIELD_KEYS"], lookup),
            Cabinet(kept["MENSHEN_FIELD_KEYS"], lookup),
        )

    def token(self, account: str, *grants: tuple[Role, str]) -> str:
        """Return an access token such as identity gives after a sign-in; good for six hours."""
        at = int(time.time())
        claims = {
            "sub": account,
            "iat": at,
            "exp": at + 6 * HOUR,
            "grants": [[role.value, area] for role, area in grants],
        }
        return self.tokens.sign(json.dumps(claims).encode())


@dataclass
class Stage:
    """A running district, and the means to put things into it and to read its processes."""

    folder: Path
    district: District
    keys: Keys
    rounds: int
    terminal: Terminal
    base_port: int
    """The first of the private ports; the two below are the gateway's and a floor's."""
    mongo: Any = field(init=False)

    def __post_init__(self) -> None:
        self.mongo = AsyncIOMotorClient(self.district.addresses.mongo, tz_aware=True)

    @property
    def gateway(self) -> str:
        """Where clients come in."""
        return self.district.addresses.gateway

    def address(self, service: str) -> str:
        """Where a service is, behind the gateway."""
        return options(self.folder, self.base_port).address(service)

    @property
    def servers(self) -> Mapping[str, int]:
        """The processes of RabbitMQ and MongoDB."""
        return self.district.server_pids

    @property
    def services(self) -> Mapping[str, int]:
        """The processes of the services."""
        return {name: pid for name, pid in self.district.pids.items() if name in SERVICES}

    @property
    def pids(self) -> dict[str, int]:
        """All processes."""
        return {**self.servers, **self.services}

    def db(self, service: str) -> Any:
        """Return a service's database."""
        return self.mongo["menshen_" + service]

    async def settle(self) -> float:
        """Wait until everything that was begun is done."""
        return await meter.settle(self.pids)

    @asynccontextmanager
    async def floor(self, module: str, *arguments: str) -> AsyncIterator[str]:
        """Run a floor's server beside the district; yields its address."""
        children = Supervisor(self.terminal.say)
        port = self.base_port - 2
        argv = (sys.executable, "-m", f"menshen.bench.floors.{module}", *arguments, str(port))

        async def ready() -> bool:
            return await accepts(port)

        try:
            await children.start(
                Child(
                    name=module,
                    argv=argv,
                    env=dict(os.environ),
                    log=self.folder / "logs" / f"{module}.log",
                    ready=ready,
                )
            )
            yield f"http://{HOST}:{port}"
        finally:
            await children.stop()


@asynccontextmanager
async def opened(
    folder: Path, rounds: int, terminal: Terminal, base_port: int, services: tuple[str, ...] = SERVICES
) -> AsyncIterator[Stage]:
    """Bring a fresh district up without a demo and without limits of rate, and down again."""
    async with empty(folder, rounds, terminal, base_port, services) as stage:
        try:
            await stage.district.start()
            await stage.settle()
            yield stage
        finally:
            await stage.district.stop()


@asynccontextmanager
async def empty(
    folder: Path, rounds: int, terminal: Terminal, base_port: int, services: tuple[str, ...] = SERVICES
) -> AsyncIterator[Stage]:
    """Give a stage on which nothing runs."""
    emptied(folder)
    stamina.instrumentation.set_on_retry_hooks([])  # a look again is no news
    district = District(options(folder, base_port, services), terminal)
    stage = Stage(folder, district, Keys.of(folder), rounds, terminal, base_port)
    try:
        yield stage
    finally:
        stage.mongo.close()


def emptied(folder: Path) -> None:
    """Make a folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def options(folder: Path, base_port: int, services: tuple[str, ...] = SERVICES) -> Options:
    """Return what the measurements' district is asked for."""
    return Options(
        data=folder,
        host=HOST,
        port=base_port - 1,
        base_port=base_port,
        services=services,
        workers=dict.fromkeys(services, 1),
        mongo_url=None,
        amqp_url=None,
        demo=False,
        extra=LIMITS,
    )
