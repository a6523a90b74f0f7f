"""MongoDB, and the only place besides the stores that knows its driver.

`Mongo` is one service's database; `Store` the base of each service's store: its collections within one transaction,
and the events that go with the change. Writes that nobody waits for go to the server together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from cattrs.preconf.bson import make_converter
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorDatabase
from pymongo import DeleteOne, IndexModel, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
)

from shared.contracts import Fact
from shared.errors import Transient
from shared.questions import Document as Document
from shared.questions import Question, Questions
from shared.tracing import traceparent
from shared.transactions import TRANSACTION_SECONDS, run_transaction

Write = InsertOne[Document] | ReplaceOne[Document] | UpdateOne | UpdateMany | DeleteOne
T = TypeVar("T")

DUPLICATE_KEY = 11000

_converter = make_converter()
_converter.register_unstructure_hook(datetime, lambda value: value)
_converter.register_structure_hook(datetime, lambda value, _type: value)


def to_document(entity: Any, key: str = "id") -> Document:
    """Turn a dataclass into a document whose `_id` is the field named by `key`."""
    document: Document = _converter.unstructure(entity)
    document["_id"] = document.pop(key)
    return document


def from_document(kind: type[T], document: Mapping[str, Any], key: str = "id") -> T:
    """Turn a document back into the dataclass it was made from."""
    return _converter.structure({**document, key: document["_id"]}, kind)


class AlreadyThere(Exception):
    """A unique index refused a second document. Left to escape the transaction, which it has aborted."""


class StorageUnavailable(Transient):
    """MongoDB did not answer in time."""


@contextmanager
def _driver_errors() -> Any:
    """Translate the driver's errors, so that nobody else needs to import it."""
    try:
        yield
    except DuplicateKeyError as error:
        raise AlreadyThere from error
    except (ConnectionFailure, ExecutionTimeout, TimeoutError) as error:
        raise StorageUnavailable(type(error).__name__) from error
    except OperationFailure as error:
        if isinstance(error, BulkWriteError) and any(
            fault["code"] == DUPLICATE_KEY for fault in error.details["writeErrors"]
        ):
            raise AlreadyThere from error
        if error.has_error_label("TransientTransactionError"):
            raise StorageUnavailable(type(error).__name__) from error
        raise


class Mongo:
    """One service's database, with majority writes and reads, and timeouts that an HTTP caller can live with."""

    def __init__(self, url: str, database: str) -> None:
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            tz_aware=True,
            serverSelectionTimeoutMS=3000,
            connectTimeoutMS=3000,
            socketTimeoutMS=20000,
            w="majority",
            journal=True,
            readConcernLevel="majority",
        )
        self.db: AsyncIOMotorDatabase[Document] = self._client[database]

    async def transaction(self, work: Callable[[AsyncIOMotorClientSession], Awaitable[T]]) -> T:
        """Run `work` in a transaction, again if the server asks for it; all of it is stored, or nothing.

        Raises AlreadyThere when a unique index refuses, StorageUnavailable when the outcome could not be learned.
        """
        with _driver_errors():
            return await run_transaction(self._client, work)

    async def outside(self, work: Awaitable[T]) -> T:
        """Await reads or single writes that need no transaction, within the same time and with the same errors."""
        with _driver_errors():
            async with asyncio.timeout(TRANSACTION_SECONDS):
                return await work

    async def ping(self) -> None:
        """Raise StorageUnavailable unless the primary answers."""
        await self.outside(self.db.command("ping"))

    async def require_replica_set(self) -> None:
        """Refuse a standalone server: transactions would fail at the first write, not at the start."""
        hello = await self.outside(self._client.admin.command("hello"))
        if "setName" not in hello:
            raise RuntimeError("MongoDB runs as a standalone; Menshen needs a replica set (one node is enough)")

    async def ensure_indexes(self, indexes: Mapping[str, Sequence[IndexModel]]) -> None:
        """Create what is missing; a collection without indexes too, for a transaction that makes one bars others.

        An index that is there already costs one round trip.
        """
        there = set(await self.db.list_collection_names())
        for collection, models in indexes.items():
            if collection not in there:
                await self.db.create_collection(collection)
            if models:
                await self.db[collection].create_indexes(list(models))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


@dataclass
class _Waiting:
    """Writes to one collection that wait to go together, and the ids that they are about; `anything` if unknown."""

    writes: list[Write] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    anything: bool = False

    def concerns(self, query: Document) -> bool:
        """Tell whether an answer to this query might differ once these are written."""
        wanted = query.get("_id")
        if self.anything or not isinstance(wanted, (str, dict)):
            return True
        if isinstance(wanted, str):
            return wanted in self.ids
        return set(wanted) != {"$in"} or not self.ids.isdisjoint(wanted["$in"])


