"""What identity's routes are given: the unit of work, the cabinet, the doorkeeper, the way to the broker."""

from typing import Annotated

from fastapi import Depends, Header, Request

from services.identity.api.cabinet import Cabinet
from services.identity.api.doorkeeper import Doorkeeper
from services.identity.api.provisioning import Provisioner
from services.identity.domain import Mandate
from services.identity.store import IdentityStore
from shared.contracts.values import Role
from shared.errors import DomainError, Kind
from shared.security.principal import Principal, Scope
from shared.web.auth import SignedIn, Staff
from shared.work import Work


async def _work(request: Request) -> Work[IdentityStore]:
    work: Work[IdentityStore] = request.app.state.runtime.work
    return work


async def _cabinet(request: Request) -> Cabinet:
    cabinet: Cabinet = request.app.state.runtime.parts["cabinet"]
    return cabinet


async def _doorkeeper(request: Request) -> Doorkeeper:
    doorkeeper: Doorkeeper = request.app.state.runtime.parts["doorkeeper"]
    return doorkeeper


async def _provisioner(request: Request) -> Provisioner:
    runtime = request.app.state.runtime
    return Provisioner(runtime.work, runtime.parts["broker"], runtime.parts["provision_due"])


async def _origin(request: Request) -> str:
    # The gateway drops what a client claims and writes the address it saw; it is the only way in.
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")


async def _staff_member(principal: SignedIn) -> Principal:
    if not principal.is_staff:
        raise DomainError(Kind.FORBIDDEN, "forbidden")
    return principal


Working = Annotated[Work[IdentityStore], Depends(_work)]
Cabinets = Annotated[Cabinet, Depends(_cabinet)]
Door = Annotated[Doorkeeper, Depends(_doorkeeper)]
Provisioning = Annotated[Provisioner, Depends(_provisioner)]
Origin = Annotated[str, Depends(_origin)]
AcceptLanguage = Annotated[str | None, Header(include_in_schema=False)]
StaffMember = Annotated[Principal, Depends(_staff_member)]
DeviceReader = Annotated[Scope, Depends(Staff(Role.PROPERTY_MANAGER, Role.ADMIN, Role.OFFICIAL, Role.COMMUNITY_WORKER))]
Reviewer = Annotated[Scope, Depends(Staff(Role.PROPERTY_MANAGER, Role.COMMUNITY_WORKER, Role.OFFICIAL))]


def mandates_of(principal: Principal) -> tuple[Mandate, ...]:
    """Return what a caller may do where, as the domain speaks of it."""
    return tuple(Mandate(one.role, one.area) for one in principal.grants)
