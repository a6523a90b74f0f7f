"""The memory of a district that has nothing to do: `menshen up` with its demo, some time after the start."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from statistics import median

from menshen.bench.launch import SUPERVISOR, launched
from menshen.bench.stage import Stage, emptied
from menshen.bench.table import Row, plain

REST_SECONDS = 20


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Look at a fresh district each round: at the largest service, and at all of them with what keeps them."""
    rounds = [await _look(stage) for _ in range(stage.rounds)]
    each = {name: median(one[name] for one in rounds) for name in rounds[0]}
    largest = max(each.keys() - {SUPERVISOR}, key=each.__getitem__)
    yield plain("rss_service_max_mb", "MB", [one[largest] for one in rounds], largest=largest, rss_mb=each)
    yield plain("rss_system_mb", "MB", [sum(one.values()) for one in rounds], rss_mb=each)


async def _look(stage: Stage) -> Mapping[str, float]:
    emptied(stage.folder / "up")
    async with launched(stage) as one:
        await asyncio.sleep(REST_SECONDS)
        return {name: round(process.memory_info().rss / 1e6, 1) for name, process in one.own.items()}
