"""Somebody waits for alerts, or waits no more."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.alerts.domain import AlertKind, Subscription, subscription_id
from services.alerts.store import AlertsStore
from shared.errors import conflict, not_found

MOST = 100
"""Subscriptions of one account: each costs a row for every alert, whether or not anybody reads it."""


@dataclass(frozen=True)
class Subscribe:
    """An account wants the alerts of an area, of some kinds that it is shown there."""

    account: str
    area: str
    kinds: tuple[AlertKind, ...]


@dataclass(frozen=True)
class Unsubscribe:
    """An account wants no more."""

    account: str
    subscription: str


async def subscribe(command: Subscribe, store: AlertsStore, now: datetime) -> Subscription:
    """Make sure of the subscription: what is there already stays as it is, what was ended goes on with its sequence.

    Raises `too_many_subscriptions`.
    """
    own_id = subscription_id(command.account, command.area, command.kinds)
    known = await store.subscription(own_id)
    if known and known.live:
        return known
    if known is None or known.deleted:
        others = await store.subscriptions_of(command.account, None, MOST)
        if len(others) >= MOST:
            raise conflict("too_many_subscriptions", most=str(MOST))
    fresh = Subscription(own_id, command.account, command.area, command.kinds, now)
    subscription = replace(known, deleted=False, suspended=False) if known else fresh
    await store.save_subscription(subscription)
    return subscription


async def unsubscribe(command: Unsubscribe, store: AlertsStore, _now: datetime) -> None:
    """End a subscription; its open streams end with it. Raises not_found for one that is not the caller's."""
    known = await store.subscription(command.subscription)
    if known is None or known.deleted or known.account != command.account:
        raise not_found()
    await store.save_subscription(replace(known, deleted=True))
