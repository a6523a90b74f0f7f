"""A compound gets a gate."""

from dataclasses import dataclass
from datetime import datetime

from services.gate.domain import Gate
from services.gate.store import GateStore
from shared.contracts import Fact
from shared.contracts.area import COMPOUND_DEPTH, depth
from shared.contracts.gate import GateAdded
from shared.errors import invalid


@dataclass(frozen=True)
class AddGate:
    """A gate to be."""

    id: str
    area: str
    name: str


async def add_gate(command: AddGate, store: GateStore, _now: datetime) -> Gate:
    """Store a gate. Raises `gate_area` unless the area is a compound."""
    if depth(command.area) != COMPOUND_DEPTH:
        raise invalid("area", "gate_area")
    gate = Gate(command.id, command.area, command.name)
    await store.add_gate(gate, [Fact(GateAdded(gate_name=gate.name), gate.id, gate.area, gate.version)])
    return gate
