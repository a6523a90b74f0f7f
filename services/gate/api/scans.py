"""Scans: code, temperature and direction in, a decision out. And the look-up for people without a phone."""

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gate.api.deps import AtAGate, Office, Working
from services.gate.api.exits import AcceptLanguage, PassToken
from services.gate.api.presented import BatchResult, Desk, GateId, Person, ScanBody, ScanView
from services.gate.domain import Pass, PassForm
from services.gate.handlers import gate_of
from services.gate.store import GateStore
from shared.errors import DomainError, FieldFault, Kind, not_found
from shared.fields import IdNumber
from shared.texts import preferred
from shared.web.paging import Body
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1", tags=["scans"], route_class=StrictRoute)

MAX_BATCH = 5000


class Batch(Body):
    """Scans of an offline gate in the device's order; each is checked on its own."""

    scans: list[Any]


class BatchView(BaseModel):
    """The outcomes, in the order of the scans."""

    results: list[BatchResult]


class Lookup(Body):
    """An ID number as the guard reads it off the card."""

    gate: GateId
    id_number: IdNumber


class LookupView(BaseModel):
    """Who it is, and the pass they can use now; scan its token like any other."""

    resident: Person
    pass_: PassToken = Field(serialization_alias="pass")


@router.post("/scans")
async def scan(
    body: ScanBody, sender: AtAGate, work: Working, office: Office, accept_language: AcceptLanguage = None
) -> ScanView:
    """Decide a scan. Sent again with the same nonce it gets the same answer and counts once."""
    return await Desk(work, office, preferred(accept_language)).scan(body, sender)


@router.post("/scans/batch")
async def batch(
    body: Batch, sender: AtAGate, work: Working, office: Office, accept_language: AcceptLanguage = None
) -> BatchView:
    """Take an offline gate's scans, in order. A bad one is answered in its place and takes no good one with it.

    An item is a scan, and may say what the gate `decided` without network and the codes of its `reasons`; it is then
    recorded as it happened.
    """
    if not 1 <= len(body.scans) <= MAX_BATCH:
        raise DomainError(Kind.INVALID, "batch_size", [FieldFault("scans", "batch_size")])
    desk = Desk(work, office, preferred(accept_language))
    # Begun in their order, and decided in it.
    return BatchView(results=await asyncio.gather(*(desk.take(raw, sender) for raw in body.scans)))


@router.post("/lookups")
async def lookup(body: Lookup, sender: AtAGate, work: Working, office: Office) -> LookupView:
    """Find by ID number the pass of somebody without a phone; it leads to the same decision as a code."""
    id_lookup = office.id_lookup(body.id_number)

    async def ask(store: GateStore) -> Pass:
        gate = await gate_of(sender, body.gate, store)
        resident = await store.resident_by_number(id_lookup, gate.area)
        admission = await store.open_pass(resident.id, work.clock()) if resident else None
        if admission is None:
            raise not_found()
        return admission

    admission = await work.view(ask)
    person = Person(label=admission.label, room=admission.household)
    return LookupView(resident=person, pass_=PassToken.of(admission, office, PassForm.LOOKUP, work.clock()))
