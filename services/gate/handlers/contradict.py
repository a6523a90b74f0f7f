"""What gates did without asking: it stays as it happened, its pass follows it, and what does not fit is told."""

from collections.abc import Sequence
from datetime import datetime

from services.gate.domain import Decider, Pass, Passage, Scan, retraced
from services.gate.store import GateStore
from shared.contracts import Fact
from shared.contracts.gate import GateContradicted
from shared.contracts.values import Decision


async def let_through(scan: Scan, admission: Pass | None, store: GateStore) -> list[Fact]:
    """Make a pass follow a passage that became known late. Returns what is to be told if the service is against it."""
    earlier = await store.passages(admission.id) if admission else []
    told = _contradiction(scan, scan.disputed, scan.happened_at, earlier) if scan.disputed else None
    return await _follow(scan, admission, [*earlier, Passage.of(scan)], told, store)


async def done_otherwise(scan: Scan, done: Decision | None, at: datetime, store: GateStore) -> None:
    """Tell, once, that a device had not waited for its answer and did something else. The answer stays."""
    if done is None or done is scan.decision or scan.done is not scan.decision or scan.decided_by is Decider.DEVICE:
        return
    admission = await store.pass_(scan.pass_id) if scan.pass_id else None
    passages = await store.passages(admission.id) if admission else []
    others = [one for one in passages if one.scan != scan.id]
    told = _contradiction(scan, ("answer_ignored",), at, others)
    through = [*others, Passage.of(scan)] if done is Decision.ALLOW else others
    await store.note_done(scan.id, done, await _follow(scan, admission, through, told, store))


async def _follow(
    scan: Scan, admission: Pass | None, passages: Sequence[Passage], told: GateContradicted | None, store: GateStore
) -> list[Fact]:
    if admission is None:
        return [Fact(told, scan.id, scan.area, 2)] if told else []
    after = retraced(admission, passages)
    await store.save_pass(after, [])
    return [Fact(told, after.id, after.household, after.version)] if told else []


def _contradiction(
    scan: Scan, reasons: Sequence[str], happened_at: datetime, passages: Sequence[Passage]
) -> GateContradicted:
    earlier = [one for one in passages if one.direction is scan.direction]
    return GateContradicted(
        resident=scan.resident,
        label=scan.label,
        reasons=list(reasons),
        scans=[*(one.scan for one in earlier), scan.id],
        gates=[*(one.gate for one in earlier), scan.gate],
        happened_at=happened_at,
    )
