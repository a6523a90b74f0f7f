"""Somebody stands at a gate, or stood there while it had no network: decide, remember, tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gate.domain import (
    Decider,
    Gate,
    Hold,
    Pass,
    Presented,
    Resident,
    Scan,
    Situation,
    Verdict,
    decide,
    measure,
)
from services.gate.domain.scans import SKEW
from services.gate.handlers.contradict import done_otherwise, let_through
from services.gate.handlers.devices import Sender, gate_of
from services.gate.store import GateStore
from services.gate.store.scan_book import Asked
from shared.contracts import Fact
from shared.contracts.gate import GateScanned
from shared.contracts.settings import Rules
from shared.contracts.values import Decision, Direction, Fever, Site
from shared.errors import conflict
from shared.ids import derived_id


@dataclass(frozen=True)
class RecordScan:
    """One scan as a gate sends it. `presented` or `fault` is what the code said; `content` tells a changed repeat.

    `delivered_late` marks the scans of a gate that was offline: they count at their own time. `decided` is what the
    gate did then, `reasons` why. `sequence` is the device's own count of its scans.
    """

    sender: Sender
    gate: str
    nonce: str
    content: str
    direction: Direction
    temperature_c: float
    site: Site
    scanned_at: datetime
    presented: Presented | None
    fault: str | None
    delivered_late: bool = False
    decided: Decision | None = None
    reasons: tuple[str, ...] = ()
    taken_by: str | None = None
    sequence: int | None = None
    clock: str | None = None
    skew_s: float | None = None

    @property
    def id(self) -> str:
        """The scan's id: the same nonce at the same gate is the same scan."""
        return derived_id("scan", self.gate, self.nonce)

    @property
    def asks(self) -> Asked:
        """What deciding it will ask the store."""
        device = self.sender.device
        numbers = (self.sequence - 1, self.sequence) if device and self.sequence else ()
        history = self.delivered_late or self.decided is not None
        return Asked(self.id, self.gate, self.presented.pass_id if self.presented else None, device, numbers, history)

    def happened_at(self, now: datetime) -> datetime:
        """Return the instant that counts. What has been told has happened, whatever a device's clock shows."""
        return min(self.scanned_at, now) if self.delivered_late else now


@dataclass(frozen=True)
class _Findings:
    """What the gate knows when it decides."""

    admission: Pass | None
    resident: Resident | None
    holds: list[Hold]
    rules: Rules
    retest_of: Scan | None
    marks: tuple[str, ...]


@dataclass(frozen=True)
class _Outcome:
    """The answer to a scan, and what the service has against it if it is a device's own."""

    answer: Verdict
    fever: Fever
    disputed: tuple[str, ...]


async def record_scan(command: RecordScan, store: GateStore, now: datetime) -> Scan:
    """Decide a scan and store it, refusals included. The same nonce returns the first answer, whatever changed since.

    What a device decided already is stored as it happened; what stands against it is stored and told besides. Raises as
    `gate_of` does, and `nonce_reused` for another scan under a nonce.
    """
    gate = await gate_of(command.sender, command.gate, store)
    at = command.happened_at(now)
    if answered := await store.scan(command.id):
        if answered.content != command.content:
            raise conflict("nonce_reused")
        await done_otherwise(answered, command.decided, at, store)
        return answered

    found = await _find(command, gate, at, store)
    outcome = _decide(command, gate, at, found)
    allowed = outcome.answer.decision is Decision.ALLOW
    if allowed and found.admission and not command.delivered_late:
        used = found.admission.used(command.direction, at, gate.id)
        if not await store.use_pass(used, found.admission):
            outcome = _Outcome(Verdict(Decision.DENY, ("pass_already_used",)), outcome.fever, ())

    scan = _scan(command, gate, found, outcome, now)
    facts = [Fact(_told(scan), scan.id, scan.household or gate.area, 1)]
    if allowed and command.delivered_late:
        facts += await let_through(scan, found.admission, store)
    await store.add_scan(scan, facts)
    return scan


