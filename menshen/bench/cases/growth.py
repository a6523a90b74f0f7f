"""How the tail of a scan and of a registration grows with the number of residents.

Two districts stand side by side: one keeps ten thousand residents, the other one grows. They are measured in turn, so
that an hour in which the machine is slower says nothing. The first pair has the same size in both and tells how far two
equal districts differ here.

MENSHEN_BENCH_MOST ends the growth earlier, for trying out: `MENSHEN_BENCH_MOST=100000 menshen bench --only growth`.
"""

import os
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from menshen.bench import meter
from menshen.bench.city import City
from menshen.bench.load import Outcome, Post, send
from menshen.bench.stage import Stage, opened
from menshen.bench.table import Row, compared

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000, "3m": 3_000_000}
CONNECTIONS = 8
"""Not so many that the tail is only that of a queue."""
SECONDS = 3
EXPECTED = {"scan": '"decision":"allow"', "registration": '"status":"verified"'}
MOST = {"scan": 1500, "registration": 700}
"""A second, more than any of these machines takes."""
PORTS_APART = 28


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Grow one of two districts step by step; at each step measure both, as often as there are rounds."""
    most = int(os.environ.get("MENSHEN_BENCH_MOST", max(SIZES.values())))
    beside = opened(stage.folder / "beside", stage.rounds, stage.terminal, stage.base_port + PORTS_APART)
    async with beside as other:
        steady, growing = City(other), City(stage)
        await steady.grow(min(SIZES.values()))
        for name, size in SIZES.items():
            if size <= most:
                loaded = await growing.grow(size)
                for row in await _compared(name, steady, growing):
                    row.detail["loaded_per_s"] = round(loaded)
                    yield row


@dataclass
class _Side:
    """One city with what is still to be sent to it, and what came of that which was."""

    city: City
    posts: dict[str, list[Post]]
    outcomes: defaultdict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    async def of(cls, city: City, rounds: int) -> "_Side":
        """Prepare some rounds."""
        wanted = {way: rounds * SECONDS * rate for way, rate in MOST.items()}
        walks = await city.walks(wanted["scan"] // 2)
        return cls(city, {"scan": walks, "registration": await city.registrations(wanted["registration"])})

    async def round(self, way: str) -> None:
        """Send for some seconds."""
        stage, posts = self.city.stage, self.posts[way]
        before = meter.read(stage.pids)
        outcome = await send(stage.gateway, posts[: SECONDS * MOST[way]], CONNECTIONS, EXPECTED[way], SECONDS)
        del posts[: outcome.sent]
        await stage.settle()
        self.cpu[way] = meter.read(stage.pids).since(before, outcome.answered)
        self.outcomes[way].append(outcome)


async def _compared(name: str, steady: City, growing: City) -> list[Row]:
    rounds = growing.stage.rounds
    sides = [await _Side.of(city, rounds + 1) for city in (steady, growing)]
    for _ in range(rounds + 1):
        for way in EXPECTED:
            for side in sides:
                await side.round(way)
        sides.reverse()  # none is always the first
    sides.sort(key=lambda side: side.city is growing)
    return [_row(name, way, *sides) for way in EXPECTED]


def _row(name: str, way: str, steady: _Side, growing: _Side) -> Row:
    """Make the row of one way; the first round was to warm up."""
    pairs = list(zip(growing.outcomes[way][1:], steady.outcomes[way][1:], strict=True))
    ours, theirs = pairs[-1]
    return compared(
        f"growth_{way}_{name}_vs_10k",
        "ms",
        [(one.p99_ms, other.p99_ms) for one, other in pairs],
        p50_ms=ours.p50_ms,
        floor_p50_ms=theirs.p50_ms,
        per_s=round(ours.rate),
        floor_per_s=round(theirs.rate),
        cpu_us=growing.cpu[way],
        floor_cpu_us=steady.cpu[way],
        rss_mb=meter.rss_mb(growing.city.stage.pids),
    )
