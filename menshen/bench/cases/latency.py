"""From an accepted scan with a fever to the event on an official's open stream, against two bare hops of the broker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import aiohttp

from menshen.bench import meter
from menshen.bench.audience import Audience, audience
from menshen.bench.fevers import Fever, fevers, present, staffed
from menshen.bench.floors.hops import Hops, hops
from menshen.bench.load import SECONDS, send, send_paced
from menshen.bench.stage import Stage
from menshen.bench.table import Row, compared, percentile
from menshen.bench.town import Town, built

COUNT, WARM_COUNT = 100, 30
"""Scans of a round at rest, and of the warm-up."""
PAUSE_SECONDS = 0.075
"""Between a scan and a message over the hops, so that what follows of one is over before the other begins."""
LOADED_SECONDS = 15
AHEAD = 1.1
"""How many times the scans that are due are prepared."""
WARM_SECONDS = 1
CONNECTIONS = 32
EXPECTED = '"decision":"allow"'
MOST = 1500
"""Scans a second, more than any of these machines decides."""


@dataclass(frozen=True)
class Sample:
    """Seconds: from the scan's answer to the event, from its sending to the event, and over the hops just then."""

    accepted: float
    sent: float
    hops: float


@dataclass(frozen=True)
class Round:
    """The samples of a round and the processor time for each scan, background included."""

    samples: Sequence[Sample]
    cpu: dict[str, int]

    def ms(self, name: str, share: float) -> float:
        """Return a percentile."""
        return round(1000 * percentile([getattr(one, name) for one in self.samples], share), 2)


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Measure at rest, then while others are scanned at half of the highest rate."""
    scans = MOST * (SECONDS + AHEAD * stage.rounds * LOADED_SECONDS / 2)
    town = await built(stage, passes=ceil(scans / 2))
    await staffed(town)
    amqp = stage.district.addresses.amqp
    async with (
        hops(amqp) as bare,
        audience(stage, town.root) as official,
        aiohttp.ClientSession() as http,
    ):
        await official.grow(1)
        way = _Way(town, official, bare, http)
        await way.at_rest(WARM_COUNT)
        yield _row("scan_to_stream_vs_hops", stage, [await way.at_rest(COUNT) for _ in range(stage.rounds)])

        highest = await send(stage.gateway, town.scans(MOST * SECONDS), CONNECTIONS, EXPECTED)
        town.spent(highest.sent)
        await stage.settle()
        rate = highest.rate / 2
        rounds = [await way.loaded(rate) for _ in range(stage.rounds)]
        yield _row("scan_to_stream_half_load", stage, rounds, background=round(rate))


class _Way:
    """The way of a fever, and beside it the bare one."""

    def __init__(self, town: Town, official: Audience, bare: Hops, http: aiohttp.ClientSession) -> None:
        self._town = town
        self._stage = town.stage
        self._official = official
        self._bare = bare
        self._http = http

    async def at_rest(self, count: int) -> Round:
        """Let so many fevers come while nothing else happens."""
        before = meter.read(self._stage.pids)
        samples = await self._samples(await fevers(self._town, count), lambda: True)
        cpu = meter.read(self._stage.pids).since(before, len(samples))
        await self._stage.settle()
        return Round(samples, cpu)

    async def loaded(self, rate: float) -> Round:
        """Let fevers come while so many others are scanned a second."""
        posts = self._town.scans(int(AHEAD * rate * LOADED_SECONDS))
        ill = await fevers(self._town, round(LOADED_SECONDS / PAUSE_SECONDS / 2))
        before = meter.read(self._stage.pids)
        others = asyncio.create_task(send_paced(self._stage.gateway, posts, rate, EXPECTED, LOADED_SECONDS))
        await asyncio.sleep(WARM_SECONDS)
        samples = await self._samples(ill, lambda: not others.done())
        outcome = await others
        self._town.spent(outcome.sent)
        await self._stage.settle()
        return Round(samples, meter.read(self._stage.pids).since(before, outcome.answered))

    async def _samples(self, ill: Sequence[Fever], going: Callable[[], bool]) -> list[Sample]:
        samples = []
        for fever in ill:
            if not going():
                break
            sent, accepted = await present(self._http, self._stage, fever)
            (heard,) = await self._official.hear(fever.resident)
            await asyncio.sleep(PAUSE_SECONDS)
            samples.append(Sample(heard - accepted, heard - sent, await self._bare.go()))
            await asyncio.sleep(PAUSE_SECONDS)
        return samples


def _row(name: str, stage: Stage, rounds: Sequence[Round], **more: Any) -> Row:
    last = rounds[-1]
    return compared(
        name,
        "ms p99",
        [(one.ms("accepted", 0.99), one.ms("hops", 0.99)) for one in rounds],
        p50_ms=last.ms("accepted", 0.5),
        floor_p50_ms=last.ms("hops", 0.5),
        from_sending_p50_ms=last.ms("sent", 0.5),
        from_sending_p99_ms=last.ms("sent", 0.99),
        samples=len(last.samples),
        **more,
        cpu_us=last.cpu,
        rss_mb=meter.rss_mb(stage.pids),
    )
