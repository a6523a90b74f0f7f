"""The relay on a real broker and database: everything once, each aggregate in its order, whoever committed it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import pytest
from aio_pika import ExchangeType
from aio_pika.abc import AbstractQueue

from shared.clock import utc_now
from shared.contracts import Fact
from shared.contracts.gate import PassRevoked
from shared.messaging.codec import decode
from shared.messaging.outbox import Relay
from shared.messaging.publisher import close_quietly, connect
from shared.mongo import Mongo, Store
from shared.work import Work
from tests.servers import Urls

SELDOM = timedelta(seconds=60)
OFTEN = timedelta(milliseconds=20)
Told = tuple[str, int]


class Tells(Store):
    """Tells whatever a test wants."""

    def tell(self, one: Told) -> None:
        subject, sequence = one
        event = PassRevoked(holder="h", before=utc_now(), cause="test")
        self._tell([Fact(event, subject, "w.j.c01", sequence)])


class Office:
    """A service's database with an exchange of its own, and a queue that takes all that is published."""

    def __init__(self, urls: Urls) -> None:
        self._urls = urls
        self._name = f"r{secrets.token_hex(4)}_relay"
        self.mongo = Mongo(urls.mongo, self._name)
        self.work = Work(self.mongo, Tells, utc_now)

    async def open(self) -> None:
        self.connection = await connect(self._urls.amqp, self._name)
        await self.connection.connected.wait()
        channel = await self.connection.channel(on_return_raises=True)
        self.exchange = await channel.declare_exchange(self._name, ExchangeType.TOPIC, auto_delete=True)
        self.queue: AbstractQueue = await channel.declare_queue(exclusive=True)
        await self.queue.bind(self.exchange, "#")

    async def close(self) -> None:
        await close_quietly(self.connection)
        self.mongo.close()

    async def commit(self, *told: Told, work: Work[Tells] | None = None) -> None:
        async def act(_command: None, store: Tells, _now: datetime) -> None:
            for one in told:
                store.tell(one)

        await (work or self.work).run(act, None)

    async def published(self, count: int) -> list[Told]:
        """Return what is published, with whatever comes in the tenth of a second behind that."""
        found: list[Told] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                found += await self._taken()
        await asyncio.sleep(0.1)
        return found + await self._taken()

    async def _taken(self) -> list[Told]:
        found = []
        while message := await self.queue.get(no_ack=True, fail=False):
            _, event = decode(message.body)
            found.append((event.subject, event.sequence))
        return found

    async def all_marked(self) -> None:
        async with asyncio.timeout(10):
            while await self.mongo.db.outbox.find_one({"sent": False}):
                await asyncio.sleep(0.02)


Relays = Callable[[timedelta], Awaitable[None]]


@pytest.fixture
async def office(servers: Urls) -> AsyncIterator[Office]:
    one = Office(servers)
    await one.open()
    yield one
    await one.close()


@pytest.fixture
async def relayed(office: Office) -> AsyncIterator[Relays]:
    running: list[asyncio.Task[None]] = []

    async def start(sweep: timedelta) -> None:
        running.append(asyncio.create_task(Relay(office.work, office.exchange, sweep).run()))

    yield start
    for one in running:
        one.cancel()


def of(subject: str, told: Sequence[Told]) -> list[int]:
    return [sequence for name, sequence in told if name == subject]


class TestOrder:
    async def test_what_another_process_left_goes_before_what_follows_it(self, office: Office, relayed: Relays) -> None:
        """It is found although nobody said so: an aggregate's later event is never sent unlooked."""
        await relayed(SELDOM)
        await office.commit(("warm", 1))
        await office.published(1)
        another = Work(office.mongo, Tells, utc_now)

        await office.commit(("x", 1), work=another)
        await office.commit(("y", 1))
        assert await office.published(1) == [("y", 1)]
        await office.commit(("x", 2), ("z", 1))

        told = await office.published(3)
        assert of("x", told) == [1, 2]
        assert of("z", told) == [1]
        assert len(told) == 3

    async def test_what_nobody_was_told_of_is_found_in_time(self, office: Office, relayed: Relays) -> None:
        """What a process that died left goes out, while this one is busy with its own."""
        died = Work(office.mongo, Tells, utc_now)
        await relayed(timedelta(seconds=0.2))
        await office.commit(("warm", 1))
        await office.published(1)
        await office.commit(("left", 1), work=died)

        for number in range(20):
            await office.commit((f"own{number}", 1))
            await asyncio.sleep(0.02)

        told = await office.published(21)
        assert sorted(told) == sorted([("left", 1), *((f"own{number}", 1) for number in range(20))])


class TestOnce:
    async def test_what_was_found_is_not_sent_again_when_told(self, office: Office, relayed: Relays) -> None:
        """A look at the outbox may find what this process is just about to be told of."""
        await office.commit(("a", 1), ("a", 2), ("b", 5))
        await relayed(OFTEN)
        for number in range(50):
            await office.commit((f"c{number}", 1), (f"c{number}", 2), (f"c{number}", 4))

        told = await office.published(153)
        assert len(told) == 153
        assert all(of(f"c{number}", told) == [1, 2, 4] for number in range(50))
        await office.all_marked()
