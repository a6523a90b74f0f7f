"""What the gate publishes: exit requests and their decisions, revoked passes, every scan."""

from pydantic import AwareDatetime

from shared.contracts.envelope import Event
from shared.contracts.values import Decision, Direction, ExitReason, Fever, Site


class ExitRequested(Event, wire="menshen.gate.ExitRequested.v1"):
    """A resident asked to be outside in a window. Always followed by ExitDecided of the same subject."""

    resident: str
    start: AwareDatetime
    end: AwareDatetime
    reason: ExitReason


class ExitDecided(Event, wire="menshen.gate.ExitDecided.v1"):
    """The machine's answer to an exit request; `reasons` are codes, empty when nothing stood against it.

    `alert` is true when a hold stood and the reason (medical, emergency) passed it: the community must know at once.
    """

    resident: str
    approved: bool
    reasons: list[str]
    pass_id: str | None
    alert: bool = False


class PassRevoked(Event, wire="menshen.gate.PassRevoked.v1"):
    """Every pass of a holder made before an instant is void; the subject is the resident."""

    holder: str
    before: AwareDatetime
    cause: str


class GateScanned(Event, wire="menshen.gate.GateScanned.v1"):
    """Somebody stood at a gate and got an answer, refusals included; the subject is the scan.

    `scanned_at` is the device's time, `recorded_at` the server's; `late` marks a scan delivered afterwards.
    `resident` is None when the code could not be read. `retest_of` is the scan whose measurement this one repeats.
    """

    gate: str
    direction: Direction
    decision: Decision
    reasons: list[str]
    resident: str | None
    label: str | None
    pass_id: str | None
    temperature_c: float
    site: Site
    fever: Fever
    retest_of: str | None
    scanned_at: AwareDatetime
    recorded_at: AwareDatetime
    late: bool
    device: str | None = None
    sequence: int | None = None
    decided_by_device: bool = False


class GateAdded(Event, wire="menshen.gate.GateAdded.v1"):
    """A compound has a gate; the subject is the gate."""

    gate_name: str


class GateContradicted(Event, wire="menshen.gate.GateContradicted.v1"):
    """What gates report does not fit together; the subject is the pass, or the scan if there is none.

    Published when a gate without network let somebody through whom the gate service would have refused. Nothing is
    rewritten: `scans` are the ids of all scans that it is about, as they happened, the latest last; `gates` where they
    happened, in the same order; `reasons` the codes that stood against the latest, such as `pass_already_used`.
    """

    resident: str | None
    label: str | None
    reasons: list[str]
    scans: list[str]
    gates: list[str]
    happened_at: AwareDatetime


class GateSilent(Event, wire="menshen.gate.GateSilent.v1"):
    """Neither scan nor heartbeat came from a gate for longer than its hour allows; the subject is the gate."""

    gate_name: str
    last_heard: AwareDatetime


class GateHeard(Event, wire="menshen.gate.GateHeard.v1"):
    """A gate that had been silent was heard again; the subject is the gate."""

    gate_name: str
    heard_at: AwareDatetime
