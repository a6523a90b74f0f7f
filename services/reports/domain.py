"""What a clue is, how its triage moves, which clocks run, what a day counts. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.contracts import Event
from shared.contracts.area import COMPOUND_DEPTH, compound_of
from shared.contracts.gate import ExitDecided, GateScanned
from shared.contracts.health import FeverAlert, TemperatureRecorded
from shared.contracts.settings import Rules
from shared.contracts.values import Decision
from shared.errors import conflict, invalid
from shared.ids import is_id

MACHINE = "machine"
"""Who did what no person did."""
REPORTER = "reporter"
"""How a reporter appears in a clue's steps: by no name."""
OVERDUE = "overdue"


class Category(StrEnum):
    """What sort of anomaly was seen."""

    OUTSIDER = "outsider"
    GATHERING = "gathering"
    NOT_MEASURED = "not_measured"
    CONCEALED_RETURN = "concealed_return"
    GROUP_RENTAL = "group_rental"
    PRICE = "price"
    OTHER = "other"
    APPEAL = "appeal"
    GATE_CONTRADICTION = "gate_contradiction"


MACHINES_OWN = frozenset({Category.GATE_CONTRADICTION})
"""What machines alone find; nobody reports it."""
APPEALABLE = ("exit", "hold", "res")
"""What an appeal may be against, by the prefix of its id: a refused exit, a hold, a registration not let in."""


class ClueState(StrEnum):
    """Where a clue's triage stands."""

    NEW = "new"
    VERIFIED = "verified"
    FALSE = "false"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class Clock(StrEnum):
    """What must have happened by a certain time."""

    VERIFY = "verify"
    RESOLVE = "resolve"


_MOVES: Mapping[ClueState, frozenset[ClueState]] = {
    ClueState.VERIFIED: frozenset({ClueState.NEW}),
    ClueState.FALSE: frozenset({ClueState.NEW}),
    ClueState.ASSIGNED: frozenset({ClueState.VERIFIED, ClueState.ASSIGNED}),
    ClueState.RESOLVED: frozenset({ClueState.ASSIGNED}),
}
_RUNNING: Mapping[ClueState, tuple[Clock, ...]] = {
    ClueState.NEW: (Clock.VERIFY, Clock.RESOLVE),
    ClueState.VERIFIED: (Clock.RESOLVE,),
    ClueState.ASSIGNED: (Clock.RESOLVE,),
}


@dataclass(frozen=True)
class Step:
    """One step of a clue: which state, by whom, when, and what they noted."""

    state: ClueState
    by: str
    at: datetime
    note: str | None = None


@dataclass(frozen=True)
class Finding:
    """What a machine found about a subject, such as a pass: codes and ids, of the latest finding by its own time."""

    subject: str
    evidence: dict[str, Any]
    at: datetime
    count: int = 1

    def joined(self, other: "Finding") -> "Finding":
        """Return the finding with one more counted."""
        latest = other if other.at >= self.at else self
        return replace(latest, count=self.count + other.count)


@dataclass(frozen=True)
class Clue:
    """A reported anomaly. `reporter` is None for an anonymous one; `reporter_key` finds the reporter's own clues.

    The key is a keyed hash: with it nobody can be named, but who reported finds the clue again. `missed` are the clocks
    that ran out. A clue of a machine has a `finding` in place of text and reporter; an appeal says `about` what.
    """

    id: str
    version: int
    category: Category
    text: str
    place: str
    area: str
    anonymous: bool
    reporter: str | None
    reporter_label: str | None
    reporter_key: str
    photos: tuple[str, ...]
    reported_at: datetime
    verify_due: datetime
    resolve_due: datetime
    state: ClueState
    steps: tuple[Step, ...]
    assignee: str | None = None
    outcome: str | None = None
    missed: tuple[Clock, ...] = ()
    finding: Finding | None = None
    about: str | None = None

    @property
    def takes(self) -> str | None:
        """Return which findings join this clue: those of its category and subject, for as long as it is open."""
        open_ = self.state in _RUNNING
        return merge_key(self.category, self.finding.subject) if self.finding and open_ else None

    @property
    def next_clock(self) -> tuple[Clock, datetime] | None:
        """Return the clock that runs out next, if any still runs."""
        due = {Clock.VERIFY: self.verify_due, Clock.RESOLVE: self.resolve_due}
        running = [(clock, due[clock]) for clock in _RUNNING.get(self.state, ()) if clock not in self.missed]
        return min(running, key=lambda one: one[1], default=None)

    def moved(self, step: Step, *, assignee: str | None = None, outcome: str | None = None) -> "Clue":
        """Return the clue a step on. Raises `clue_state` for a step that its state does not admit."""
        if self.state not in _MOVES[step.state]:
            raise conflict("clue_state", state=self.state.value)
        return replace(
            self,
            version=self.version + 1,
            state=step.state,
            steps=(*self.steps, step),
            assignee=assignee or self.assignee,
            outcome=outcome or self.outcome,
        )

    def overdue(self, clock: Clock) -> "Clue":
        """Return the clue with one more clock missed."""
        return replace(self, version=self.version + 1, missed=(*self.missed, clock))

    def joined(self, finding: Finding) -> "Clue":
        """Return the clue with one more finding."""
        merged = self.finding.joined(finding) if self.finding else finding
        return replace(self, version=self.version + 1, finding=merged)


