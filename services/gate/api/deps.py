"""What the gate's routes are given: the unit of work and the pass office."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from services.gate.api.office import PassOffice
from services.gate.handlers import Sender
from services.gate.store import GateStore
from shared.contracts.values import Role
from shared.security.principal import Scope
from shared.web.auth import AtGate
from shared.work import Work


async def _work(request: Request) -> Work[GateStore]:
    work: Work[GateStore] = request.app.state.runtime.work
    return work


async def _office(request: Request) -> PassOffice:
    office: PassOffice = request.app.state.runtime.parts["office"]
    return office


async def _zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.runtime.settings.zone
    return zone


def sender_of(caller: Scope) -> Sender:
    """Say who speaks for a gate; an account with a device's grant is a device, whatever else it is."""
    device = caller.account if caller.principal.areas({Role.DEVICE}) else None
    return Sender(caller.account, caller.areas, device)


async def _sender(caller: AtGate) -> Sender:
    return sender_of(caller)


Working = Annotated[Work[GateStore], Depends(_work)]
Office = Annotated[PassOffice, Depends(_office)]
AtAGate = Annotated[Sender, Depends(_sender)]
"""Staff or a device at a gate, as the gate's handlers know them."""
Zone = Annotated[ZoneInfo, Depends(_zone)]
