"""What the gate keeps."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.area import compound_of
from shared.contracts.values import Decision, DeviceKind, Direction, ExitReason, Fever, HoldKind, HoldTarget, Site

EXEMPT = frozenset({ExitReason.MEDICAL, ExitReason.EMERGENCY})
"""Reasons that pass every rule, and holds too."""
HOME_AGAIN = timedelta(hours=24)
"""A pass shows for this long after its window, so that who is late still comes home."""


@dataclass(frozen=True)
class Resident:
    """A verified resident, as identity's events tell: a masked label, a household, the accounts that act for them."""

    id: str
    sequence: int
    active: bool
    label: str
    household: str
    accounts: tuple[str, ...]
    id_lookup: str
    birth_year: int

    @property
    def compound(self) -> str:
        """The compound whose gates this resident goes through."""
        return compound_of(self.household)

    @property
    def holder(self) -> str:
        """The name under which passes speak of this resident: the random part of the id, which names no one."""
        return self.id.removeprefix("res_")


@dataclass(frozen=True)
class Hold:
    """A reason why a resident, household or compound may not leave, as health's events tell, and since when."""

    id: str
    sequence: int
    active: bool
    kind: HoldKind
    target: HoldTarget
    target_id: str
    area: str = ""
    since: datetime | None = None

    def stood_at(self, at: datetime) -> bool:
        """Tell whether the hold had been placed by then."""
        return self.since is None or self.since <= at


@dataclass(frozen=True)
class Gate:
    """A gate of a compound. `silent_since` is when it was last heard, while it is known to be silent."""

    id: str
    area: str
    name: str
    version: int = 1
    silent_since: datetime | None = None


@dataclass(frozen=True)
class Device:
    """A device of a gate, as identity's events tell."""

    id: str
    sequence: int
    active: bool
    kind: DeviceKind
    gate: str
    area: str


@dataclass(frozen=True)
class Heartbeat:
    """The last sign that somebody at a gate gave without a scan; `waiting` scans are still to come from there."""

    gate: str
    sender: str
    at: datetime
    waiting: int | None
    data_age_s: float | None
    skew_s: float | None


class ExitStatus(StrEnum):
    """What became of an exit request."""

    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Refusal:
    """One rule that stood against an exit; the parameters fill its sentence."""

    code: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exit:
    """An exit request and its decision. `requested_by` is the account that asked."""

    id: str
    version: int
    resident: str
    household: str
    start: datetime
    end: datetime
    reason: ExitReason
    requested_by: str
    requested_at: datetime
    status: ExitStatus
    refusals: tuple[Refusal, ...]
    pass_id: str | None


@dataclass(frozen=True)
class QuotaUse:
    """An outing for supplies that uses its household's place; `label` tells the others who has it."""

    exit: str
    label: str
    start: datetime


class PassForm(StrEnum):
    """How a pass is carried: on a screen (renewed every half minute), on paper, or looked up by ID number."""

    SCREEN = "screen"
    PRINTED = "printed"
    LOOKUP = "lookup"


@dataclass(frozen=True)
class Pass:
    """The right to one exit and one return. `out_at` and `in_at` are set once each, by the scan that used it."""

    id: str
    version: int
    exit: str
    resident: str
    holder: str
    label: str
    household: str
    compound: str
    start: datetime
    end: datetime
    reason: ExitReason
    issued_at: datetime
    out_at: datetime | None = None
    in_at: datetime | None = None
    used_gate: str | None = None
    revoked_at: datetime | None = None

    def used(self, direction: Direction, at: datetime, gate: str) -> "Pass":
        """Return this pass as it is after going through a gate that way."""
        if direction is Direction.OUT:
            return replace(self, version=self.version + 1, out_at=at, used_gate=gate)
        return replace(self, version=self.version + 1, in_at=at, used_gate=gate)


class Decider(StrEnum):
    """Who decided a scan: this service, or the device of a gate that had no network."""

    SERVICE = "service"
    DEVICE = "device"


@dataclass(frozen=True)
class Scan:
    """What happened at a gate once: what was presented and measured, and the answer, which never changes.

    `happened_at` is the instant that counts: the server's for a live scan, the device's for one delivered later.
    `disputed` are the codes with which the service would have refused what a device allowed. `done` is what the gate
    did; it differs from `decision` only where a device did not wait for the answer. `scanned_by` is the account that
    told of it, `taken_by` the guard who, as the device says, took it.
    """

    id: str
    gate: str
    area: str
    nonce: str
    content: str
    direction: Direction
    temperature_c: float
    site: Site
    fever: Fever
    decision: Decision
    reasons: tuple[str, ...]
    params: dict[str, str]
    resident: str | None
    label: str | None
    household: str | None
    pass_id: str | None
    retest_of: str | None
    scanned_at: datetime
    recorded_at: datetime
    late: bool
    clock_skewed: bool
    scanned_by: str
    happened_at: datetime
    done: Decision
    decided_by: Decider = Decider.SERVICE
    disputed: tuple[str, ...] = ()
    taken_by: str | None = None
    device: str | None = None
    sequence: int | None = None
    marks: tuple[str, ...] = ()
    clock: str | None = None
    skew_s: float | None = None
