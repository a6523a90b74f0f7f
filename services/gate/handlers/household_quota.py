"""A resident looks whether the household's place is free, before asking to go out."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.gate.domain import Refusal, is_near, next_opening, quota_refusal
from services.gate.handlers.request_exit import resident_for
from services.gate.store import GateStore
from shared.errors import invalid


@dataclass(frozen=True)
class HouseholdQuota:
    """A question about an outing for supplies; `account`, `resident` and `zone` as in RequestExit."""

    account: str
    resident: str | None
    start: datetime
    zone: ZoneInfo


async def household_quota(query: HouseholdQuota, store: GateStore, now: datetime) -> Refusal | None:
    """Return what RequestExit would be refused with for want of a place, None if it is free. Takes nothing.

    Raises `period_invalid` for a start that no rule needs to look at, `not_verified` for an account without a resident.
    """
    resident = await resident_for(query.account, query.resident, store)
    if not is_near(query.start, now):
        raise invalid("start", "period_invalid")
    rules = await store.rules(resident.household)
    interval = int(rules.number("exit.interval_days", query.start))
    uses = await store.uses_of(resident.household)
    if next_opening(uses, query.start, interval, query.zone) == query.start:
        return None
    return quota_refusal(uses, query.start, interval, query.zone)
