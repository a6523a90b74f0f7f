"""Officials who hold a live stream each, all of one process, and when each of them heard of an alert."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import psutil

from menshen.bench.stage import Stage
from menshen.supervisor import CannotStart
from shared.contracts.values import Role
from shared.ids import new_id

LIMIT_SECONDS = 60
AT_ONCE = 16
"""Streams that are being opened at the same time."""
SPARE_FILES = 500
END = b"\r\n\r\n"


@dataclass
class _News:
    times: list[float] = field(default_factory=list)
    everywhere: asyncio.Event = field(default_factory=asyncio.Event)


class Audience:
    """Open streams of the fevers of an area, each of an account of its own."""

    def __init__(self, stage: Stage, area: str, http: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._area = area
        self._http = http
        self._news: dict[str, _News] = defaultdict(_News)
        self._listening: list[asyncio.Task[None]] = []

    async def grow(self, count: int) -> None:
        """Open streams until there are so many; each is in place when this returns."""
        self._make_room(count)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one() -> asyncio.Task[None]:
            async with slots:
                answer = await self._opened()
            return asyncio.create_task(self._listen(answer))

        self._listening += await asyncio.gather(*(one() for _ in range(count - len(self._listening))))

    async def hear(self, resident: str) -> list[float]:
        """Wait until every stream heard of somebody's fever; return when, the first first. Raises CannotStart."""
        news = self._news[resident]
        try:
            await asyncio.wait_for(news.everywhere.wait(), LIMIT_SECONDS)
        except TimeoutError:
            raise CannotStart(f"{len(news.times)} of {len(self._listening)} streams heard of an alert") from None
        del self._news[resident]
        return news.times

    async def end(self) -> None:
        """Close every stream."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    async def _opened(self) -> aiohttp.ClientResponse:
        token = self._stage.keys.token(new_id("acc"), (Role.OFFICIAL, self._area))
        answer = await self._http.get(
            f"{self._stage.gateway}/v1/alerts/stream",
            params={"area": self._area, "kinds": "fever"},
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status != 200:
            raise CannotStart(f"a stream was answered with {answer.status}")
        await answer.content.readuntil(END)  # its place; from here on nothing is missed
        return answer

    async def _listen(self, answer: aiohttp.ClientResponse) -> None:
        async with answer:
            while event := await answer.content.readuntil(END):
                at = time.perf_counter()
                if b"event: fever" in event:
                    self._take(event, at)

    def _take(self, event: bytes, at: float) -> None:
        alert = json.loads(event.partition(b"data: ")[2])
        if alert["what"] != "raised":
            return
        news = self._news[alert["facts"]["resident"]]
        news.times.append(at)
        if len(news.times) == len(self._listening):
            news.everywhere.set()

    def _make_room(self, streams: int) -> None:
        """Let those who hold the streams have as many files open; the gateway needs two for each."""
        services = self._stage.services
        needed = 2 * streams + SPARE_FILES
        for pid in (None, services["gateway"], services["alerts"]):
            process = psutil.Process(pid)
            soft, hard = process.rlimit(psutil.RLIMIT_NOFILE)
            if 0 <= hard < needed:
                raise CannotStart(f"{streams} streams need {needed} open files, the system allows {hard}")
            if 0 <= soft < needed:
                process.rlimit(psutil.RLIMIT_NOFILE, (needed, hard))


@asynccontextmanager
async def audience(stage: Stage, area: str) -> AsyncIterator[Audience]:
    """Have an audience, at first of nobody."""
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None, sock_connect=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        one = Audience(stage, area, http)
        try:
            yield one
        finally:
            await one.end()
