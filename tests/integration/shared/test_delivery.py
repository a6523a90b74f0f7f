"""The delivery layer on a real broker and database, with handlers that fail as they are told to."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from menshen.cli import app
from shared.clock import utc_now
from shared.contracts import Fact, Received
from shared.contracts.gate import PassRevoked
from shared.errors import Transient, conflict
from shared.messaging.codec import envelope_of
from shared.messaging.consumer import Consumer, waiting_rooms
from shared.messaging.publisher import close_quietly, connect, publish
from shared.messaging.topology import Subscription, declare_events
from shared.mongo import Mongo, StorageUnavailable, Store
from shared.work import Work
from tests.servers import Urls

DELAYS = (0.05, 0.1, 0.15, 0.2)


class Fails:
    """What the handler does with an event is written in its `cause`: how often it fails first, and how."""

    KINDS: ClassVar[dict[str, Callable[[], Exception]]] = {
        "rule": lambda: conflict("exit_already_used"),
        "away": Transient,
        "bug": ValueError,
    }

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.sizes: Counter[Store] = Counter()
        """How many events each transaction has met."""

    async def handle(self, received: Received[PassRevoked], store: Store, _now: datetime) -> None:
        kind, _, times = received.data.cause.partition(" ")
        self.tries[received.subject] += 1
        self.sizes[store] += 1
        if kind == "crowd" and self.sizes[store] > int(times):
            raise StorageUnavailable
        await store._insert("effects", {"subject": received.subject})
        if kind in self.KINDS and self.tries[received.subject] <= int(times):
            failure = self.KINDS[kind]()
            raise failure


class Line:
    """A queue with one consumer on it."""

    def __init__(self, urls: Urls) -> None:
        self.urls = urls
        self.prefix = f"d{secrets.token_hex(4)}_"
        self.queue = f"{self.prefix}line.pass_revoked"
        self.mongo = Mongo(urls.mongo, self.prefix + "line")
        self.fails = Fails()

    async def open(self) -> None:
        self.work = Work(self.mongo, Store, utc_now)
        self.connections = [await connect(self.urls.amqp, end) for end in ("out", "in")]
        for connection in self.connections:
            await connection.connected.wait()
        self.channel = await self.connections[0].channel(on_return_raises=True)
        self.exchange = await declare_events(self.channel)
        subscription = Subscription(self.queue, PassRevoked, self.fails.handle)
        self.consumer = Consumer(subscription, self.work, await waiting_rooms(self.connections[0], DELAYS))
        await self.consumer.start(self.connections[1])
        self.run()

    def run(self) -> None:
        self.running = asyncio.create_task(self.consumer.run())

    async def close(self) -> None:
        await self.consumer.stop()
        self.running.cancel()
        await self.channel.queue_delete(self.queue)
        for connection in self.connections:
            await close_quietly(connection)
        self.mongo.close()

    async def send(self, subject: str, cause: str) -> None:
        fact = Fact(PassRevoked(holder="h", before=utc_now(), cause=cause), subject, "w.j.c01", 1)
        envelope = envelope_of(fact, utc_now(), None)
        await publish(self.channel.default_exchange, self.queue, envelope.model_dump_json().encode(), {})

    async def effects(self, subject: str) -> int:
        return await self.mongo.db.effects.count_documents({"subject": subject})

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not await condition():
                await asyncio.sleep(0.02)


@pytest.fixture
async def line(servers: Urls) -> AsyncIterator[Line]:
    one = Line(servers)
    await one.open()
    yield one
    await one.close()


class TestRetries:
    async def test_a_rule_that_says_no_parks_at_once(self, line: Line) -> None:
        """Trying again changes nothing; the rule's code is the reason."""
        await line.send("p1", "rule 99")
        await line.until(line.mongo.db.parked.find_one)

        row = await line.mongo.db.parked.find_one()
        assert (row["reason"], row["attempts"]) == ("exit_already_used", 1)
        assert await line.effects("p1") == 0

    async def test_what_is_away_for_a_while_is_tried_again(self, line: Line) -> None:
        """Each try starts afresh: the effect is there once, however often the first ones failed."""
        await line.send("p2", "away 4")
        await line.until(lambda: line.effects("p2"))

        assert line.fails.tries["p2"] >= 5
        assert await line.effects("p2") == 1
        assert await line.mongo.db.parked.count_documents({}) == 0

    async def test_a_fault_nobody_foresaw_gets_few_tries(self, line: Line) -> None:
        """Then it waits for a person, with the class of the fault and nothing of what was in it."""
        await line.send("p3", "bug 99")
        await line.until(line.mongo.db.parked.find_one)

        row = await line.mongo.db.parked.find_one()
        assert (row["reason"], row["error"], row["attempts"]) == ("tries_exhausted", "ValueError", 3)

    async def test_one_poison_among_many_takes_no_other(self, line: Line) -> None:
        """They share a transaction until one fails; then each has its own."""
        for number in range(50):
            await line.send(f"q{number}", "bug 99" if number == 25 else "fine")
        await line.until(line.mongo.db.parked.find_one)

        async def all_done() -> bool:
            return await line.mongo.db.effects.count_documents({}) == 49

        await line.until(all_done)
        assert await line.effects("q25") == 0

    async def test_what_is_too_much_at_once_is_done_in_parts(self, line: Line) -> None:
        """A batch that no database gets through in time would otherwise be tried for ever."""
        line.running.cancel()
        for number in range(40):
            await line.send(f"r{number}", "crowd 12")
        async with asyncio.timeout(10):
            while line.consumer._waiting.qsize() < 40:
                await asyncio.sleep(0.02)
        line.run()

        async def all_done() -> bool:
            return await line.mongo.db.effects.count_documents({}) == 40

        await line.until(all_done)
        assert sorted(line.fails.sizes.values()) == [10, 10, 10, 10, 13, 13, 13]
        assert await line.mongo.db.parked.count_documents({}) == 0


class TestParked:
    async def test_is_listed_shown_retried_and_dropped(self, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
        """A person decides, from the command line."""
        monkeypatch.setenv("MONGO_URL", line.urls.mongo)
        monkeypatch.setenv("AMQP_URL", line.urls.amqp)
        monkeypatch.setenv("MENSHEN_DB_PREFIX", line.prefix)
        await line.send("p4", "rule 2")  # in its batch, and alone
        await line.until(line.mongo.db.parked.find_one)
        key = (await line.mongo.db.parked.find_one())["_id"]

        async def menshen(*words: str) -> Any:
            return await asyncio.to_thread(CliRunner().invoke, app, ["parked", *words])

        listed, shown = await menshen("list", "line"), await menshen("show", "line", key)
        retried = await menshen("retry", "line", key)
        await line.until(lambda: line.effects("p4"))
        gone = await menshen("drop", "line", key)

        assert "exit_already_used" in listed.output
        assert '"subject":"p4"' in shown.output
        assert retried.exit_code == 0
        assert gone.exit_code == 1