def require_appeal_names_its_matter(category: Category, about: str | None, *, anonymous: bool) -> None:
    """Raise `appeal_about` unless an appeal, and nothing else, says what it is against, and `appeal_anonymous`.

    Nobody can put right what was decided about somebody they do not know.
    """
    if (category is Category.APPEAL) != (about is not None):
        raise invalid("about", "appeal_about")
    if about is not None and not any(is_id(about, prefix) for prefix in APPEALABLE):
        raise invalid("about", "appeal_about")
    if category is Category.APPEAL and anonymous:
        raise invalid("anonymous", "appeal_anonymous")


def merge_key(category: Category, subject: str) -> str:
    """Name what findings have in common that belong to one clue."""
    return f"{category.value}/{subject}"


@dataclass(frozen=True)
class Photo:
    """A photo as it is kept: drawn anew as JPEG, under a random id."""

    id: str
    content: bytes


def clocks(rules: Rules, at: datetime) -> tuple[datetime, datetime]:
    """Return until when a clue reported at an instant is to be verified, and until when resolved."""
    verify, resolve = (rules.number(f"clue.{clock.value}_hours", at) for clock in (Clock.VERIFY, Clock.RESOLVE))
    return at + timedelta(hours=verify), at + timedelta(hours=resolve)


@dataclass(frozen=True)
class DayCount:
    """What one event adds to a compound's day: figures, and by hour or building what people look at as charts."""

    area: str
    day: date
    figures: tuple[str, ...] = ()
    hours: tuple[tuple[int, str], ...] = ()
    fevers: tuple[str, ...] = ()


NO_BUILDING = "-"
"""Where a stranger's fever counts: at the compound, in none of its buildings."""
LATEST_NEWS = timedelta(days=14)


def counted(event: Event, area: str, at: datetime) -> tuple[DayCount, ...]:
    """Return what an event, told at a local time, counts as.

    Its name, and for decisions at the gate their outcome too, on the day it was told; what charts show, in the hour it
    happened, which for the news of an offline gate may be another day.
    """
    name = event.wire.split(".")[2]
    figures = [name]
    if isinstance(event, ExitDecided):
        figures.append(f"{name}:{'approved' if event.approved else 'refused'}")
    elif isinstance(event, GateScanned):
        figures += [f"{name}:{event.decision.value}", f"{name}:{event.direction.value}:{event.decision.value}"]
    compound, told = compound_of(area), at.date()
    happened = _happened(event, at)
    hours = tuple((happened.hour, what) for what in _charted(event))
    fevers = (_building(area),) if isinstance(event, FeverAlert) else ()
    if happened.date() == told:
        return (DayCount(compound, told, tuple(figures), hours, fevers),)
    charted = DayCount(compound, happened.date(), (), hours, fevers)
    return (DayCount(compound, told, tuple(figures)), *([charted] if hours else []))


def _charted(event: Event) -> tuple[str, ...]:
    match event:
        case GateScanned(decision=Decision.ALLOW):
            return (event.direction.value,)
        case GateScanned(decision=Decision.DENY):
            return ("refused",)
        case TemperatureRecorded():
            return ("temperatures",)
        case FeverAlert():
            return ("fevers",)
    return ()


def _happened(event: Event, told: datetime) -> datetime:
    """Return the local time at which something was measured; of a clock that cannot be right, when it was told."""
    match event:
        case GateScanned():
            said = event.scanned_at
        case TemperatureRecorded() | FeverAlert():
            said = event.measured_at
        case _:
            return told
    return said.astimezone(told.tzinfo) if told - LATEST_NEWS <= said <= told else told


def _building(area: str) -> str:
    steps = area.split(".")
    return steps[COMPOUND_DEPTH] if len(steps) > COMPOUND_DEPTH else NO_BUILDING
