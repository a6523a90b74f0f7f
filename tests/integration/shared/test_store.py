"""The stores' base on a real database: writes wait for each other, and nobody notices."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest
from pymongo import UpdateMany, UpdateOne, monitoring
from pymongo.errors import OperationFailure
from pymongo.monitoring import CommandListener, CommandStartedEvent

from shared.clock import utc_now
from shared.errors import DomainError, conflict
from shared.mongo import AlreadyThere, Document, Mongo, Store
from shared.questions import FEW, Question
from shared.work import Work
from tests.servers import Urls


class Things(Store):
    """Asks and changes whatever a test wants."""

    async def add(self, key: str, **more: object) -> None:
        await self._insert("things", {"_id": key, **more})

    async def raise_all(self, colour: str) -> None:
        await self._write("things", UpdateMany({"colour": colour}, {"$inc": {"count": 1}}))

    async def raise_one(self, key: str) -> None:
        await self._write("things", UpdateOne({"_id": key}, {"$inc": {"count": 1}}), about=(key,))

    async def one(self, key: str) -> Document | None:
        return await self._one("things", {"_id": key})

    async def coloured(self, colour: str, limit: int = 10) -> list[str]:
        return [row["_id"] for row in await self._list("things", {"colour": colour}, sort=[("_id", 1)], limit=limit)]

    async def sizes(self) -> dict[str, int]:
        stages: list[Document] = [{"$group": {"_id": "$colour", "size": {"$sum": 1}}}]
        return {row["_id"]: row["size"] for row in await self._questions.ask(Question("things", {}, stages=stages))}

    async def bad(self) -> None:
        await self._one("things", {"$nothing": 1})

    async def look(self, *keys: str) -> None:
        await self._look("things", keys)


@pytest.fixture
async def work(servers: Urls) -> AsyncIterator[Work[Things]]:
    mongo = Mongo(servers.mongo, f"w{secrets.token_hex(4)}_things")
    yield Work(mongo, Things, utc_now)
    mongo.close()


class TestWrites:
    async def test_are_seen_by_every_later_question(self, work: Work[Things]) -> None:
        """Whoever writes and then asks meets what was written, by id and otherwise, in the order of writing."""
        found: list[object] = []

        async def act(_command: None, store: Things, _now: datetime) -> None:
            await store.add("a", colour="red", count=0)
            found.append(await store.one("a"))
            await store.raise_all("red")
            found.append(await store.one("a"))
            await store.raise_one("a")
            await store.add("b", colour="blue", count=0)
            found.append(await store.one("a"))
            found.append(await store.coloured("blue"))
            found.append(await store.one("c"))
            await store.add("c", colour="blue", count=0)
            found.append(await store.coloured("blue"))

        await work.run(act, None)

        counted = [{"_id": "a", "colour": "red", "count": count} for count in range(3)]
        assert found == [*counted, ["b"], None, ["b", "c"]]

    async def test_leave_nothing_if_one_fails(self, work: Work[Things]) -> None:
        """A transaction is all or nothing, however its writes were sent."""

        async def act(_command: None, store: Things, _now: datetime) -> None:
            await store.add("a", colour="red")
            await store.coloured("red")
            await store.add("b", colour="red")
            raise conflict("no")

        with pytest.raises(Exception, match="no"):
            await work.run(act, None)

        assert await work.mongo.db.things.count_documents({}) == 0

    async def test_meet_a_unique_index_at_last(self, work: Work[Things]) -> None:
        """A second one of what may be there once is refused also among others that go with it."""
        await work.mongo.db.things.insert_one({"_id": "a"})

        async def act(_command: None, store: Things, _now: datetime) -> None:
            await store.add("b")
            await store.add("a")

        with pytest.raises(AlreadyThere):
            await work.run(act, None)

        assert await work.mongo.db.things.count_documents({}) == 1

    async def test_end_what_was_known_to_be_missing(self, work: Work[Things]) -> None:
        """What was looked for ahead and was not there is there once it is written."""
        found: list[object] = []
        await work.mongo.db.things.insert_one({"_id": "b", "count": 0})

        async def act(_command: None, store: Things, _now: datetime) -> None:
            await store.look("a", "b")
            found.extend([await store.one("a"), await store.one("b")])
            await store.add("a", count=0)
            await store.raise_one("a")
            found.append(await store.one("a"))

        await work.run(act, None)

        assert found == [None, {"_id": "b", "count": 0}, {"_id": "a", "count": 1}]


class Commands(CommandListener):
    """Hears the names of what is sent to the server."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.heard.append(event.command_name)

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...


