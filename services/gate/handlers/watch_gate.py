"""A gate falls silent, and is heard again."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from services.gate.domain import Gate, is_silent
from services.gate.store import GateStore
from shared.contracts import Fact
from shared.contracts.gate import GateHeard, GateSilent

PAGE = 200


async def gates_to_judge(zone: ZoneInfo, store: GateStore, now: datetime, limit: int) -> list[str]:
    """Find the gates that fell silent or were heard again and of which this has not been told yet."""
    due: list[str] = []
    page, after = PAGE, ""
    while page == PAGE and len(due) < limit:
        found = await store.heard_gates(after, PAGE)
        due += [gate.id for gate, heard in found if await _changed(gate, heard, zone, store, now)]
        page, after = len(found), found[-1][0].id if found else ""
    return due[:limit]


async def judge_gate(zone: ZoneInfo, gate_id: str, store: GateStore, now: datetime) -> None:
    """Mark a gate as silent or heard and tell so. Judged anew, so that it is told once whoever else looks."""
    gate, heard = await store.gate(gate_id), await store.last_heard(gate_id)
    if gate is None or heard is None or not await _changed(gate, heard, zone, store, now):
        return
    silent = gate.silent_since is None
    judged = replace(gate, version=gate.version + 1, silent_since=heard if silent else None)
    told = (
        GateSilent(gate_name=gate.name, last_heard=heard) if silent else GateHeard(gate_name=gate.name, heard_at=heard)
    )
    await store.save_gate(judged, [Fact(told, gate.id, gate.area, judged.version)])


async def _changed(gate: Gate, heard: datetime | None, zone: ZoneInfo, store: GateStore, now: datetime) -> bool:
    if heard is None:
        return False
    if gate.silent_since is not None:
        return heard > gate.silent_since
    return is_silent(heard, now, await store.rules(gate.area), zone)
