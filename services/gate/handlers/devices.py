"""Devices speak for their own gates, and are heard when nobody passes."""

from dataclasses import dataclass
from datetime import datetime

from services.gate.domain import Gate, Heartbeat
from services.gate.store import GateStore
from shared.contracts.area import covers
from shared.errors import DomainError, Kind, not_found


@dataclass(frozen=True)
class Sender:
    """Who speaks: an account, where it may act, and the device that it is, None for a guard."""

    account: str
    areas: tuple[str, ...]
    device: str | None = None


@dataclass(frozen=True)
class Hear:
    """A sign of life; `clock` is what the sender's clock shows."""

    sender: Sender
    gate: str
    waiting: int | None
    data_age_s: float | None
    clock: datetime | None


async def gate_of(sender: Sender, gate_id: str, store: GateStore) -> Gate:
    """Find the gate that somebody speaks for.

    Raises `device_unknown` for a device that is not known or revoked, `device_mismatch` for any gate but its own, and
    not_found for a gate outside the sender's areas.
    """
    if sender.device:
        device = await store.device(sender.device)
        if device is None:
            raise DomainError(Kind.FORBIDDEN, "device_unknown")
        if device.gate != gate_id:
            raise DomainError(Kind.FORBIDDEN, "device_mismatch")
    gate = await store.gate(gate_id)
    if gate is None or not any(covers(area, gate.area) for area in sender.areas):
        raise not_found()
    return gate


async def hear(command: Hear, store: GateStore, now: datetime) -> Heartbeat:
    """Keep a sender's last sign of life. Raises as `gate_of` does."""
    gate = await gate_of(command.sender, command.gate, store)
    heartbeat = Heartbeat(
        gate=gate.id,
        sender=command.sender.account,
        at=now,
        waiting=command.waiting,
        data_age_s=command.data_age_s,
        skew_s=(command.clock - now).total_seconds() if command.clock else None,
    )
    await store.put_heartbeat(heartbeat)
    return heartbeat
