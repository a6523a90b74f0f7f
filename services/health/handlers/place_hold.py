"""An official seals a compound or puts a person or household under observation."""

from dataclasses import dataclass
from datetime import datetime

from services.health.domain import Hold, require_target
from services.health.handlers.raise_fever import placed
from services.health.store import HealthStore
from shared.contracts import Fact
from shared.contracts.area import covers
from shared.contracts.values import HoldKind, HoldTarget
from shared.errors import not_found
from shared.projections import Resident

ORDER = "order"
"""The cause of a hold that a person decided."""


@dataclass(frozen=True)
class PlaceHold:
    """A hold by order, with its reason. `areas` is where the official may act."""

    id: str
    kind: HoldKind
    target: HoldTarget
    target_id: str
    reason: str
    by: str
    areas: tuple[str, ...]


async def place_hold(command: PlaceHold, store: HealthStore, now: datetime) -> Hold:
    """Place a hold. The same kind on the same target twice is refused with `already_exists`.

    Raises not_found outside the official's areas, `hold_target` for an area of the wrong level.
    """
    resident = await store.resident(command.target_id) if command.target is HoldTarget.RESIDENT else None
    area = _area(command, resident)
    if area is None or not any(covers(mine, area) for mine in command.areas):
        raise not_found()
    require_target(command.target, command.target_id)
    hold = Hold(
        id=command.id,
        version=1,
        active=True,
        kind=command.kind,
        target=command.target,
        target_id=command.target_id,
        area=area,
        label=resident.label if resident else None,
        cause=ORDER,
        reason=command.reason,
        placed_by=command.by,
        placed_at=now,
    )
    await store.add_hold(hold, [Fact(placed(hold), hold.id, hold.area, hold.version)])
    return hold


def _area(command: PlaceHold, resident: Resident | None) -> str | None:
    if command.target is HoldTarget.RESIDENT:
        return resident.household if resident else None
    return command.target_id
