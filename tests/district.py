"""A whole district for the tests: every service a real process, seen from outside through HTTP and RabbitMQ."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import httpx2
from motor.motor_asyncio import AsyncIOMotorClient

from menshen import secrets as keys
from menshen.ports import is_free
from menshen.supervisor import Child, Supervisor
from shared.contracts import Event, Fact, Received
from shared.contracts.values import Role
from shared.ids import new_id
from shared.messaging.codec import Unreadable, decode, envelope_of
from shared.messaging.topology import EVENTS_EXCHANGE, declare_events
from shared.security.keys import Signer
from shared.security.vault import keyed_hash, lookup_bytes
from tests.servers import Urls

SERVICES = ("identity", "gate", "health", "reports", "alerts")
DOOR = "gateway"
NO_KEEPING = httpx2.Limits(max_keepalive_connections=0)
"""A connection each time: one kept open to a process that was killed would fail the next request, not the fault's."""
Grants = tuple[Role, str]


class District:
    """Services running against real servers. Tests keep apart by areas of their own: `new_compound()`."""

    def __init__(self, folder: Path, urls: Urls, extra: dict[str, str] | None = None) -> None:
        self.urls = urls
        self.prefix = f"t{secrets.token_hex(3)}_"
        self._folder = folder
        self._secrets = keys.generate()
        self._signer = Signer(self._secrets["MENSHEN_TOKEN_KEYS"])
        names = (*SERVICES, DOOR)
        free = (port for port in range(20000 + secrets.randbelow(5000), 32000) if is_free(port))
        self.ports = {name: next(free) for name in names}
        self.environment = {
            **os.environ,
            **self._secrets,
            "MONGO_URL": urls.mongo,
            "AMQP_URL": urls.amqp,
            "MENSHEN_DB_PREFIX": self.prefix,
            **({"MENSHEN_BROKER_API": urls.broker_api} if urls.broker_api else {}),
            "MENSHEN_SERVICE_URLS": json.dumps({name: self.url(name) for name in names}),
            "MENSHEN_RETRY_DELAYS": "[0.2,0.4,0.6,0.8]",
            "MENSHEN_DEMO": "true",
            "MENSHEN_PROVISION_SWEEP": "PT1S",
            "MENSHEN_SILENCE_SWEEP": "PT0.5S",
            "MENSHEN_CODES_LIMIT": "1000/minute",
            "MENSHEN_SIGN_IN_LIMIT": "1000/minute",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode"),
            "PYTHONPATH": str(Path(__file__).parent.parent),
            **(extra or {}),
        }
        self.said: list[str] = []
        """What the supervisor had to say, such as that a service was ended and started again."""
        self.supervisor = Supervisor(self.said.append)
        self._clients: dict[str, httpx2.AsyncClient] = {}
        self._mongo: AsyncIOMotorClient[Any] = AsyncIOMotorClient(urls.mongo, tz_aware=True)
        self._heard: dict[type[Event], list[Received[Any]]] = defaultdict(list)
        self._new = asyncio.Event()
        self._connection: Any = None

    # Running

    async def start(self, services: Iterable[str] = (*SERVICES, DOOR)) -> None:
        names = list(services)
        migrated = [name for name in names if name != DOOR]
        await self.supervisor.run(self.child("migrate", ("services", "migrate", *migrated)))
        # As after a restart with identity away: the keys are known from before.
        known = {"_id": "identity", "jwks": self._signer.public_set()}
        for name in migrated:
            await self.db(name).jwks.insert_one(dict(known))
        await self._listen()
        await self.supervisor.start(*(self.child(name, (f"services.{name}",)) for name in names))

    async def stop(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        await self.supervisor.stop()
        if self._connection:
            await self._connection.close()
        self._mongo.close()

    def child(self, name: str, module: tuple[str, ...], **extra: str) -> Child:
        port = self.ports.get(name.split("-", maxsplit=1)[0], 0)
        env = {**self.environment, "MENSHEN_PORT": str(port), **extra}

        async def ready() -> bool:
            return not port or await self._answers(name.split("-", maxsplit=1)[0])

        log = self._folder / "logs" / f"{name}.log"
        return Child(name=name, argv=(sys.executable, "-m", *module), env=env, log=log, ready=ready)

    async def _answers(self, name: str) -> bool:
        try:
            return (await self.http(name).get("/readyz")).status_code == 200
        except httpx2.HTTPError:
            return False

    def log(self, name: str) -> str:
        path = self._folder / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # Talking

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def http(self, name: str = DOOR) -> httpx2.AsyncClient:
        if name not in self._clients:
            headers = {"Accept-Language": "en"}
            self._clients[name] = httpx2.AsyncClient(
                base_url=self.url(name), headers=headers, timeout=15, trust_env=False, limits=NO_KEEPING
            )
        return self._clients[name]

    def token(
        self, account: str, grants: Iterable[Grants] = (), *, life: int = 900, issued: float | None = None
    ) -> str:
        at = int(issued or time.time())
        claims = {"sub": account, "iat": at, "exp": at + life, "grants": [[role.value, area] for role, area in grants]}
        return self._signer.sign(json.dumps(claims).encode())

    def staff(self, *grants: Grants, account: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(account or new_id('acc'), grants)}"}

    def phone(self, account: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(account or new_id('acc'))}"}

    def new_compound(self) -> str:
        return f"s{secrets.token_hex(4)}.c{secrets.token_hex(2)}.c01"

    def id_lookup(self, number: str) -> str:
        return keyed_hash(lookup_bytes(self._secrets["MENSHEN_LOOKUP_KEY"]), "id_number", number)

    def db(self, service: str) -> Any:
        return self._mongo[self.prefix + service]

    # Events

    async def _listen(self) -> None:
        self._connection = await aio_pika.connect_robust(self.urls.amqp)
        channel = await self._connection.channel()
        self._exchange = await declare_events(channel)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EVENTS_EXCHANGE, "#")
        await queue.consume(self._hear, no_ack=True)
        self._kept = channel, queue

    async def _hear(self, message: Any) -> None:
        try:
            _, received = decode(message.body)
        except Unreadable:
            return
        self._heard[type(received.data)].append(received)
        self._new.set()

    async def publish(self, fact: Fact, at: datetime | None = None) -> str:
        envelope = envelope_of(fact, at or datetime.now(UTC), None)
        body = envelope.model_dump_json(exclude_none=True).encode()
        await self._kept[0].ready()  # a test may have killed the broker just before
        await self._exchange.publish(aio_pika.Message(body), envelope.routing_key)
        return envelope.id

    async def publish_raw(self, body: bytes, routing_key: str) -> None:
        await self._exchange.publish(aio_pika.Message(body), routing_key)

    def events(self, kind: type[Event], subject: str | None = None) -> list[Received[Any]]:
        return [one for one in self._heard[kind] if subject in (None, one.subject)]

    async def event(
        self, kind: type[Event], subject: str | None = None, area: str | None = None, timeout: float = 10
    ) -> Received[Any]:
        async def find() -> Received[Any] | None:
            found = [one for one in self.events(kind, subject) if area in (None, one.area)]
            return found[0] if found else None

        return await self.until(find, timeout)

    async def until(self, condition: Callable[[], Awaitable[Any]], timeout: float = 10) -> Any:
        """Wait until a condition gives something true, and return that."""
        end = time.monotonic() + timeout
        while not (outcome := await condition()):
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"this did not come true within {timeout} s: {condition}")
            self._new.clear()
            try:
                await asyncio.wait_for(self._new.wait(), min(left, 0.05))
            except TimeoutError:
                continue
        return outcome
