"""A worker ends a hold, on a ground that is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.health.domain import Basis, Hold, Lifting, Reading, clears
from services.health.store import HealthStore
from shared.contracts import Fact
from shared.contracts.area import covers
from shared.contracts.health import HoldLifted
from shared.contracts.settings import Rules
from shared.errors import conflict, not_found

LOOK_BACK = 500
"""So many readings of a person are looked at: months of daily ones, and the last fever counts."""


@dataclass(frozen=True)
class ClearHold:
    """The end of a hold, with its basis. `areas` is where the caller may act on a hold that ends this way."""

    hold: str
    basis: Basis
    note: str | None
    by: str
    areas: tuple[str, ...]


async def clear_hold(command: ClearHold, store: HealthStore, now: datetime) -> Hold:
    """Lift a hold. Clearing it twice is once; the first basis stays.

    Raises not_found outside the caller's areas, `hold_basis` for a basis that does not fit the kind,
    `readings_missing` unless two normal readings after the last fever lie far enough apart.
    """
    hold = await store.hold(command.hold)
    if hold is None or not any(covers(area, hold.area) for area in command.areas):
        raise not_found()
    if not hold.active:
        return hold
    hold.require_basis(command.basis)
    if command.basis is Basis.TWO_READINGS:
        await _require_readings(hold, store, now)
    return await lift(hold, Lifting(command.basis, command.by, now, command.note), store)


async def lift(hold: Hold, lifting: Lifting, store: HealthStore) -> Hold:
    """End a hold and tell it, unless it has ended."""
    lifted = hold.lift(lifting)
    told = HoldLifted(
        kind=hold.kind,
        target=hold.target,
        target_id=hold.target_id,
        basis=lifting.basis.value,
        lifted_by=lifting.by,
    )
    if not await store.lift_hold(lifted, [Fact(told, hold.id, hold.area, lifted.version)]):
        return hold
    return lifted


async def _require_readings(hold: Hold, store: HealthStore, now: datetime) -> None:
    rules = await store.rules(hold.area)
    readings = await store.readings_of(hold.target_id, LOOK_BACK)
    if not _clear(readings, rules, now):
        raise conflict("readings_missing", hours=f"{rules.number('hold.clear_hours', now):g}")


async def answered(fever: Reading, resident: str, store: HealthStore, now: datetime) -> bool:
    """Tell whether a fever that came late was answered before it came: the person was cleared after it was measured.

    Somebody's word answers it. Two normal readings do if they would have cleared the person with this fever known.
    """
    bases = await store.bases_since(resident, fever.measured_at)
    if bases != {Basis.TWO_READINGS}:
        return bool(bases)
    readings = await store.readings_of(resident, LOOK_BACK)
    return _clear([fever, *readings], await store.rules(fever.area), now)


def _clear(readings: Sequence[Reading], rules: Rules, now: datetime) -> bool:
    apart = timedelta(hours=rules.number("hold.clear_hours", now))
    return clears(readings, rules.number("fever.threshold_c", now), apart)
