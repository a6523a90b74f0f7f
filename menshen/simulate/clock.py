"""The time of a run: when things are due, how far behind the plan they come, and what was not played."""

import asyncio
import contextlib
import time
from collections import Counter, deque


class Over(Exception):
    """The time is up: nothing new begins. What was due before, and came too late, is counted as not played."""


class Clock:
    """Seconds of the wall clock since the play began; it ends after `length`."""

    def __init__(self, length: float) -> None:
        self.length = length
        self.planned: Counter[str] = Counter()
        self.played: Counter[str] = Counter()
        self.not_played: Counter[str] = Counter()
        """What was due and did not come to its turn, by kind."""
        self.beyond: Counter[str] = Counter()
        """What the plan itself puts after the end, such as who comes home later."""
        self.worst_lag = 0.0
        self._lags: deque[tuple[float, float]] = deque(maxlen=200)
        self._began: float | None = None
        self._stopped = asyncio.Event()

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()

    def stop(self) -> None:
        """End now, before the time is up."""
        self._stopped.set()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began if self._began is not None else 0.0

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._stopped.is_set() or self.now >= self.length

    @property
    def lag(self) -> float:
        """How far behind the plan the latest things came, in seconds."""
        recent = [lag for at, lag in self._lags if at > self.now - 5]
        return max(recent, default=0.0)

    async def until(self, due: float, kind: str, *, shifted: bool = False) -> None:
        """Wait for a thing's turn and count it as played. Raises Over if that never comes.

        `shifted` things follow from something that came late itself; they are on time when they are due.
        """
        self.planned[kind] += 1
        if due > self.length:
            (self.not_played if shifted else self.beyond)[kind] += 1
            raise Over
        if due > self.now:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), due - self.now)
        self.late(due)
        if self.over:
            self.not_played[kind] += 1
            raise Over
        self.played[kind] += 1

    def late(self, due: float) -> None:
        """Note how late something comes."""
        lag = max(0.0, min(self.now, self.length) - due)
        self.worst_lag = max(self.worst_lag, lag)
        self._lags.append((self.now, lag))

    async def sleep(self, seconds: float) -> None:
        """Wait a little; the end cuts it short."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), max(0.0, min(seconds, self.length - self.now)))
