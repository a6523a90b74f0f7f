"""How a scan is decided: the pass, the temperature, the direction, in one pure function."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.gate.domain.entities import EXEMPT, Hold, Pass
from shared.contracts.area import covers
from shared.contracts.values import Decision, Direction, Fever, Site

NOT_MEASURED_BELOW = 35.0
"""A thermometer in winter air shows such numbers; nobody standing at a gate has them."""
EARLY = timedelta(minutes=15)
SKEW = timedelta(seconds=60)
NEEDS_RETEST = frozenset({Site.FOREHEAD, Site.WRIST})


@dataclass(frozen=True)
class Presented:
    """What a code said once its signature held: the pass, its holder and compound, and until when it may be shown."""

    pass_id: str
    holder: str
    compound: str
    issued_at: datetime
    expires: datetime


@dataclass(frozen=True)
class Situation:
    """Everything a decision rests on. `fault` is set instead of `presented` when the code was no good.

    `at` is the instant that counts: the server's for a live scan, the device's for one delivered `late`. What came
    after that instant says nothing against a late scan.
    """

    direction: Direction
    temperature_c: float
    fever: Fever
    gate_area: str
    at: datetime
    presented: Presented | None
    fault: str | None
    admission: Pass | None
    holds: Sequence[Hold] = ()
    fever_locks_out: bool = False
    late: bool = False


@dataclass(frozen=True)
class Verdict:
    """The answer: a decision, its reason codes, and what fills their sentences."""

    decision: Decision
    reasons: tuple[str, ...]
    params: dict[str, str] = field(default_factory=dict)


def measure(temperature_c: float, site: Site, threshold: float, *, is_retest: bool) -> Fever:
    """Classify one measurement. A fever on forehead or wrist is confirmed only by its retest."""
    if temperature_c < threshold:
        return Fever.NONE
    return Fever.UNCONFIRMED if site in NEEDS_RETEST and not is_retest else Fever.CONFIRMED


def decide(situation: Situation) -> Verdict:
    """Decide a scan. Whatever is unknown or odd is refused on the way out; nobody is locked out of their home."""
    against, params = _pass_faults(situation)
    if against:
        return Verdict(Decision.DENY, tuple(against), params)
    if situation.temperature_c < NOT_MEASURED_BELOW:
        return Verdict(Decision.RECHECK, ("temperature_low",))
    if situation.fever is Fever.UNCONFIRMED:
        return Verdict(Decision.RECHECK, ("fever_retest",))
    if situation.direction is Direction.OUT:
        return _way_out(situation)
    return _way_in(situation)


def _way_out(situation: Situation) -> Verdict:
    against = sorted({hold.kind.value for hold in situation.holds})
    if situation.admission and situation.admission.reason in EXEMPT:
        against = []
    if situation.fever is Fever.CONFIRMED:
        against.insert(0, "fever_confirmed")
    return Verdict(Decision.DENY if against else Decision.ALLOW, tuple(against))


def _way_in(situation: Situation) -> Verdict:
    notes = []
    if situation.fever is Fever.CONFIRMED:
        if situation.fever_locks_out:
            return Verdict(Decision.DENY, ("fever_confirmed",))
        notes += ["fever_confirmed", "isolate_at_home"]
    if situation.admission and not _went_out(situation, situation.admission):
        notes.append("no_exit_recorded")
    if situation.admission and situation.at > situation.admission.end:
        notes.append("overdue_return")
    return Verdict(Decision.ALLOW, tuple(notes))


def _pass_faults(situation: Situation) -> tuple[list[str], dict[str, str]]:
    presented, admission = situation.presented, situation.admission
    if presented is None:
        return [situation.fault or "qr_unreadable"], {}
    if situation.at >= presented.expires:
        return ["qr_expired"], {}
    if admission is None:
        return ["pass_unknown"], {}
    if used := _used_before(situation, admission):
        return ["pass_already_used"], {"used_at": used.isoformat(), "gate": admission.used_gate or ""}
    code = _not_good_here(situation, admission)
    return ([code], {}) if code else ([], {})


def _went_out(situation: Situation, admission: Pass) -> bool:
    out_at = admission.out_at
    return out_at is not None and not (situation.late and out_at > situation.at)


def _used_before(situation: Situation, admission: Pass) -> datetime | None:
    returned = admission.in_at
    if situation.direction is Direction.IN:
        return returned
    if returned and situation.late and returned > situation.at:
        # The way home that is known already is that of the outing which only now comes to be known.
        returned = None
    return admission.out_at or returned


def _revoked(situation: Situation, admission: Pass) -> bool:
    revoked = admission.revoked_at
    return revoked is not None and not (situation.late and revoked > situation.at)


def _not_good_here(situation: Situation, admission: Pass) -> str | None:
    if _revoked(situation, admission):
        return "pass_revoked"
    if not covers(admission.compound, situation.gate_area):
        return "wrong_compound"
    if situation.direction is Direction.OUT and situation.at < admission.start - EARLY:
        return "window_not_open"
    if situation.direction is Direction.OUT and situation.at > admission.end:
        return "window_over"
    return None
