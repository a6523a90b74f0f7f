"""What a gate takes with it into an outage."""

from datetime import datetime, timedelta

from services.gate.domain import Gate, OfflineData, held_holders, targets_groups
from services.gate.domain.entities import HOME_AGAIN
from services.gate.store import GateStore

MOST_REVOKED = 5000
MOST_OUTSIDE = 20_000


async def offline_data(gate: Gate, store: GateStore, now: datetime) -> OfflineData:
    """Collect everything with which a gate decides alone, as of now."""
    rules = await store.rules(gate.area)
    holds = await store.holds_beneath(gate.area)
    residents = await store.residents_beneath(gate.area) if targets_groups(holds) else []
    outside = await store.outside(gate.area, None, MOST_OUTSIDE)
    return OfflineData(
        gate=gate.id,
        area=gate.area,
        at=now,
        fresh_until=now + timedelta(hours=rules.number("gate.offline_hours", now)),
        threshold_c=rules.number("fever.threshold_c", now),
        retest_minutes=rules.number("gate.retest_minutes", now),
        fever_locks_out=rules.flag("gate.fever_locks_out", now),
        revoked=tuple(await store.revocations(gate.area, MOST_REVOKED)),
        held=held_holders(holds, residents),
        outside=tuple(one.id for one in outside),
        ended=tuple(await store.ended_passes(gate.area, now - HOME_AGAIN)),
    )
