"""Gates, and who is outside."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.gate.api.deps import Working
from services.gate.domain import Gate, Pass
from services.gate.handlers import AddGate, add_gate
from shared.contracts.area import AreaPath
from shared.contracts.values import ExitReason
from shared.fields import ShortText, Time
from shared.ids import new_id
from shared.web.auth import AnyStaff, ManagerOrAdmin
from shared.web.idempotency import Once
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1", tags=["gates"], route_class=StrictRoute)


class NewGate(Body):
    """A gate of a compound."""

    area: AreaPath
    name: ShortText


class GateView(BaseModel):
    """A gate; `last_heard` by a scan or heartbeat, `silent_since` then if that is too long ago."""

    id: str
    area: str
    name: str
    last_heard: Time | None = None
    silent_since: Time | None = None

    @classmethod
    def of(cls, gate: Gate, last_heard: datetime | None = None) -> "GateView":
        """Translate a gate."""
        return cls(id=gate.id, area=gate.area, name=gate.name, last_heard=last_heard, silent_since=gate.silent_since)


class OutingView(BaseModel):
    """Somebody who is outside just now; `overdue` when the window has ended."""

    pass_id: str
    label: str
    household: str
    reason: ExitReason
    out_at: Time | None
    due: Time
    overdue: bool

    @classmethod
    def of(cls, admission: Pass, now: Time) -> "OutingView":
        """Translate the pass somebody went out with."""
        return cls(
            pass_id=admission.id,
            label=admission.label,
            household=admission.household,
            reason=admission.reason,
            out_at=admission.out_at,
            due=admission.end,
            overdue=now > admission.end,
        )


@router.post("/gates", status_code=201)
async def create(body: NewGate, caller: ManagerOrAdmin, once: Once, work: Working) -> GateView:
    """Add a gate to a compound."""
    caller.require(body.area)
    command = AddGate(new_id("gate"), body.area, body.name)
    if once is None:
        return GateView.of(await work.run(add_gate, command))
    kept = await work.run_once(once, add_gate, command, lambda gate: GateView.of(gate).model_dump(mode="json"))
    return GateView.model_validate(kept)


@router.get("/gates")
async def gates(caller: AnyStaff, page: PageOf, work: Working) -> Page[GateView]:
    """List the gates in the caller's areas, and when each was last heard."""
    found = await work.view(lambda store: store.gates_in(caller.areas, page.after, page.limit + 1))
    items = [GateView.of(gate, heard) for gate, heard in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/outings")
async def outings(
    area: Annotated[AreaPath, Query()],
    caller: AnyStaff,
    page: PageOf,
    work: Working,
    overdue: Annotated[bool, Query()] = False,  # noqa: FBT002  # a filter of the list
) -> Page[OutingView]:
    """List who is outside now, or only those who should be back."""
    caller.require(area)
    found = await work.view(lambda store: store.outside(area, page.after, page.limit + 1))
    now = work.clock()
    views = [OutingView.of(one, now) for one in found[: page.limit]]
    items = [one for one in views if one.overdue] if overdue else views
    return Page(items=items, next=views[-1].pass_id if len(found) > page.limit else None)
