"""The gates' devices: made with a secret shown once, given another, revoked."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.identity.api.deps import Cabinets, DeviceReader, Provisioning, Working
from services.identity.api.doorkeeper import new_secret, secret_hash
from services.identity.domain import Device, Refusals
from services.identity.handlers import (
    AddDevice,
    RevokeDevice,
    RotateDevice,
    add_device,
    revoke_device,
    rotate_device,
)
from services.identity.store import IdentityStore
from shared.contracts.area import AreaPath
from shared.contracts.devices import DEVICES_EXCHANGE, decision_key, decision_queue, heartbeat_key, scan_key, topic
from shared.contracts.values import DeviceKind
from shared.errors import not_found
from shared.fields import ShortText, Time
from shared.ids import is_id, new_id
from shared.security.principal import Scope
from shared.web.auth import ManagerOrAdmin
from shared.web.idempotency import Once
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute
from shared.work import Work

router = APIRouter(prefix="/v1/devices", tags=["devices"], route_class=StrictRoute)


class NewDevice(Body):
    """A device at a gate; `area` is the gate's compound."""

    kind: DeviceKind
    gate: ShortText
    area: AreaPath
    label: ShortText | None = None


class AmqpPlaces(BaseModel):
    """Where the device publishes over AMQP, as routing keys, and the queue in which it finds its answers."""

    exchange: str
    scans: str
    heartbeats: str
    decisions: str


class MqttPlaces(BaseModel):
    """The device's topics over MQTT; the client id must be this one, which is the user name too."""

    client_id: str
    scans: str
    heartbeats: str
    decisions: str


class DeviceView(BaseModel):
    """A device. Unless `provisioned`, the broker does not yet do as this says, but will within seconds.

    `refusals` counts what the broker did not let it do: a device that tries what is not its own may be stolen.
    """

    id: str
    kind: DeviceKind
    gate: str
    area: str
    label: str | None
    active: bool
    version: int
    created_at: Time
    provisioned: bool
    refusals: int
    refused_at: Time | None
    amqp: AmqpPlaces
    mqtt: MqttPlaces

    @classmethod
    def of(cls, device: Device, refusals: Refusals = Refusals()) -> "DeviceView":
        """Translate a device."""
        scans, beats, decisions = (
            scan_key(device.area, device.id),
            heartbeat_key(device.area, device.id),
            decision_key(device.id),
        )
        return cls(
            id=device.id,
            kind=device.kind,
            gate=device.gate,
            area=device.area,
            label=device.label,
            active=device.active,
            version=device.version,
            created_at=device.created_at,
            provisioned=device.provisioned,
            refusals=refusals.count,
            refused_at=refusals.last_at,
            amqp=AmqpPlaces(
                exchange=DEVICES_EXCHANGE, scans=scans, heartbeats=beats, decisions=decision_queue(device.id)
            ),
            mqtt=MqttPlaces(
                client_id=device.id, scans=topic(scans), heartbeats=topic(beats), decisions=topic(decisions)
            ),
        )


class DeviceWithSecret(DeviceView):
    """A device and the password of its user, shown this once."""

    secret: str


@router.post("", status_code=201)
async def create(
    body: NewDevice,
    caller: ManagerOrAdmin,
    once: Once,
    work: Working,
    cabinet: Cabinets,
    provisioning: Provisioning,
) -> DeviceWithSecret:
    """Make a device. The same Idempotency-Key gives the same device with the same secret."""
    caller.require(body.area)
    secret = new_secret()
    command = AddDevice(new_id("dev"), body.kind, body.gate, body.area, body.label, secret_hash(secret))

    def kept(made: Device) -> dict[str, Any]:
        return {**DeviceView.of(made).model_dump(mode="json"), "secret": cabinet.seal_text(secret)}

    answer = await work.run_once(once, add_device, command, kept) if once else kept(await work.run(add_device, command))
    shown = cabinet.open_text(answer["secret"])
    provisioned = await provisioning.try_settle(answer["id"])
    return DeviceWithSecret.model_validate({**answer, "secret": shown, "provisioned": provisioned})


@router.get("")
async def devices(
    area: Annotated[AreaPath, Query()], caller: DeviceReader, page: PageOf, work: Working
) -> Page[DeviceView]:
    """List the devices of an area, revoked ones too."""
    caller.require(area)
    found = await work.view(lambda store: store.devices_in(area, page.after, page.limit + 1))
    refused = await work.view(lambda store: store.refusals([one.id for one in found]))
    items = [DeviceView.of(one, refused.get(one.id, Refusals())) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/{device_id}")
async def device(device_id: str, caller: DeviceReader, work: Working) -> DeviceView:
    """Show a device."""
    shown = await _governed(device_id, caller, work)
    refused = await work.view(lambda store: store.refusals([device_id]))
    return DeviceView.of(shown, refused.get(device_id, Refusals()))


@router.post("/{device_id}/rotate")
async def rotate(device_id: str, caller: ManagerOrAdmin, work: Working, provisioning: Provisioning) -> DeviceWithSecret:
    """Give a device another secret; its connections are cut and its tokens void at once."""
    await _governed(device_id, caller, work)
    secret = new_secret()
    rotated = await work.run(rotate_device, RotateDevice(device_id, secret_hash(secret)))
    provisioned = await provisioning.try_settle(device_id)
    return DeviceWithSecret(**{**DeviceView.of(rotated).model_dump(), "provisioned": provisioned}, secret=secret)


@router.post("/{device_id}/revoke")
async def revoke(device_id: str, caller: ManagerOrAdmin, work: Working, provisioning: Provisioning) -> DeviceView:
    """End a device's account for good; its connections are cut and its tokens void at once."""
    await _governed(device_id, caller, work)
    revoked = await work.run(revoke_device, RevokeDevice(device_id))
    provisioned = await provisioning.try_settle(device_id)
    return DeviceView.of(revoked).model_copy(update={"provisioned": provisioned})


async def _governed(device_id: str, caller: Scope, work: Work[IdentityStore]) -> Device:
    found = await work.view(lambda store: store.device(device_id)) if is_id(device_id, "dev") else None
    if found is None:
        raise not_found()
    caller.require(found.area)
    return found
