"""How a gate without network decides: the service's own rules, on what the pass says and what was known last.

Whatever cannot be known here is left to the guard: `recheck`, with the reason, never a silent pass.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from menshen.gate_agent.domain.clock import ClockState, Moment
from services.gate.domain import Hold, Pass, Presented, Situation, Verdict, decide, measure
from services.gate.domain.scans import NOT_MEASURED_BELOW
from shared.contracts.settings import SETTINGS
from shared.contracts.values import Decision, Direction, ExitReason, Fever, HoldKind, HoldTarget, Site


@dataclass(frozen=True)
class Knowledge:
    """The gate's offline data. A pass made before its holder's instant in `revoked` is void, unless it is outside."""

    gate: str
    area: str
    at: datetime
    fetched_at: datetime
    fresh_until: datetime
    threshold_c: float
    retest: timedelta
    fever_locks_out: bool
    keys: Mapping[str, Any]
    revoked: Mapping[str, datetime]
    held: Mapping[str, tuple[HoldKind, ...]]
    outside: AbstractSet[str]
    ended: AbstractSet[str]


@dataclass(frozen=True)
class Shown:
    """What was held before the reader: a pass whose signature fits, or the fault. `exempt` passes no hold stops."""

    presented: Presented | None = None
    fault: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    exempt: bool = False


@dataclass(frozen=True)
class Earlier:
    """What this gate did with a pass before: its uses, and a fever measured last that still asks for its retest."""

    out_at: datetime | None = None
    in_at: datetime | None = None
    unconfirmed_id: str | None = None
    unconfirmed_at: datetime | None = None


@dataclass(frozen=True)
class Presence:
    """Somebody at the gate: which way, how warm, and with what."""

    direction: Direction
    temperature_c: float
    site: Site
    shown: Shown
    earlier: Earlier

    def retest_of(self, at: datetime, retest: timedelta) -> str | None:
        """Name the scan whose measurement this one repeats."""
        before = self.earlier
        return before.unconfirmed_id if before.unconfirmed_at and before.unconfirmed_at >= at - retest else None


def judge(presence: Presence, moment: Moment, known: Knowledge | None) -> tuple[Verdict, Fever, str | None]:
    """Decide; returns the measurement's class too, and the scan that it was the retest of."""
    threshold = known.threshold_c if known else float(str(SETTINGS["fever.threshold_c"].default))
    retest_of = presence.retest_of(moment.at, known.retest) if known else None
    fever = measure(presence.temperature_c, presence.site, threshold, is_retest=retest_of is not None)
    if presence.shown.fault == "qr_unreadable":
        return Verdict(Decision.DENY, ("qr_unreadable",)), fever, None
    if moment.clock is ClockState.UNKNOWN:
        return _left_to_the_guard("clock_unknown", presence, fever), fever, retest_of
    if known is None or moment.at > known.fresh_until:
        return _left_to_the_guard("offline_data_old", presence, fever), fever, retest_of
    return _told_when(decide(_situation(presence, moment, known, fever)), presence), fever, retest_of


def _left_to_the_guard(code: str, presence: Presence, fever: Fever) -> Verdict:
    """Say why nothing was decided, and what the thermometer said all the same."""
    noted = {Fever.NONE: (), Fever.UNCONFIRMED: ("fever_retest",), Fever.CONFIRMED: ("fever_confirmed",)}[fever]
    if presence.temperature_c < NOT_MEASURED_BELOW:
        noted = ("temperature_low",)
    return Verdict(Decision.RECHECK, (code, *noted))


def _situation(presence: Presence, moment: Moment, known: Knowledge, fever: Fever) -> Situation:
    presented = presence.shown.presented
    kinds = known.held.get(presented.holder, ()) if presented else ()
    return Situation(
        direction=presence.direction,
        temperature_c=presence.temperature_c,
        fever=fever,
        gate_area=known.area,
        at=moment.at,
        presented=presented,
        fault=presence.shown.fault,
        admission=_pass(presented, presence, known) if presented else None,
        holds=[Hold("", 0, True, kind, HoldTarget.RESIDENT, "") for kind in kinds],
        fever_locks_out=known.fever_locks_out,
    )


def _pass(presented: Presented, presence: Presence, known: Knowledge) -> Pass:
    shown, earlier = presence.shown, presence.earlier
    before = known.revoked.get(presented.holder)
    void = before is not None and presented.issued_at < before
    ended = presented.pass_id in known.ended and not void
    outside = ended or presented.pass_id in known.outside
    out_at = earlier.out_at or (known.at if outside else None)
    return Pass(
        id=presented.pass_id,
        version=0,
        exit="",
        resident="",
        holder=presented.holder,
        label="",
        household=presented.compound,
        compound=presented.compound,
        start=shown.start or presented.issued_at,
        end=shown.end or presented.expires,
        reason=ExitReason.MEDICAL if shown.exempt else ExitReason.SUPPLIES,
        issued_at=presented.issued_at,
        out_at=out_at,
        in_at=earlier.in_at or (known.at if ended else None),
        used_gate=known.gate,
        # Whoever is outside still comes home.
        revoked_at=before if void and out_at is None else None,
    )


def _told_when(verdict: Verdict, presence: Presence) -> Verdict:
    """Leave out when a pass was used if it was not here: the lists say that it was, not when."""
    here = {one.isoformat() for one in (presence.earlier.out_at, presence.earlier.in_at) if one}
    return verdict if verdict.params.get("used_at") in here else Verdict(verdict.decision, verdict.reasons)