class Store:
    """A service's collections in one transaction. Subclasses add one method per question and per change.

    A change takes the events that tell of it; they are stored in the same transaction (outbox). A change without an
    answer waits for others of its collection, and goes before the next question that it may concern, at the latest with
    the commit; questions asked at the same time (`asyncio.gather`) go together. A transaction of a hundred changes is
    some round trips, and reads what it wrote all the same.
    """

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {}

    def __init__(self, db: AsyncIOMotorDatabase[Document], session: AsyncIOMotorClientSession | None) -> None:
        self._db = db
        self._session = session
        self._questions = Questions(db, session, self._settle)
        self._waiting: dict[str, _Waiting] = {}
        self._missing: set[tuple[str, str]] = set()
        self.facts: list[tuple[Fact, str | None]] = []
        """What is to be told, each with the trace that it belongs to."""
        self.changes = 0
        """How many changes and facts this store was given."""
        self.grown: set[str] = set()
        """Names of what this transaction makes grow, for those of this process who wait for it."""

    async def read_ahead(self, commands: Sequence[Any]) -> None:
        """Learn at once what a group of commands will ask. A store that does not is asked by each."""

    async def flush(self, *collections: str) -> None:
        """Send what waits, of all collections or of these."""
        for collection in collections or tuple(self._waiting):
            if waiting := self._waiting.pop(collection, None):
                await self._db[collection].bulk_write(waiting.writes, session=self._session)

    def _tell(self, facts: Iterable[Fact]) -> None:
        trace = traceparent.get()
        self.facts.extend((fact, trace) for fact in facts)
        self.changes += 1

    async def _one(self, collection: str, query: Document, **options: Any) -> Document | None:
        key = query.get("_id")
        if isinstance(key, str) and (collection, key) in self._missing:
            return None
        found = await self._questions.ask(Question(collection, query, limit=1, **options))
        return found[0] if found else None

    async def _look(self, collection: str, ids: Sequence[str]) -> None:
        """Ask at once which documents there are; for those missing `_one` needs not ask until they are written."""
        query: Document = {"_id": {"$in": list(ids)}}
        rows = await self._list(collection, query, sort=[("_id", 1)], limit=len(ids) or 1, projection={"_id": 1})
        there = {row["_id"] for row in rows}
        self._missing |= {(collection, one) for one in ids if one not in there}

    async def _list(
        self, collection: str, query: Document, *, sort: list[tuple[str, int]], limit: int, **options: Any
    ) -> list[Document]:
        return await self._questions.ask(Question(collection, query, sort, limit, **options))

    async def _write(self, collection: str, *writes: Write, about: Iterable[str] = ()) -> None:
        """Store without asking for an answer; `about` are the documents' ids, if they are known."""
        waiting = self._waiting.setdefault(collection, _Waiting())
        waiting.writes += writes
        ids = set(about)
        waiting.ids |= ids
        self._missing -= {(collection, one) for one in ids}
        waiting.anything = waiting.anything or not ids
        self.changes += len(writes)
        if self._session is None:
            await self.flush(collection)

    async def _insert(self, collection: str, document: Document) -> None:
        await self._write(collection, InsertOne(document), about=[document["_id"]] if "_id" in document else ())

    async def _put(self, collection: str, document: Document) -> None:
        """Store the whole document, new or not."""
        key = document["_id"]
        await self._write(collection, ReplaceOne({"_id": key}, document, upsert=True), about=(key,))

    async def _change(self, collection: str, query: Document, change: Document, **options: Any) -> Document | None:
        """Change one document atomically and return it as it is then; None if none fits the query."""
        await self._settle(collection, query)
        self._missing.clear()
        self.changes += 1
        changed: Document | None = await self._db[collection].find_one_and_update(
            query, change, return_document=True, session=self._session, **options
        )
        return changed

    async def _put_newer(self, collection: str, document: Document) -> bool:
        """Store a projection unless a later version of it is there; `sequence` tells. False if it was late."""
        there = await self._one(collection, {"_id": document["_id"]}, projection={"sequence": 1})
        if there and there["sequence"] >= document["sequence"]:
            return False
        await self._put(collection, document)
        return True

    async def _settle(self, collection: str, query: Document) -> None:
        """Send what waits if this query might not see it otherwise."""
        if (waiting := self._waiting.get(collection)) and waiting.concerns(query):
            await self.flush(collection)


def beneath(area: str, field: str = "area") -> Document:
    """Query for an area and everything under it, by an index on the field."""
    return {"$or": [{field: area}, {field: {"$gte": area + ".", "$lt": area + "/"}}]}
