"""The watch over the gates."""

from functools import partial

from services.gate.handlers import gates_to_judge, judge_gate
from shared.service import Runtime
from shared.sweep import sweep


async def watch_gates(runtime: Runtime) -> None:
    """Notice, for as long as the service lives, gates that fall silent and gates that are heard again."""
    pause = runtime.settings.silence_sweep  # type: ignore[attr-defined]  # GateSettings
    zone = runtime.settings.zone
    await sweep(runtime, pause, partial(gates_to_judge, zone), partial(judge_gate, zone))
