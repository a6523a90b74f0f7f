"""Somebody takes an alert, gives it to somebody, or is done with it."""

from dataclasses import dataclass
from datetime import datetime

from services.alerts.domain import Alert, Change, ResolvedAs, Sight, What
from services.alerts.handlers.raise_alert import retention_ends, save_move
from services.alerts.store import AlertsStore
from shared.errors import invalid, not_found


@dataclass(frozen=True)
class Acknowledge:
    """`by` has seen an alert. `sight` is what the caller is shown."""

    alert: str
    by: str
    sight: Sight


@dataclass(frozen=True)
class Assign(Acknowledge):
    """`to` is to see to an alert."""

    to: str


@dataclass(frozen=True)
class Resolve(Acknowledge):
    """`by` is done with an alert."""

    outcome: ResolvedAs


async def acknowledge(command: Acknowledge, store: AlertsStore, now: datetime) -> Alert:
    """Stop the escalation clock. Twice is once. Raises `alert_state`."""
    alert = await _found(command, store)
    after = alert.acknowledged(command.by, now)
    return await save_move(Change(alert, after, What.ACKNOWLEDGED, now, command.by), store)


async def assign(command: Assign, store: AlertsStore, now: datetime) -> Alert:
    """Give an alert to an account that works there. Raises `assignee_not_here`, `alert_state`."""
    alert = await _found(command, store)
    assignee = await store.account(command.to)
    if assignee is None or not assignee.sees([alert.kind], alert.area):
        raise invalid("to", "assignee_not_here")
    after = alert.assigned(command.to, command.by, now)
    return await save_move(Change(alert, after, What.ASSIGNED, now, command.by), store)


async def resolve(command: Resolve, store: AlertsStore, now: datetime) -> Alert:
    """End an alert. With the same outcome twice is once. Raises `alert_state`."""
    alert = await _found(command, store)
    expires = await retention_ends(alert.area, store, now)
    after = alert.resolved(command.outcome.value, command.by, now, expires)
    return await save_move(Change(alert, after, What.RESOLVED, now, command.by), store)


async def _found(command: Acknowledge, store: AlertsStore) -> Alert:
    alert = await store.alert(command.alert)
    if alert is None or not command.sight.sees([alert.kind], alert.area):
        raise not_found()
    return alert
