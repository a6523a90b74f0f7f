"""Every event adds to the figures of its compound's day."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.reports.domain import counted
from services.reports.store import ReportsStore
from shared.contracts import Event, Received

ZONE = ZoneInfo("Asia/Shanghai")


async def count_event(received: Received[Event], store: ReportsStore, _now: datetime) -> None:
    """Count an event on the local day it happened, however late it comes; the inbox makes it count once."""
    for one in counted(received.data, received.area, received.time.astimezone(ZONE)):
        await store.count(one)
