"""The gates' devices: made, given another secret, revoked, signed in."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain import Device, KnownGate, Refused
from services.identity.store import IdentityStore
from shared.contracts import Fact, Received
from shared.contracts.area import COMPOUND_DEPTH, covers, depth
from shared.contracts.gate import GateAdded
from shared.contracts.identity import AccountChanged, DeviceChanged
from shared.contracts.values import DeviceKind, Grant, Role
from shared.errors import invalid, not_found


@dataclass(frozen=True)
class AddDevice:
    """A device to be, at a gate of a compound."""

    id: str
    kind: DeviceKind
    gate: str
    area: str
    label: str | None
    secret_hash: str


@dataclass(frozen=True)
class RotateDevice:
    """Another secret for a device, instead of the one it has."""

    device: str
    secret_hash: str


@dataclass(frozen=True)
class RevokeDevice:
    """A device that shall open nothing any more, such as a stolen one."""

    device: str


@dataclass(frozen=True)
class SignInByDevice:
    """A device's try to sign in. `proven` is the stored hash that the secret fits, None if it fits none."""

    device: str
    proven: str | None
    tries_key: str


async def add_device(command: AddDevice, store: IdentityStore, now: datetime) -> Device:
    """Store a device. Raises `device_area` unless the area is a compound, `gate_unknown` for no gate of that compound.

    Gates are known from the gate service's events, so that one made this instant may be unknown for a moment.
    """
    if depth(command.area) != COMPOUND_DEPTH:
        raise invalid("area", "device_area")
    gate = await store.known_gate(command.gate)
    if gate is None or not covers(command.area, gate.area):
        raise invalid("gate", "gate_unknown")
    device = Device(
        id=command.id,
        version=1,
        kind=command.kind,
        gate=command.gate,
        area=command.area,
        label=command.label,
        active=True,
        created_at=now,
        tokens_not_before=now,
        secret_hash=command.secret_hash,
    )
    await store.add_device(device, device_facts(device))
    return device


async def rotate_device(command: RotateDevice, store: IdentityStore, now: datetime) -> Device:
    """Give a device another secret; the old one and every token got with it are void. Raises `device_revoked`."""
    device = (await _known(command.device, store)).rotated(command.secret_hash, now)
    await store.save_device(device, device_facts(device))
    return device


async def revoke_device(command: RevokeDevice, store: IdentityStore, now: datetime) -> Device:
    """End a device's account for good. Repeating changes nothing."""
    device = await _known(command.device, store)
    if not device.active:
        return device
    revoked = device.revoked(now)
    await store.save_device(revoked, device_facts(revoked))
    return revoked


async def sign_in_device(command: SignInByDevice, store: IdentityStore, _now: datetime) -> Device | Refused:
    """Let a device in; the secret must be the one that stands now. There is no session: it signs in again."""
    device = await store.device(command.device)
    if device is None or not device.active or command.proven != device.secret_hash:
        return Refused.WRONG
    await store.forget_times("tries", command.tries_key)
    return device


async def project_gate(received: Received[GateAdded], store: IdentityStore, _now: datetime) -> None:
    """Know a gate, so that devices can be made for it."""
    await store.put_gate(KnownGate(received.subject, received.sequence, received.area))


def device_facts(device: Device) -> list[Fact]:
    """Tell of a device, and of the account that its tokens are about; both are the device's version."""
    changed = DeviceChanged(kind=device.kind, gate=device.gate, active=device.active)
    account = AccountChanged(
        active=device.active,
        grants=[Grant(role=Role.DEVICE, area=device.area)],
        tokens_not_before=device.tokens_not_before,
    )
    return [Fact(event, device.id, device.area, device.version) for event in (changed, account)]


async def _known(device_id: str, store: IdentityStore) -> Device:
    device = await store.device(device_id)
    if device is None:
        raise not_found()
    return device
