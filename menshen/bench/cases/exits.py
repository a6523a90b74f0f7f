"""Requests to go out that meet: both members of many households ask at the same instant for the one place they have."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

from menshen.bench import meter
from menshen.bench.stage import Stage
from menshen.bench.table import Row, percentile, plain
from menshen.bench.town import PER_ROOM, Town, built, put, resident
from menshen.supervisor import CannotStart
from services.gate.domain import Resident
from shared.contracts.values import DatedSetting
from shared.mongo import to_document

HOUSEHOLDS = 100
BURSTS = 5
"""Of a round; each has households of its own."""
WINDOW = timedelta(hours=2)


@dataclass(frozen=True)
class Answer:
    """What somebody was told and how long that took."""

    household: str
    status: str
    ms: float


@dataclass(frozen=True)
class Round:
    """The answers of some bursts, and the seconds that these took."""

    answers: list[Answer]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds

    def ms(self, share: float) -> float:
        """Return a percentile."""
        return round(percentile([one.ms for one in self.answers], share), 1)


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Send burst after burst; the rows are requests a second and the slowest answers."""
    town = await built(stage, passes=1)
    await _open_at_night(town)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        crowd = _Crowd(town, http)
        await crowd.warm()
        before = meter.read(stage.pids)
        rounds = []
        for _ in range(stage.rounds):
            rounds.append(await crowd.round())
            await stage.settle()
    asked = sum(len(one.answers) for one in rounds)
    cpu = meter.read(stage.pids).since(before, asked)
    last, told = rounds[-1], Counter(answer.status for one in rounds for answer in one.answers)
    yield plain(
        "exits_contended",
        "requests/s",
        [one.rate for one in rounds],
        p50_ms=last.ms(0.5),
        p99_ms=last.ms(0.99),
        **told,
        cpu_us=cpu,
        rss_mb=meter.rss_mb(stage.pids),
    )
    yield plain("exits_contended_p99_ms", "ms", [one.ms(0.99) for one in rounds], **told)


class _Crowd:
    """Households of two, ever new ones."""

    def __init__(self, town: Town, http: aiohttp.ClientSession) -> None:
        self._town = town
        self._stage = town.stage
        self._http = http
        self._homes = 0

    async def warm(self) -> None:
        """Let a burst ask that does not count."""
        _check(await self._burst(await self._people(HOUSEHOLDS)))

    async def round(self) -> Round:
        """Let everybody of some bursts ask. Raises CannotStart unless each household has exactly one approval."""
        answers, seconds = [], 0.0
        for _ in range(BURSTS):
            people = await self._people(HOUSEHOLDS)
            began = time.perf_counter()
            burst = await self._burst(people)
            seconds += time.perf_counter() - began
            _check(burst)
            answers += burst
        return Round(answers, seconds)

    async def _burst(self, people: list[Resident]) -> list[Answer]:
        return await asyncio.gather(*(self._ask(one) for one in people))

    async def _people(self, households: int) -> list[Resident]:
        area = self._town.compounds[0].area
        homes = range(self._homes, self._homes + households)
        self._homes += households
        people = [resident(area, home * PER_ROOM + member) for home in homes for member in range(2)]
        await put(self._stage.db("gate").residents, (to_document(one) for one in people))
        return people

    async def _ask(self, one: Resident) -> Answer:
        now = datetime.now(UTC)
        body = {"start": now.isoformat(), "end": (now + WINDOW).isoformat(), "reason": "supplies"}
        headers = {"Authorization": f"Bearer {self._stage.keys.token(one.accounts[0])}"}
        began = time.perf_counter()
        async with self._http.post(f"{self._stage.gateway}/v1/exits", json=body, headers=headers) as answer:
            said = json.loads(await answer.read())
        status = said["status"] if answer.status == 201 else str(answer.status)
        return Answer(one.household, status, 1000 * (time.perf_counter() - began))


def _check(burst: list[Answer]) -> None:
    """Raise CannotStart unless one of each household may go out and one may not: of anything else no time counts."""
    told = Counter((one.household, one.status) for one in burst)
    right = all(told[one.household, status] == 1 for one in burst for status in ("approved", "refused"))
    if not right:
        raise CannotStart(f"households of two were told {dict(Counter(one.status for one in burst))}")


async def _open_at_night(town: Town) -> None:
    """Lift the closed hours, so that it does not matter when this runs."""
    lifted = DatedSetting(key="exit.closed_hours", value=None, starts=datetime.fromtimestamp(0, UTC))
    row = {"_id": town.root, "sequence": 1, "settings": [lifted.model_dump()]}
    await town.stage.db("gate").areas.insert_one(row)