async def _find(command: RecordScan, gate: Gate, at: datetime, store: GateStore) -> _Findings:
    rules = await store.rules(gate.area)
    marks = await _marks(command, store)
    admission = await store.pass_(command.presented.pass_id) if command.presented else None
    if admission is None:
        return _Findings(None, None, [], rules, None, marks)
    resident = await store.resident(admission.resident)
    holds = await store.holds_on(resident) if resident else []
    since = at - timedelta(minutes=rules.number("gate.retest_minutes", at))
    return _Findings(
        admission=admission,
        resident=resident,
        holds=[hold for hold in holds if not command.delivered_late or hold.stood_at(at)],
        rules=rules,
        retest_of=await store.waiting_for_retest(admission.id, since, at),
        marks=marks,
    )


async def _marks(command: RecordScan, store: GateStore) -> tuple[str, ...]:
    """Say what is odd about a device's own count: a number that it used before, or one that has not come yet."""
    device, number = command.sender.device, command.sequence
    if device is None or number is None:
        return ()
    there = await store.sequences_of(device, (number - 1, number))
    if number in there:
        return ("sequence_repeated",)
    return ("sequence_gap",) if number > 1 and number - 1 not in there else ()


def _decide(command: RecordScan, gate: Gate, at: datetime, found: _Findings) -> _Outcome:
    threshold = found.rules.number("fever.threshold_c", at)
    fever = measure(command.temperature_c, command.site, threshold, is_retest=found.retest_of is not None)
    ours = decide(
        Situation(
            direction=command.direction,
            temperature_c=command.temperature_c,
            fever=fever,
            gate_area=gate.area,
            at=at,
            presented=command.presented,
            fault=command.fault,
            admission=found.admission,
            holds=found.holds,
            fever_locks_out=found.rules.flag("gate.fever_locks_out", at),
            late=command.delivered_late,
        )
    )
    if command.decided is None:
        return _Outcome(ours, fever, ())
    against = command.decided is Decision.ALLOW and ours.decision is Decision.DENY
    theirs = Verdict(command.decided, command.reasons, ours.params)
    return _Outcome(theirs, fever, ours.reasons if against else ())


def _scan(command: RecordScan, gate: Gate, found: _Findings, outcome: _Outcome, now: datetime) -> Scan:
    admission = found.admission
    return Scan(
        id=command.id,
        gate=gate.id,
        area=gate.area,
        nonce=command.nonce,
        content=command.content,
        direction=command.direction,
        temperature_c=command.temperature_c,
        site=command.site,
        fever=outcome.fever,
        decision=outcome.answer.decision,
        reasons=outcome.answer.reasons,
        params=outcome.answer.params,
        resident=admission.resident if admission else None,
        label=admission.label if admission else None,
        household=admission.household if admission else None,
        pass_id=admission.id if admission else None,
        retest_of=found.retest_of.id if found.retest_of else None,
        scanned_at=command.scanned_at,
        recorded_at=now,
        late=now - command.scanned_at > SKEW,
        clock_skewed=command.scanned_at - now > SKEW or abs(command.skew_s or 0) > SKEW.total_seconds(),
        scanned_by=command.sender.account,
        taken_by=command.taken_by,
        happened_at=command.happened_at(now),
        done=outcome.answer.decision,
        decided_by=Decider.DEVICE if command.decided else Decider.SERVICE,
        disputed=outcome.disputed,
        device=command.sender.device,
        sequence=command.sequence,
        marks=found.marks,
        clock=command.clock,
        skew_s=command.skew_s,
    )


def _told(scan: Scan) -> GateScanned:
    return GateScanned(
        gate=scan.gate,
        direction=scan.direction,
        decision=scan.decision,
        reasons=list(scan.reasons),
        resident=scan.resident,
        label=scan.label,
        pass_id=scan.pass_id,
        temperature_c=scan.temperature_c,
        site=scan.site,
        fever=scan.fever,
        retest_of=scan.retest_of,
        scanned_at=scan.scanned_at,
        recorded_at=scan.recorded_at,
        late=scan.late,
        device=scan.device,
        sequence=scan.sequence,
        decided_by_device=scan.decided_by is Decider.DEVICE,
    )
