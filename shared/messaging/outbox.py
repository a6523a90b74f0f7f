"""The relay: publishes what the outbox holds, in order for each aggregate, and marks it sent.

A crash between publishing and marking publishes again; the readers' inbox makes that harmless. With several processes
of one service, a lease lets one of them publish at a time, which keeps the order.
"""

import asyncio
import math
import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import stamina
import structlog
from aio_pika.abc import AbstractExchange

from shared import metrics
from shared.errors import Transient
from shared.faults import crash_point
from shared.messaging.publisher import publish
from shared.mongo import AlreadyThere, Document, Mongo
from shared.work import OUTBOX, Work

LEASES = "leases"
LEASE = timedelta(seconds=5)
RENEWED_AFTER = timedelta(seconds=1)
BELIEVED = timedelta(seconds=2.5)
"""A lease is believed for so long after its renewal. Looks that nobody waits for renew it earlier."""
BATCH = 200

log = structlog.get_logger()


class Relay:
    """Publishes one service's outbox until cancelled. `exchange` comes from a channel of a connection of its own."""

    def __init__(self, work: Work[Any], exchange: AbstractExchange, sweep: timedelta) -> None:
        self._work = work
        self._mongo: Mongo = work.mongo
        self._exchange = exchange
        self._sweep = sweep.total_seconds()
        self._me = secrets.token_hex(8)
        self._renewed = datetime.min.replace(tzinfo=UTC)
        self._looked = -math.inf
        self._sent: list[str] = []
        """Published and not marked yet: that has time until the next look at what is to be sent."""
        self._found: set[str] = set()
        """What the last look found and sent: this process is still to be told of some of it."""

    async def run(self) -> None:
        """Publish for ever; an absent broker or database is waited for, with growing pauses."""
        while True:
            told = await self._work.told.take(self._sweep)
            async for attempt in stamina.retry_context(
                on=Transient, attempts=None, timeout=None, wait_initial=0.1, wait_max=2.0
            ):
                with attempt:
                    # What could not be sent is looked for: some of it may have been.
                    at_hand, told = told, []
                    await self._publish(at_hand)
            metrics.relay_heartbeat.set_to_current_time()

    async def _publish(self, told: Sequence[Document]) -> None:
        """Publish what was just committed here; and at times, or if the order asks for more, all that waits."""
        if not await self._leased(BELIEVED):
            return
        rows = [row for row in told if row["_id"] not in self._found]
        first = _first_ones(rows)
        try:
            if first:
                await self._send(first)
            if len(first) < len(rows) or time.monotonic() >= self._looked + self._sweep:
                await self._drain()
        except Transient:
            self._looked = -math.inf
            raise

    async def _drain(self) -> None:
        """Publish what is found in the outbox: of this process, of others, of those that died."""
        self._looked = time.monotonic()
        self._found.clear()
        while await self._leased(RENEWED_AFTER):
            await self._mark()
            rows = await self._unsent()
            if not rows:
                return
            await self._send(rows)
            self._found.update(row["_id"] for row in rows)
            if len(rows) < BATCH:
                return  # what was committed since has woken the relay again

    async def _leased(self, believed: timedelta) -> bool:
        now = self._work.clock()
        if self._renewed <= now < self._renewed + believed:
            return True
        claim = self._mongo.db[LEASES].find_one_and_update(
            {"_id": "relay", "$or": [{"holder": self._me}, {"until": {"$lt": now}}]},
            {"$set": {"holder": self._me, "until": now + LEASE}},
            upsert=True,
        )
        try:
            await self._mongo.outside(claim)
        except AlreadyThere:
            return False
        self._renewed = now
        return True

    async def _unsent(self) -> list[Document]:
        cursor = self._mongo.db[OUTBOX].find({"sent": False}, sort=[("_id", 1)], limit=BATCH)
        rows: list[Document] = await self._mongo.outside(cursor.to_list(None))
        return rows

    async def _send(self, rows: list[Document]) -> None:
        aggregates: dict[str, list[Document]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row["sequence"]):
            aggregates[row["subject"]].append(row)
        crash_point("relay.before_publish")
        outcomes = await asyncio.gather(
            *(self._send_in_order(group) for group in aggregates.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_in_order(self, rows: list[Document]) -> None:
        for row in rows:
            publishing = asyncio.ensure_future(
                publish(self._exchange, row["key"], row["body"], {"event_id": row["_id"]})
            )
            await asyncio.sleep(0)  # lets the frame leave, so that the crash point lies between it and its confirm
            crash_point("relay.before_confirm")
            await publishing
            self._sent.append(row["_id"])
            metrics.events_published.inc()

    async def _mark(self) -> None:
        if not self._sent:
            return
        crash_point("relay.before_mark")
        sent = {"$set": {"sent": True, "sent_at": self._work.clock()}}
        await self._mongo.outside(self._mongo.db[OUTBOX].update_many({"_id": {"$in": self._sent}}, sent))
        self._sent.clear()

    async def release(self) -> None:
        """Give the lease back at a graceful stop, so that another process goes on at once."""
        with suppress(Transient):
            await self._mark()
            await self._mongo.outside(self._mongo.db[LEASES].delete_one({"_id": "relay", "holder": self._me}))


def _first_ones(told: Sequence[Document]) -> list[Document]:
    """Choose what may go without a look at the outbox: aggregates from their first event on, with no gap.

    Before any other event one of its aggregate may wait that another process committed, or this one when it could not
    publish.
    """
    reached: dict[str, int] = defaultdict(int)
    first = []
    for row in told:
        if row["sequence"] == reached[row["subject"]] + 1:
            reached[row["subject"]] += 1
            first.append(row)
    return first
