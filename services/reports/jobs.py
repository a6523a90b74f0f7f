"""What reports does by itself, beside events and requests."""

from services.reports.handlers import miss_clock
from services.reports.store import ReportsStore
from shared.service import Runtime
from shared.sweep import sweep


async def watch_clocks(runtime: Runtime) -> None:
    """Tell, for as long as the service lives, which clues' clocks have run out."""
    pause = runtime.settings.clock_sweep  # type: ignore[attr-defined]  # ReportsSettings
    await sweep(runtime, pause, ReportsStore.overdue, miss_clock)
