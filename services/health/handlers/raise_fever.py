"""A reading is a fever: its case, its alert, its hold. Part of every use case that may find one."""

import asyncio
from datetime import datetime

from services.health.domain import MACHINE, FeverCase, Hold, Reading, opened
from services.health.handlers.clear_hold import answered
from services.health.store import HealthStore
from shared.contracts import Fact
from shared.contracts.health import FeverAlert, FeverMoved, HoldPlaced
from shared.contracts.values import HoldKind, HoldTarget
from shared.errors import conflict
from shared.ids import new_id


async def raise_fever(reading: Reading, store: HealthStore, now: datetime, *, not_retested: bool = False) -> str:
    """Bring a fever to its case, alert, and hold the person; returns the case's id. Called once for each reading.

    A resident has one open case, which the next fevers join; a stranger gets a case of their own and no hold. A fever
    that comes after the clearance that answers it is told like any other, and holds nobody again.
    """
    case, is_answered = await _before(reading, store, now)
    held = False
    if case is None:
        case = opened(new_id("fever"), reading, now, not_retested=not_retested)
        suspected = FeverMoved(state=case.state.value, moved_by=MACHINE)
        # The alert goes first: nobody waits for the other.
        facts = [_alert(case, reading, case.version - 1), Fact(suspected, case.id, case.area, case.version)]
        await store.add_case(case, facts)
    else:
        joined = case.joined(reading)
        if not await store.change_case(joined, case, [_alert(joined, reading, joined.version)]):
            raise conflict("version_conflict")
        hold = await store.hold_of_case(case.id)
        held = hold is not None and hold.active
    if reading.resident and not held and not is_answered:
        await _hold(reading.resident, case, reading, store, now)
    return case.id


async def _before(reading: Reading, store: HealthStore, now: datetime) -> tuple[FeverCase | None, bool]:
    """Return the open case of the person measured, and whether the fever was answered before it came."""
    if reading.resident is None:
        return None, False
    return await asyncio.gather(store.open_case(reading.resident), answered(reading, reading.resident, store, now))


def _alert(case: FeverCase, reading: Reading, sequence: int) -> Fact:
    alert = FeverAlert(
        reading=reading.id,
        resident=reading.resident,
        label=reading.label,
        temperature_c=reading.temperature_c,
        site=reading.site,
        gate=reading.gate,
        measured_at=reading.measured_at,
        late=reading.late,
    )
    return Fact(alert, case.id, reading.area, sequence)


async def _hold(resident: str, case: FeverCase, reading: Reading, store: HealthStore, now: datetime) -> None:
    hold = Hold(
        id=new_id("hold"),
        version=1,
        active=True,
        kind=HoldKind.FEVER,
        target=HoldTarget.RESIDENT,
        target_id=resident,
        area=reading.area,
        label=reading.label,
        cause=case.id,
        reason=None,
        placed_by=MACHINE,
        placed_at=now,
    )
    await store.add_hold(hold, [Fact(placed(hold), hold.id, hold.area, hold.version)])


def placed(hold: Hold) -> HoldPlaced:
    """Tell that a hold stands."""
    return HoldPlaced(
        kind=hold.kind, target=hold.target, target_id=hold.target_id, cause=hold.cause, placed_by=hold.placed_by
    )
