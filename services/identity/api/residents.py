"""Registration, its review, and what becomes of a resident."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.identity.api.cabinet import Cabinet
from services.identity.api.deps import AcceptLanguage, Cabinets, Reviewer, Working
from services.identity.api.gate_door import GateDoor
from services.identity.api.resident_views import (
    Decision,
    Look,
    Registration,
    RegistrationView,
    ResidentView,
    Revealed,
    ReviewItem,
)
from services.identity.domain import Status, Wish, birth_year, household
from services.identity.handlers import (
    DecideResident,
    Register,
    Registered,
    RevealResident,
    register,
    reject_resident,
    remove_resident,
    reveal_resident,
    verify_resident,
)
from services.identity.store import IdentityStore
from shared.contracts.area import AreaPath
from shared.contracts.values import Role
from shared.errors import DomainError, Kind, not_found
from shared.ids import is_id, new_id
from shared.security.masking import mask_name
from shared.security.principal import Principal, Scope
from shared.texts import preferred
from shared.web.auth import Manager, SignedIn, Worker
from shared.web.auth import Resident as ResidentAccount
from shared.web.idempotency import Once
from shared.web.paging import Page, PageOf
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/residents", tags=["residents"], route_class=StrictRoute)

MAY_SPEAK_FOR = frozenset({Role.COMMUNITY_WORKER, Role.VOLUNTEER})


class Mine(ResidentView):
    """The caller's own registration, and those of others they act for."""

    others: list[ResidentView]


@router.post("", status_code=201, response_model_exclude_unset=True)
async def create(
    body: Registration,
    caller: SignedIn,
    once: Once,
    request: Request,
    response: Response,
    work: Working,
    cabinet: Cabinets,
    accept_language: AcceptLanguage = None,
) -> RegistrationView:
    """Register once; verified by machine where the roster agrees. 200 when this registration is there already."""
    command = _command(body, caller, cabinet)
    if once is None:
        kept = _kept(await work.run(register, command))
    else:
        kept = await work.run_once(once, register, command, _kept)
    if not kept["created"]:
        response.status_code = 200
    answer = {key: kept[key] for key in ("id", "status", "reasons", "household")}
    if kept["exit"]:
        gate: GateDoor = request.app.state.runtime.parts["gate"]
        decided = await gate.exit(kept["exit"], request.headers["authorization"], accept_language)
        answer["exit"] = decided or {"id": kept["exit"], "status": "requested"}
    return RegistrationView.of(answer, preferred(accept_language))


@router.get("/me")
async def me(caller: ResidentAccount, work: Working, cabinet: Cabinets, accept_language: AcceptLanguage = None) -> Mine:
    """Show the caller's own registration, masked; `others` are those they registered."""
    found = await work.view(lambda store: store.residents_of(caller.account))
    if not found:
        raise not_found()
    own = min(found, key=lambda one: (one.on_behalf or one.accounts[0] != caller.account, not one.live))
    language = preferred(accept_language)
    views = {one.id: ResidentView.of(one, cabinet, language) for one in found}
    return Mine(**views.pop(own.id).model_dump(), others=list(views.values()))


@router.get("")
async def review(
    area: Annotated[AreaPath, Query()],
    caller: Manager,
    page: PageOf,
    work: Working,
    cabinet: Cabinets,
    status: Annotated[Status, Query()] = Status.PENDING,
    accept_language: AcceptLanguage = None,
) -> Page[ReviewItem]:
    """List an area's registrations of one status; the pending ones beside the roster entries that look alike."""
    caller.require(area)
    language = preferred(accept_language)

    async def ask(store: IdentityStore) -> list[ReviewItem]:
        found = await store.residents_in(area, status, page.after, page.limit + 1)
        items = []
        for one in found:
            compared = one.status is Status.PENDING and one.name and one.id_number
            alike = (
                await store.alike(one.compound, one.household, one.name, one.id_number)
                if compared and one.name and one.id_number
                else []
            )
            items.append(ReviewItem.seen(one, alike, cabinet, language))
        return items

    found = await work.view(ask)
    items = found[: page.limit]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/{resident_id}")
