"""What time it is at a gate whose own clock may be wrong.

Time is trusted from the server's word on, carried on by the machine's monotonic counter, whatever is done to its
clock meanwhile. After a restart without network the clock is believed less the last known skew, but not verified; once
it has run backwards or apart from the counter nobody knows the time, until the server tells it again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.gate.domain.scans import SKEW
from shared.clock import Clock

BACK = timedelta(seconds=2)
"""How far a clock may be set back without notice: the small steps of its own correction."""
SLOWEST = 10.0
"""Seconds after which an answer says too little about the time."""


class ClockState(StrEnum):
    """How far the time can be relied on."""

    TRUSTED = "trusted"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Moment:
    """Now: the best known time, how good that is, and how far the machine's own clock is ahead of it, if known."""

    at: datetime
    clock: ClockState
    skew: timedelta | None

    @property
    def skewed(self) -> bool:
        """Tell whether the machine's clock is off by more than can be passed over."""
        return self.skew is not None and abs(self.skew) > SKEW


@dataclass(frozen=True)
class Remembered:
    """What outlives a restart: the last skew, the newest time its clock has shown since, and whether it jumped."""

    skew: timedelta | None = None
    newest: datetime | None = None
    jumped: bool = False


class GateClock:
    """The time of one run of the agent. `wall` may be set by anybody, `monotonic` counts seconds, also in sleep."""

    def __init__(self, wall: Clock, monotonic: Callable[[], float], remembered: Remembered) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._skew = remembered.skew
        self._newest = remembered.newest
        self._jumped = remembered.jumped
        self._began = wall(), monotonic()
        self._told: tuple[datetime, float] | None = None

    def count(self) -> float:
        """Return the counter, to note when a question was sent."""
        return self._monotonic()

    def wall(self) -> datetime:
        """Return what the machine's own clock shows, right or wrong."""
        return self._wall()

    def learn(self, server_time: datetime, asked: float, *, exact: bool) -> None:
        """Take the server's time out of an answer to a question sent at that count: it was right half-way.

        A header's time, cut to seconds and so not exact, is taken only for want of a better one.
        """
        answered = self._monotonic()
        if answered - asked > SLOWEST or (self._told and not exact):
            return
        middle = timedelta(seconds=(answered - asked) / 2 + (0 if exact else 0.5))
        self._told = server_time + middle, answered
        self._jumped = False
        self._newest = self._wall()

    def now(self) -> Moment:
        """Return the time, and keep in mind what the clock has shown."""
        wall, count = self._wall(), self._monotonic()
        if self._told:
            true, since = self._told
            at = true + timedelta(seconds=count - since)
            self._skew, self._newest = wall - at, wall
            return Moment(at, ClockState.TRUSTED, self._skew)
        skew = self._skew or timedelta()
        self._jumped = self._jumped or self._has_jumped(wall, count)
        if self._jumped:
            return Moment(max(wall, self._newest or wall) - skew, ClockState.UNKNOWN, None)
        self._newest = max(wall, self._newest or wall)
        return Moment(wall - skew, ClockState.UNVERIFIED, self._skew)

    def remembered(self) -> Remembered:
        """Return what the next run has to know."""
        return Remembered(self._skew, self._newest, self._jumped)

    def _has_jumped(self, wall: datetime, count: float) -> bool:
        if self._newest and wall < self._newest - BACK:
            return True
        began, counted = self._began
        return abs((wall - began) - timedelta(seconds=count - counted)) > SKEW
