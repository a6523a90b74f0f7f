"""The unit of work: runs handlers in transactions, and stores with each change the events that tell of it.

A handler is `async def handler(command, store, now)`: it asks the store, decides, and stores. It may be run again when
the database asks for it, so it does nothing else.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import IndexModel

from shared.clock import Clock
from shared.contracts import Envelope, Event, Received
from shared.errors import DomainError, Kind
from shared.faults import crash_point
from shared.group_commit import GroupCommit, Traced
from shared.messaging.codec import envelope_of
from shared.mongo import AlreadyThere, Document, Mongo, Store
from shared.tracing import traceparent

C = TypeVar("C")
R = TypeVar("R")
S = TypeVar("S", bound=Store)

Ahead = Callable[[Sequence[Received[Any]], S], Awaitable[None]]

OUTBOX, INBOX, ANSWERS = "outbox", "inbox", "idempotency"
MOST_TOLD = 1000
"""Rows that wait for the relay in memory; they are all in the outbox too."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    OUTBOX: [
        IndexModel([("sent", 1), ("_id", 1)], name="unsent", partialFilterExpression={"sent": False}),
        IndexModel("sent_at", name="sent_ttl", expireAfterSeconds=int(timedelta(days=14).total_seconds())),
    ],
    # An offline gate replays late: ids are remembered longer than any of its batches may be old.
    INBOX: [IndexModel("at", name="at_ttl", expireAfterSeconds=int(timedelta(days=15).total_seconds()))],
    ANSWERS: [IndexModel("at", name="at_ttl", expireAfterSeconds=int(timedelta(days=1).total_seconds()))],
}
"""What every service's database has besides its own collections."""


@dataclass(frozen=True)
class Delivery(Generic[S]):
    """An event on its way into a handler, from a queue."""

    queue: str
    event: Received[Event]
    handler: Callable[[Received[Any], S, datetime], Awaitable[None]]
    trace: str | None = None

    @property
    def key(self) -> str:
        """What makes this delivery the same one when it comes again."""
        return f"{self.queue}/{self.event.id}"


@dataclass(frozen=True)
class OnceKey:
    """A client's Idempotency-Key: within one account and route, one body, one answer."""

    account: str
    route: str
    key: str
    body: bytes

    @property
    def id(self) -> str:
        """The key under which the answer is kept."""
        return hashlib.sha256(f"{self.account}\x1f{self.route}\x1f{self.key}".encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What tells another body from this one without keeping it."""
        return hashlib.sha256(self.id.encode() + self.body).hexdigest()


class Told:
    """What this process committed to its outbox since the relay last took it, so that it need not be looked for."""

    def __init__(self) -> None:
        self._rows: list[Document] = []
        self._some = asyncio.Event()

    def add(self, rows: Sequence[Document]) -> None:
        """Hand the rows of a commit to the relay; those that it is too far behind for are looked for one day."""
        if len(self._rows) < MOST_TOLD:
            self._rows.extend(rows)
        self._some.set()

    async def take(self, seconds: float) -> list[Document]:
        """Return what was added, at once or within these seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._some.wait(), seconds)
        self._some.clear()
        rows, self._rows = self._rows, []
        return rows