@pytest.fixture
def commands() -> Iterator[Commands]:
    """Every command of the clients made from now on."""
    listener = Commands()
    monitoring.register(listener)
    yield listener
    monitoring._LISTENERS.command_listeners.remove(listener)


class TestQuestions:
    async def test_asked_at_once_go_as_one_and_meet_what_was_written(
        self, commands: Commands, work: Work[Things]
    ) -> None:
        """Each has its own answer, in its own order, whoever asked beside it."""

        async def act(_command: None, store: Things, _now: datetime) -> list[object]:
            for key, colour in (("a", "red"), ("b", "blue"), ("c", "red")):
                await store.add(key, colour=colour)
            await store.one("a")
            await store.add("d", colour="red")
            commands.heard.clear()
            return await asyncio.gather(
                store.coloured("red"), store.one("b"), store.one("z"), store.sizes(), store.coloured("red", 2)
            )

        red, one, missing, sizes, most = await work.run(act, None)
        assert red == ["a", "c", "d"]
        assert one == {"_id": "b", "colour": "blue"}
        assert missing is None
        assert sizes == {"red": 3, "blue": 1}
        assert most == ["a", "c"]
        assert commands.heard == ["insert", "aggregate", "commitTransaction"]

    async def test_with_many_answers_go_alone(self, commands: Commands, work: Work[Things]) -> None:
        """What would not fit into one answer does not hold the others up either."""

        async def act(_command: None, store: Things, _now: datetime) -> list[object]:
            await store.add("a", colour="red")
            return await asyncio.gather(store.coloured("red", FEW + 1), store.one("a"), store.coloured("blue"))

        assert await work.run(act, None) == [["a"], {"_id": "a", "colour": "red"}, []]
        assert commands.heard[-4:] == ["insert", "aggregate", "find", "commitTransaction"]

    async def test_that_fail_leave_nobody_waiting(self, work: Work[Things]) -> None:
        """One bad question ends the transaction; those beside it do not go on in the one that comes after it."""
        outcomes: list[list[object]] = []

        async def act(_command: None, store: Things, _now: datetime) -> None:
            await store.add("a", colour="red")
            asked = (store.bad(), store.one("a"), store.coloured("red", FEW + 1))
            outcomes.append(await asyncio.gather(*asked, return_exceptions=True))
            raise conflict("already_decided")

        with pytest.raises(DomainError):
            await work.run(act, None)
        assert [[type(one) for one in every] for every in outcomes] == [[OperationFailure] * 3]
        assert await work.view(lambda store: store.one("a")) is None


class TestTogether:
    async def test_a_no_after_a_change_undoes_only_its_own(self, work: Work[Things]) -> None:
        """A command that stored something and then broke a rule leaves nothing, and the others of its group stay."""

        async def act(key: str, store: Things, _now: datetime) -> str:
            await store.add(key)
            if key == "bad":
                raise conflict("no")
            return key

        async def ask(key: str) -> str:
            try:
                return await work.run_together(act, key, Things)
            except Exception as error:  # noqa: BLE001
                return str(error)

        answers = await asyncio.gather(*(ask(key) for key in ("a", "bad", "b")))
        stored = {row["_id"] async for row in work.mongo.db.things.find()}

        assert answers == ["a", "no", "b"]
        assert stored == {"a", "b"}


class TestConflicts:
    async def test_that_show_at_the_commit_are_tried_again(self, work: Work[Things]) -> None:
        """Transactions that make the same collection meet at its end; each gets through all the same."""

        async def act(key: str, store: Things, _now: datetime) -> None:
            await store.add(key)

        await asyncio.gather(*(work.run(act, f"a{number}") for number in range(30)))

        assert await work.mongo.db.things.count_documents({}) == 30
