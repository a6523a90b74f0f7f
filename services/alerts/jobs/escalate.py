"""The escalation clock."""

from datetime import timedelta

from services.alerts.handlers import escalate
from services.alerts.store import AlertsStore
from shared.service import Runtime
from shared.sweep import sweep

PAUSE = timedelta(seconds=1)


async def escalate_due(runtime: Runtime) -> None:
    """Pass on what nobody acknowledged in time."""
    await sweep(runtime, PAUSE, AlertsStore.due_alerts, escalate)
