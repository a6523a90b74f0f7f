"""Processor time and memory of processes, by name; the children of each are its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

QUIET_SHARE = 0.08
"""Of one processor: what an idle service with its sweeps uses is well below."""
QUIET_SECONDS = 0.4
LIMIT = 240.0
LOOK_SECONDS = 0.03


@dataclass(frozen=True)
class Reading:
    """Seconds of processor time used so far, by process."""

    seconds: Mapping[str, float]

    def since(self, before: "Reading", operations: int) -> dict[str, int]:
        """Return microseconds for each operation since another reading, by process, those above 1 µs."""
        spent = {name: (used - before.seconds.get(name, 0)) * 1e6 / operations for name, used in self.seconds.items()}
        return {name: round(one) for name, one in spent.items() if one >= 1}


def read(pids: Mapping[str, int]) -> Reading:
    """Read the clocks of processes."""
    return Reading({name: sum(_time(one) for one in _family(pid)) for name, pid in pids.items()})


def rss_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the resident memory of processes, in MB."""
    return {name: _family_mb(pid) for name, pid in pids.items()}


@dataclass
class Peak:
    """The resident memory of a process with its children: before, and the most at once since then, in MB."""

    rest_mb: float
    most_mb: float


@asynccontextmanager
async def peak(pid: int) -> AsyncIterator[Peak]:
    """Look every some milliseconds, for as long as the body runs, how much memory a process and its children take."""
    rest = _family_mb(pid)
    seen = Peak(rest, rest)

    async def look() -> None:
        while True:
            seen.most_mb = max(seen.most_mb, _family_mb(pid))
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()


async def settle(pids: Mapping[str, int]) -> float:
    """Wait until none of these has much to do any more; return the seconds that it took."""
    began = time.monotonic()
    calm = 0
    while calm < 2 and time.monotonic() - began < LIMIT:
        before = read(pids)
        await asyncio.sleep(QUIET_SECONDS)
        busy = sum(read(pids).seconds.values()) - sum(before.seconds.values())
        calm = calm + 1 if busy < QUIET_SHARE * len(pids) * QUIET_SECONDS else 0
    return time.monotonic() - began


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _family_mb(pid: int) -> float:
    return round(sum(_rss(one) for one in _family(pid)) / 1e6, 1)


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _time(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
