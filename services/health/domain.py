"""What a measurement means, how a fever's case moves, when a hold ends. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.area import COMPOUND_DEPTH, ROOM_DEPTH, depth
from shared.contracts.values import Fever, HoldKind, HoldTarget, Site
from shared.errors import conflict, invalid

MACHINE = "machine"
"""Who did what no person did."""
NOT_MEASURED_BELOW = 35.0
"""A thermometer in winter air shows such numbers; they say nothing about the person."""
NEEDS_RETEST = frozenset({Site.FOREHEAD, Site.WRIST})
LATE = timedelta(minutes=15)
"""A visit's reading written down later than this is marked late."""


class Source(StrEnum):
    """Where a reading comes from."""

    GATE = "gate"
    VISIT = "visit"


@dataclass(frozen=True)
class Reading:
    """One measurement. `resident` is None for a stranger; `area` is the person's room, or the gate's area.

    `retest_of` is the reading that this one repeats; `retest` says that it settles whatever waited before it.
    `retest_due` is set while an unconfirmed fever waits for its retest; `case` once the reading raised a fever.
    """

    id: str
    resident: str | None
    label: str | None
    area: str
    temperature_c: float
    site: Site
    fever: Fever
    source: Source
    source_id: str
    gate: str | None
    retest: bool
    retest_of: str | None
    measured_at: datetime
    recorded_at: datetime
    late: bool
    retest_due: datetime | None = None
    case: str | None = None

    @property
    def stands_as_fever(self) -> bool:
        """Tell whether this reading is a fever, or may still turn out to be one."""
        return self.fever is Fever.CONFIRMED or self.case is not None or self.retest_due is not None


class FeverState(StrEnum):
    """Where a fever's case stands."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"


OPEN = frozenset({FeverState.SUSPECTED, FeverState.CONFIRMED, FeverState.HANDED_OVER})
"""States in which a person's next fever joins the case."""
_MOVES: Mapping[FeverState, frozenset[FeverState]] = {
    FeverState.CONFIRMED: frozenset({FeverState.SUSPECTED}),
    FeverState.DISMISSED: frozenset({FeverState.SUSPECTED}),
    FeverState.HANDED_OVER: frozenset({FeverState.CONFIRMED}),
    FeverState.CLOSED: frozenset({FeverState.HANDED_OVER, FeverState.DISMISSED}),
}


@dataclass(frozen=True)
class Step:
    """One step of a case: which state, by whom, when, and what they noted."""

    state: FeverState
    by: str
    at: datetime
    note: str | None = None


@dataclass(frozen=True)
class FeverCase:
    """A person's fever from its first reading to its end. A stranger has a case for each fever scanned.

    `not_retested` says that the case rests on a reading nobody repeated in time.
    """

    id: str
    version: int
    state: FeverState
    resident: str | None
    label: str | None
    area: str
    gate: str | None
    opened_at: datetime
    temperature_c: float
    measured_at: datetime
    late: bool
    not_retested: bool
    steps: tuple[Step, ...]

    @property
    def open(self) -> bool:
        """Tell whether the person's next fever belongs to this case."""
        return self.state in OPEN

    def joined(self, reading: Reading) -> "FeverCase":
        """Return the case with one more reading; what it shows is the newest measurement."""
        newer = self if reading.measured_at < self.measured_at else reading
        return replace(self, version=self.version + 1, temperature_c=newer.temperature_c, measured_at=newer.measured_at)

    def moved(self, state: FeverState, by: str, at: datetime, note: str | None) -> "FeverCase":
        """Return the case a step on. Raises `fever_state` for a step that its state does not admit."""
        if self.state not in _MOVES[state]:
            raise conflict("fever_state", state=self.state.value)
        return replace(self, version=self.version + 1, state=state, steps=(*self.steps, Step(state, by, at, note)))


def opened(case_id: str, reading: Reading, at: datetime, *, not_retested: bool) -> FeverCase:
    """Open a person's case with its first reading; the machine suspects, a person confirms or dismisses.

    It begins at version 2, for two events tell of it: the alert and the step.
    """
    return FeverCase(
        id=case_id,
        version=2,
        state=FeverState.SUSPECTED,
        resident=reading.resident,
        label=reading.label,
        area=reading.area,
        gate=reading.gate,
        opened_at=at,
        temperature_c=reading.temperature_c,
        measured_at=reading.measured_at,
        late=reading.late,
        not_retested=not_retested,
        steps=(Step(FeverState.SUSPECTED, MACHINE, at),),
    )


class Basis(StrEnum):
    """What a hold was lifted on."""

    TWO_READINGS = "two_readings"
    MEDICAL_NOTE = "medical_note"
    DISMISSED = "dismissed"
    RELEASED = "released"


@dataclass(frozen=True)
class Lifting:
    """How a hold ended."""

    basis: Basis
    by: str
    at: datetime
    note: str | None = None


@dataclass(frozen=True)
class Hold:
    """A reason why somebody may not leave. `cause` is the fever's case, or `order` for an official's own decision."""

    id: str
    version: int
    active: bool
    kind: HoldKind
    target: HoldTarget
    target_id: str
    area: str
    label: str | None
    cause: str
    reason: str | None
    placed_by: str
    placed_at: datetime
    lifted: Lifting | None = None

    def lift(self, lifting: Lifting) -> "Hold":
        """Return the hold as it is once lifted."""
        return replace(self, version=self.version + 1, active=False, lifted=lifting)

    def require_basis(self, basis: Basis) -> None:
        """Raise `hold_basis` unless a hold of this kind ends that way: a fever by clearance, an order by order."""
        of_a_fever = self.kind is HoldKind.FEVER
        if of_a_fever is (basis is Basis.RELEASED):
            raise conflict("hold_basis")


def measure(temperature_c: float, site: Site, threshold: float, *, is_retest: bool) -> Fever:
    """Classify one measurement. A fever on forehead or wrist is confirmed only by its retest."""
    if temperature_c < threshold:
        return Fever.NONE
    return Fever.UNCONFIRMED if site in NEEDS_RETEST and not is_retest else Fever.CONFIRMED


def clears(readings: Sequence[Reading], threshold: float, apart: timedelta) -> bool:
    """Tell whether a person's readings hold two normal ones after the last fever, at least so long apart."""
    last_fever = max((one.measured_at for one in readings if one.stands_as_fever), default=None)
    normal = [
        one.measured_at
        for one in readings
        if NOT_MEASURED_BELOW <= one.temperature_c < threshold and (last_fever is None or one.measured_at > last_fever)
    ]
    return len(normal) >= 2 and max(normal) - min(normal) >= apart


def require_target(target: HoldTarget, target_id: str) -> None:
    """Raise `hold_target` for a household that is no room, or a compound that is none."""
    wanted = {HoldTarget.HOUSEHOLD: ROOM_DEPTH, HoldTarget.COMPOUND: COMPOUND_DEPTH}.get(target)
    if wanted is not None and depth(target_id) != wanted:
        raise invalid("target_id", "hold_target")
