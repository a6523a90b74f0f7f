"""Live streams: woken as their feeds grow, ended as their accounts fall."""

import asyncio
from contextlib import suppress
from functools import partial

import stamina

from services.alerts.api.hub import Hub, Listener
from services.alerts.domain import Account, Subscription
from services.alerts.store import AlertsStore, feed_growth
from shared.errors import Transient
from shared.service import Runtime

REVIEW_SECONDS = 2


def _hub(runtime: Runtime) -> Hub:
    hub: Hub = runtime.parts["hub"]
    return hub


async def watch_feeds(runtime: Runtime) -> None:
    """Wake streams as any process writes into their feeds; this one needs not be told by the database first."""
    hub = _hub(runtime)
    runtime.work.grown = hub.wake
    while True:
        async for attempt in stamina.retry_context(
            on=Transient, attempts=None, timeout=None, wait_initial=0.1, wait_max=2.0
        ):
            with attempt:
                async for grown in feed_growth(runtime.mongo):
                    if grown is None:
                        hub.wake_all()
                    else:
                        hub.wake_behind(*grown)


async def review_streams(runtime: Runtime) -> None:
    """Every two seconds, in two questions for all streams: end what does not stand any more, wake what is behind."""
    hub = _hub(runtime)
    while True:
        await asyncio.sleep(REVIEW_SECONDS)
        if listeners := hub.listeners:
            with suppress(Transient):
                hub.review(listeners, *await runtime.work.view(partial(_facts, listeners)))


async def close_streams(runtime: Runtime) -> None:
    """End every stream as soon as the process is asked to stop."""
    await runtime.stopping.wait()
    _hub(runtime).close()


async def _facts(listeners: list[Listener], store: AlertsStore) -> tuple[list[Account], list[Subscription]]:
    accounts = await store.accounts(list({one.account for one in listeners}))
    return accounts, await store.subscriptions(list({one.subscription for one in listeners}))
