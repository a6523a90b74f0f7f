"""What gates say and are told beside scans: that they are there, and what they need to decide without a network."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from services.gate.api.deps import AtAGate, Office, Working
from services.gate.api.office import PassOffice
from services.gate.api.presented import Count, GateId, Seconds
from services.gate.domain import Gate, Heartbeat, OfflineData
from services.gate.handlers import Hear, Sender, gate_of, hear, offline_data
from services.gate.store import GateStore
from shared.errors import not_found
from shared.fields import Time
from shared.web.paging import Body
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1", tags=["devices"], route_class=StrictRoute)


class HeartbeatBody(Body):
    """A sign of life: scans that wait to be delivered, the age of the offline data, and what the clock there shows."""

    gate: GateId
    waiting: Count | None = None
    data_age_s: Seconds | None = None
    clock: Time | None = None

    def command(self, sender: Sender) -> Hear:
        """Translate for the handler."""
        return Hear(sender, self.gate, self.waiting, self.data_age_s, self.clock)


class HeartbeatView(BaseModel):
    """The time here, and how far the sender's clock is ahead of it, the way included."""

    server_time: Time
    skew_s: float | None

    @classmethod
    def of(cls, heartbeat: Heartbeat) -> "HeartbeatView":
        """Translate a heartbeat."""
        return cls(server_time=heartbeat.at, skew_s=heartbeat.skew_s)


class RevokedSince(BaseModel):
    """A holder whose passes from before an instant are void."""

    holder: str
    before: Time


class HeldHolder(BaseModel):
    """A holder who may not leave, and why; the kinds are reason codes. A pass with the claim `exm` passes them."""

    holder: str
    kinds: list[str]


class OfflineView(BaseModel):
    """Everything a gate decides with while its network is away, until `fresh_until`.

    `outside` are passes that went out and may only come home, `ended` those that are good for nothing any more.
    """

    gate: str
    area: str
    at: Time
    fresh_until: Time
    threshold_c: float
    retest_minutes: float
    fever_locks_out: bool
    keys: dict[str, Any]
    revoked: list[RevokedSince]
    held: list[HeldHolder]
    outside: list[str]
    ended: list[str]

    @classmethod
    def of(cls, data: OfflineData, office: PassOffice) -> "OfflineView":
        """Translate a gate's offline data."""
        return cls(
            gate=data.gate,
            area=data.area,
            at=data.at,
            fresh_until=data.fresh_until,
            threshold_c=data.threshold_c,
            retest_minutes=data.retest_minutes,
            fever_locks_out=data.fever_locks_out,
            keys=office.public_keys(),
            revoked=[RevokedSince(holder=holder, before=before) for holder, before in data.revoked],
            held=[HeldHolder(holder=holder, kinds=list(kinds)) for holder, kinds in data.held.items()],
            outside=sorted(data.outside),
            ended=sorted(data.ended),
        )

    @property
    def etag(self) -> str:
        """What stays the same while nothing but the time has changed."""
        content = self.model_dump(mode="json", exclude={"at", "fresh_until"})
        return f'"{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]}"'


@router.post("/heartbeats")
async def heartbeat(body: HeartbeatBody, sender: AtAGate, work: Working) -> HeartbeatView:
    """Say that a gate is there though nobody passes. A device speaks for its own gate only."""
    return HeartbeatView.of(await work.run(hear, body.command(sender)))


@router.get("/gates/{gate_id}/offline-data", response_model=OfflineView, responses={304: {"description": "As before"}})
async def offline(
    gate_id: str,
    sender: AtAGate,
    work: Working,
    office: Office,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return what a gate needs to decide without a network; 304 if nothing has changed since `If-None-Match`.

    The header `Fresh-Until` says, with 304 too, until when the data may be decided with.
    """

    async def ask(store: GateStore) -> OfflineData:
        return await offline_data(await _readable(gate_id, sender, store), store, work.clock())

    view = OfflineView.of(await work.view(ask), office)
    headers = {"ETag": view.etag, "Fresh-Until": view.fresh_until.isoformat()}
    if view.etag in {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(view.model_dump_json(), headers=headers, media_type="application/json")


async def _readable(gate_id: str, sender: Sender, store: GateStore) -> Gate:
    """Find a gate in the sender's areas; what is not there is not told apart from what is not the device's own."""
    if await store.gate(gate_id) is None:
        raise not_found()
    return await gate_of(sender, gate_id, store)
