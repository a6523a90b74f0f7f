"""A cause that is raised and ended in the same moment, by two processes that do not see each other's transaction."""

import asyncio
import secrets
from datetime import datetime

from services.alerts.domain import MACHINE, AlertKind, AlertState, Ending, Occurrence, alert_id
from services.alerts.handlers.raise_alert import EndCause, end_cause, raise_alert
from services.alerts.store import AlertsStore
from shared.clock import utc_now
from shared.ids import new_id
from shared.mongo import Mongo
from shared.work import Work
from tests.servers import Urls


async def test_neither_misses_the_other(servers: Urls) -> None:
    """The news that a gate is heard again would be lost, and its alert stay open for ever."""
    mongo = Mongo(servers.mongo, f"e{secrets.token_hex(4)}_alerts")
    await mongo.ensure_indexes(AlertsStore.INDEXES)
    work, gate, now = Work(mongo, AlertsStore, utc_now), new_id("gate"), utc_now()
    alert = alert_id(AlertKind.GATE_SILENT, gate)
    silent = Occurrence(AlertKind.GATE_SILENT, gate, "w.j.c01", "东门", {}, now, 2)
    heard = EndCause((alert,), Ending(gate, 3, "heard", MACHINE, now))
    raised, go_on = asyncio.Event(), asyncio.Event()

    async def raise_slowly(one: Occurrence, store: AlertsStore, at: datetime) -> None:
        await raise_alert(one, store, at)
        raised.set()
        await go_on.wait()

    raising = asyncio.create_task(work.run(raise_slowly, silent))
    await raised.wait()
    ending = asyncio.create_task(work.run(end_cause, heard))
    await asyncio.wait({ending}, timeout=0.3)
    go_on.set()
    await asyncio.gather(raising, ending)

    kept = await work.view(lambda store: store.alert(alert))
    assert kept
    assert kept.state is AlertState.RESOLVED
    mongo.close()