async def read(
    resident_id: str, caller: Reviewer, work: Working, cabinet: Cabinets, accept_language: AcceptLanguage = None
) -> ResidentView:
    """Show one registration of the caller's areas, masked."""
    if not is_id(resident_id, "res"):
        raise not_found()
    resident = await work.view(lambda store: store.resident(resident_id))
    if resident is None:
        raise not_found()
    caller.require(resident.household)
    return ResidentView.of(resident, cabinet, preferred(accept_language))


@router.post("/{resident_id}/verify")
async def verify(
    resident_id: str, caller: Manager, work: Working, cabinet: Cabinets, accept_language: AcceptLanguage = None
) -> ResidentView:
    """Let a pending resident in."""
    resident = await work.run(verify_resident, _decision(resident_id, caller))
    return ResidentView.of(resident, cabinet, preferred(accept_language))


@router.post("/{resident_id}/reject")
async def reject(
    resident_id: str,
    body: Decision,
    caller: Manager,
    work: Working,
    cabinet: Cabinets,
    accept_language: AcceptLanguage = None,
) -> ResidentView:
    """Turn a pending registration down; the resident sees the reason."""
    resident = await work.run(reject_resident, _decision(resident_id, caller, body.reason))
    return ResidentView.of(resident, cabinet, preferred(accept_language))


@router.post("/{resident_id}/remove")
async def remove(
    resident_id: str,
    _body: Decision,
    caller: Reviewer,
    work: Working,
    cabinet: Cabinets,
    accept_language: AcceptLanguage = None,
) -> ResidentView:
    """Forget a resident who has left; every service is told."""
    resident = await work.run(remove_resident, _decision(resident_id, caller))
    return ResidentView.of(resident, cabinet, preferred(accept_language))


@router.post("/{resident_id}/reveal")
async def reveal(resident_id: str, body: Look, caller: Worker, work: Working, cabinet: Cabinets) -> Revealed:
    """Show one person's full values; who looked and why is written down first."""
    decision = _decision(resident_id, caller)
    command = RevealResident(new_id("aud"), decision.resident, caller.account, caller.areas, body.reason)
    return Revealed.of(await work.run(reveal_resident, command), cabinet)


def _command(body: Registration, caller: Principal, cabinet: Cabinet) -> Register:
    if caller.is_staff:
        if not (body.on_behalf and caller.areas(MAY_SPEAK_FOR)):
            raise DomainError(Kind.FORBIDDEN, "forbidden")
        Scope(caller, MAY_SPEAK_FOR).require(body.area)
    wish = Wish(new_id("exit"), body.exit.start, body.exit.end, body.exit.reason) if body.exit else None
    return Register(
        id=new_id("res"),
        account=caller.account,
        household=household(body.area, body.room.building, body.room.unit or "", body.room.room),
        label=mask_name(body.name),
        name=cabinet.seal("name", body.name),
        id_number=cabinet.seal("id_number", body.id_number),
        birth_year=birth_year(body.id_number),
        on_behalf=body.on_behalf,
        by_staff=caller.is_staff,
        wish=wish,
    )


def _kept(outcome: Registered) -> dict[str, Any]:
    resident = outcome.resident
    asked = resident.wish if resident.status is Status.VERIFIED else None
    return {
        "id": resident.id,
        "status": resident.status.value,
        "reasons": list(resident.reasons),
        "household": resident.household,
        "exit": asked.id if asked else None,
        "created": outcome.created,
    }


def _decision(resident_id: str, caller: Scope, reason: str | None = None) -> DecideResident:
    if not is_id(resident_id, "res"):
        raise not_found()
    return DecideResident(resident_id, caller.account, caller.areas, reason)