class Work(Generic[S]):
    """One service's unit of work. Safe to use from many tasks at once: each run has its own transaction."""

    def __init__(self, mongo: Mongo, store: type[S], clock: Clock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.told = Told()
        """What commits left in the outbox; the relay waits for it."""
        self.grown: Callable[[Iterable[str]], None] = lambda _names: None
        """Is called after a commit with the names of what it made grow, as its store noted them."""
        self._store = store
        self._running: set[str] = set()
        self._groups: dict[Any, GroupCommit[Any, Any]] = {}

    async def run(self, handler: Callable[[C, S, datetime], Awaitable[R]], command: C) -> R:
        """Run one handler in a transaction and return what it returns, after the commit.

        When a unique index refuses, somebody else was faster; the handler runs again and meets what they left.
        """

        async def act(store: S, now: datetime) -> R:
            return await handler(command, store, now)

        try:
            return await self._commit(act, "api")
        except AlreadyThere:
            return await self._commit(act, "api")

    async def run_together(self, handler: Callable[[C, S, datetime], Awaitable[R]], command: C, book: type[S]) -> R:
        """Run one handler as `run` does, in one transaction with the commands for it that came meanwhile.

        They run in their order, each meets what those before it did, and what they ask is read ahead by the book.
        """
        group = self._groups.get(handler)
        if group is None:

            async def commit(commands: Sequence[Traced[Any]]) -> list[Any]:
                return await self._run_group(commands, handler, book)

            group = self._groups[handler] = GroupCommit(commit)
        answer: R = await group.run(command)
        return answer

    async def view(self, query: Callable[[S], Awaitable[R]]) -> R:
        """Answer a question from committed data, without a transaction."""
        return await self.mongo.outside(query(self._store(self.mongo.db, None)))

    async def run_once(
        self,
        key: OnceKey,
        handler: Callable[[C, S, datetime], Awaitable[R]],
        command: C,
        render: Callable[[R], Document],
    ) -> Document:
        """Run a handler unless this key has an answer already; the answer is stored with the effect.

        Raises conflict `idempotency_key_reused` for another body, `request_in_progress` while the first still runs.
        """
        if key.id in self._running:
            raise DomainError(Kind.CONFLICT, "request_in_progress", retry_after=1)

        async def act(store: S, now: datetime) -> Document:
            # The marker goes first, so that a second request fails before it does anything.
            await store._insert(ANSWERS, {"_id": key.id, "fingerprint": key.fingerprint, "at": now})
            await store.flush()
            answer = render(await handler(command, store, now))
            await store._change(ANSWERS, {"_id": key.id}, {"$set": {"answer": answer}})
            return answer

        self._running.add(key.id)
        try:
            return await self._commit(act, "api")
        except AlreadyThere:
            # Raised by the marker's index or by one of the handler's own; only the marker has an answer to give.
            kept = await self.mongo.outside(self.mongo.db[ANSWERS].find_one({"_id": key.id}))
            if kept is None:
                raise
            if kept["fingerprint"] != key.fingerprint:
                raise DomainError(Kind.CONFLICT, "idempotency_key_reused") from None
            answer: Document = kept["answer"]
            return answer
        finally:
            self._running.discard(key.id)

    async def deliver(self, batch: Sequence[Delivery[S]], ahead: Ahead[S] | None = None) -> None:
        """Run the handlers of several deliveries in one transaction; those seen before are left out.

        `ahead` learns beforehand what the handlers will ask. Which were seen before is asked only if one was.

        The inbox rows are written in the same transaction, so a delivery takes effect once however often it comes.
        """

        async def act(store: S, now: datetime) -> None:
            fresh = {one.key: one for one in batch if one.key not in seen}
            if ahead:
                await ahead([one.event for one in fresh.values()], store)
            for one in fresh.values():
                await store._insert(INBOX, {"_id": one.key, "at": now})
                traceparent.set(one.trace)
                await one.handler(one.event, store, now)

        seen: set[str] = set()
        try:
            await self._commit(act, "consumer")
        except AlreadyThere:
            query: Document = {"_id": {"$in": [one.key for one in batch]}}
            seen |= set(await self.mongo.outside(self.mongo.db[INBOX].distinct("_id", query)))
            if not seen:
                raise
            await self._commit(act, "consumer")

    async def _run_group(
        self, group: Sequence[Traced[C]], handler: Callable[[C, S, datetime], Awaitable[R]], book: type[S]
    ) -> list[R | DomainError]:
        # Each has an instant of its own: which of two came later is often asked.
        instants = [self.clock() for _ in group]

        async def act(store: S, _now: datetime) -> list[R | DomainError]:
            await store.read_ahead([one.command for one in group])
            return [await answered(one, store, now) for one, now in zip(group, instants, strict=True)]

        async def answered(one: Traced[C], store: S, now: datetime) -> R | DomainError:
            traceparent.set(one.trace)
            before = store.changes
            try:
                return await handler(one.command, store, now)
            except DomainError as error:
                # A rule's no is that command's own answer, unless it had changed something: then none of it may stay.
                if store.changes != before:
                    raise
                return error

        try:
            return await self._commit(act, "api", book)
        except AlreadyThere:
            return await self._commit(act, "api", book)

    async def _commit(self, act: Callable[[S, datetime], Awaitable[R]], where: str, kind: type[S] | None = None) -> R:
        now = self.clock()
        crash_point(f"{where}.before_txn")

        async def attempt(session: AsyncIOMotorClientSession) -> tuple[R, S, list[Document]]:
            store = (kind or self._store)(self.mongo.db, session)
            result = await act(store, now)
            await store.flush()
            rows = [_outbox_row(envelope_of(fact, now, trace)) for fact, trace in store.facts]
            if rows:
                await self.mongo.db[OUTBOX].insert_many(rows, session=session)
            crash_point(f"{where}.in_txn")
            return result, store, rows

        result, store, rows = await self.mongo.transaction(attempt)
        crash_point(f"{where}.after_commit")
        if store.grown:
            self.grown(store.grown)
        if rows:
            self.told.add(rows)
        return result


def _outbox_row(envelope: Envelope) -> Document:
    return {
        "_id": envelope.id,
        "sent": False,
        "subject": envelope.subject,
        "sequence": envelope.sequence,
        "type": envelope.type,
        "key": envelope.routing_key,
        "body": envelope.model_dump_json(exclude_none=True).encode(),
    }
