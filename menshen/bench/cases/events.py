"""The event path: outbox, relay, quorum queue, inbox and effect, against its floor and against its peers."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
import stamina
import stamina.instrumentation

from menshen.bench import meter
from menshen.bench.floors.events import KEY, bodies
from menshen.bench.stage import Stage
from menshen.bench.table import Row, compared
from menshen.supervisor import CannotStart
from shared.security.jwks import KEYS

COUNTS = {"menshen": 10_000, "raw": 10_000, "faststream": 3000, "faststream_one": 1000}
"""Events of one round of each way: some seconds."""
MODULE = "menshen.bench.floors.events"
LIMIT_SECONDS = 120


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Drain the same events in each way, in turn; what is counted are rows of the feed a second."""
    stamina.instrumentation.set_on_retry_hooks([])  # a look again is no news
    path = _Path(stage)
    await path.prepare()
    for way, count in COUNTS.items():
        await path.drain(way, count // 4)  # warm
    rates: dict[str, list[float]] = {way: [] for way in COUNTS}
    for _ in range(stage.rounds):
        for way, count in COUNTS.items():
            rates[way].append(await path.drain(way, count))
    for row, way in (
        ("event_path_vs_raw", "raw"),
        ("event_path_vs_faststream", "faststream_one"),
        ("event_path_vs_faststream_many", "faststream"),
    ):
        pairs = list(zip(rates["menshen"], rates[way], strict=True))
        yield compared(row, "events/s", pairs, cpu_us=path.cpu["menshen"], floor_cpu_us=path.cpu[way])


class _Path:
    """Two processes, one at each end of a queue."""

    def __init__(self, stage: Stage) -> None:
        self.cpu: dict[str, dict[str, int]] = {}
        self._stage = stage
        where = stage.district.addresses
        self._env = {**os.environ, "MONGO_URL": where.mongo, "AMQP_URL": where.amqp, "MENSHEN_DB_PREFIX": "menshen_"}

    async def prepare(self) -> None:
        """Make indexes and queues, and the keys of a sign-in that nobody needs: a service is ready only with them."""
        for end in ("source", "sink"):
            jwks = self._stage.keys.tokens.public_set()
            await self._stage.db(end)[KEYS].insert_one({"_id": "identity", "jwks": jwks})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", MODULE, "migrate", "menshen", "0", env=self._env
        )
        if await process.wait():
            raise CannotStart("the indexes and queues of the event path could not be made")

    async def drain(self, way: str, count: int) -> float:
        """Send so many events through and return how many a second arrived."""
        feed = self._stage.db("sink").feed
        for collection in ("feed", "inbox"):
            await self._stage.db("sink")[collection].delete_many({})
        await self._stage.db("source").outbox.delete_many({})
        if way == "menshen":
            await self._fill(count)
        async with self._end("sink", way, count) as (taking, _):
            source = "menshen" if way == "menshen" else "raw"
            async with self._end("source", source, count) as (sending, began):
                pids = {**self._stage.servers, "source": sending, "sink": taking}
                before = meter.read(pids)
                ended = await _until(feed, count)
                self.cpu[way] = meter.read(pids).since(before, count)
        await self._stage.settle()
        return count / (ended - began)

    async def _fill(self, count: int) -> None:
        """Put events into the outbox, as a service's transactions would leave them there."""
        rows: list[dict[str, Any]] = []
        for body in await asyncio.to_thread(bodies, count):
            said = json.loads(body)
            row = {"_id": said["id"], "sent": False, "subject": said["subject"], "sequence": 1, "type": said["type"]}
            rows.append({**row, "key": KEY, "body": body})
        await self._stage.db("source").outbox.insert_many(rows)

    @asynccontextmanager
    async def _end(self, end: str, way: str, count: int) -> AsyncIterator[tuple[int, float]]:
        """Run one end; yields its process id and when it began."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", MODULE, end, way, str(count), env=self._env, stdout=asyncio.subprocess.PIPE
        )
        try:
            said = await asyncio.wait_for(process.stdout.readline(), 60) if process.stdout else b""
            if not said:
                raise CannotStart(f"the {end} of {way} did not begin")
            yield process.pid, json.loads(said)["at"]
        finally:
            psutil.Process(process.pid).kill()
            await process.wait()


async def _until(feed: Any, count: int) -> float:
    async for attempt in stamina.retry_context(
        on=_Moving, attempts=None, timeout=LIMIT_SECONDS, wait_initial=0.02, wait_max=0.02, wait_jitter=0
    ):
        with attempt:
            if await feed.estimated_document_count() < count:
                raise _Moving
    return time.time()


class _Moving(Exception):
    """Not everything has arrived yet."""
