"""What the gate learns from others: residents, holds, devices. Late events change nothing; sequences tell."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.gate.domain import Device, Hold, Resident, Window
from services.gate.handlers.request_exit import RequestExit, request_exit
from services.gate.store import GateStore
from shared.contracts import Received
from shared.contracts.health import HoldLifted, HoldPlaced
from shared.contracts.identity import DeviceChanged, ResidentRemoved, ResidentVerified

ZONE = ZoneInfo("Asia/Shanghai")


async def project_verified(received: Received[ResidentVerified], store: GateStore, now: datetime) -> None:
    """Let a resident use the gates; decide the exit that came with the registration, as if asked for just now."""
    data = received.data
    resident = Resident(
        id=received.subject,
        sequence=received.sequence,
        active=True,
        label=data.label,
        household=received.area,
        accounts=tuple(data.accounts),
        id_lookup=data.id_lookup,
        birth_year=data.birth_year,
    )
    newest = await store.put_resident(resident)
    wish = data.first_exit
    if newest and wish and wish.end > now:
        window = Window(max(wish.start, received.time), wish.end)
        command = RequestExit(wish.id, resident.accounts[0], resident.id, window, wish.reason, ZONE)
        await request_exit(command, store, received.time)


async def project_removed(received: Received[ResidentRemoved], store: GateStore, now: datetime) -> None:
    """Close the gates to a resident who left; unused passes end. What remains is a stone that keeps late events out."""
    gone = Resident(
        id=received.subject,
        sequence=received.sequence,
        active=False,
        label="",
        household=received.area,
        accounts=(),
        id_lookup="",
        birth_year=0,
    )
    if await store.put_resident(gone):
        await store.revoke_passes(gone.id, now, now)


async def project_hold_placed(received: Received[HoldPlaced], store: GateStore, _now: datetime) -> None:
    """Obey a hold from the next decision on."""
    await store.put_hold(_hold(received, active=True))


async def project_hold_lifted(received: Received[HoldLifted], store: GateStore, _now: datetime) -> None:
    """Stop obeying a hold; the row stays, so that a late HoldPlaced does not bring it back."""
    await store.put_hold(_hold(received, active=False))


async def project_device(received: Received[DeviceChanged], store: GateStore, _now: datetime) -> None:
    """Let a device speak for its gate, or not any more."""
    data = received.data
    await store.put_device(
        Device(received.subject, received.sequence, data.active, data.kind, data.gate, received.area)
    )


def _hold(received: Received[HoldPlaced] | Received[HoldLifted], *, active: bool) -> Hold:
    data = received.data
    return Hold(
        id=received.subject,
        sequence=received.sequence,
        active=active,
        kind=data.kind,
        target=data.target,
        target_id=data.target_id,
        area=received.area,
        since=received.time,
    )
