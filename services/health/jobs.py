"""What health does by itself, beside events and requests."""

from services.health.handlers import raise_unretested
from services.health.store import HealthStore
from shared.service import Runtime
from shared.sweep import sweep


async def watch_retests(runtime: Runtime) -> None:
    """Raise, for as long as the service lives, the fevers whose retest is overdue."""
    pause = runtime.settings.retest_sweep  # type: ignore[attr-defined]  # HealthSettings
    await sweep(runtime, pause, HealthStore.unretested, raise_unretested)
