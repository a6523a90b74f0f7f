"""Something shows that needs an official."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.domain import MACHINE, Alert, AlertState, Change, Ending, Occurrence, What, above
from services.alerts.store import AlertsStore
from shared.contracts import Fact
from shared.contracts.alerts import AlertMoved, AlertRaised
from shared.contracts.area import chain, depth

COMMUNITY_DEPTH = 2


@dataclass(frozen=True)
class EndCause:
    """A cause ended by itself: these alerts of it, if there are any, need nobody any more."""

    alerts: tuple[str, ...]
    ending: Ending


async def raise_alert(one: Occurrence, store: AlertsStore, now: datetime) -> Alert:
    """Open an alert, or count another occurrence of one. At once the turn passes upwards if nobody works there.

    An occurrence that comes after its cause's end, but happened before it, is told and resolved in the same breath.
    """
    due, before, near = await asyncio.gather(
        _turn_ends(one.area, store, now), store.alert(one.alert), _anybody_near(one, store)
    )
    if before is None:
        what, after = What.RAISED, Alert.first(one, now, due)
    else:
        after = before.again(one, due)
        what = What.REOPENED if before.state is AlertState.RESOLVED else What.REPEATED
    await _save(Change(before, after, what, now, MACHINE), store)

    ending = await store.ending(one.cause, now)
    if ending and ending.sequence > after.cause_sequence:
        return await _end(after, ending, store, now)
    if what is not What.REPEATED and above(after.level) and not near:
        # The community is passed over with the compound: nobody works in either.
        top = list(chain(after.area))[-1]
        return await _pass_on(after, top, store, now)
    return after


async def escalate(alert_id: str, store: AlertsStore, now: datetime) -> Alert | None:
    """Pass the turn to the area above if the alert still waits and its time is up; of many at once one does it."""
    alert = await store.alert(alert_id)
    if alert is None or alert.state is not AlertState.OPEN or not alert.escalate_at or alert.escalate_at > now:
        return None
    level = above(alert.level)
    return await _pass_on(alert, level, store, now) if level else None


async def end_cause(command: EndCause, store: AlertsStore, now: datetime) -> None:
    """Resolve what rested on a cause that ended; an occurrence after the end keeps its alert open."""
    await store.put_ending(command.ending)
    for alert_id in command.alerts:
        alert = await store.alert(alert_id)
        if alert and alert.cause_sequence < command.ending.sequence:
            await _end(alert, command.ending, store, now)


async def save_move(change: Change, store: AlertsStore) -> Alert:
    """Store what was done about an alert and tell of it; a step that changes nothing is not told."""
    if change.after != change.before:
        await _save(change, store)
    return change.after


async def retention_ends(area: str, store: AlertsStore, now: datetime) -> datetime:
    """Say when an alert resolved now is removed: it holds temperatures, which are kept for so long."""
    rules = await store.rules(area)
    return now + timedelta(days=rules.number("presence.retention_days", now))


async def _end(alert: Alert, ending: Ending, store: AlertsStore, now: datetime) -> Alert:
    if alert.state is AlertState.RESOLVED:
        return alert
    expires = await retention_ends(alert.area, store, now)
    after = alert.resolved(ending.outcome, ending.by, now, expires)
    return await save_move(Change(alert, after, What.RESOLVED, now, ending.by), store)


async def _pass_on(alert: Alert, level: str, store: AlertsStore, now: datetime) -> Alert:
    after = alert.escalated(level, await _turn_ends(alert.area, store, now))
    return await save_move(Change(alert, after, What.ESCALATED, now, MACHINE), store)


async def _turn_ends(area: str, store: AlertsStore, now: datetime) -> datetime:
    rules = await store.rules(area)
    return now + timedelta(minutes=rules.number("alert.escalate_minutes", now))


async def _anybody_near(one: Occurrence, store: AlertsStore) -> bool:
    near = [area for area in chain(one.area) if depth(area) >= COMMUNITY_DEPTH]
    return await store.anybody_on(near, one.kind)


async def _save(change: Change, store: AlertsStore) -> None:
    after = change.after
    event = {
        What.RAISED: AlertRaised(kind=after.kind, cause=after.cause),
        What.REPEATED: None,
    }.get(change.what, AlertMoved(state=change.what.value, moved_by=change.by))
    facts = [Fact(event, after.id, after.area, after.version)] if event else []
    await store.save_change(change, facts)
