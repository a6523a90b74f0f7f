"""Keeps the broker's users as the devices are, whatever happened to either."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from services.identity.api.broker_door import BrokerApiRefused, BrokerDoor, Footing
from services.identity.api.provisioning import Provisioner
from services.identity.domain import Device
from services.identity.store import IdentityStore
from shared.errors import Transient
from shared.service import Runtime
from shared.work import Work

PAGE = 500

log = structlog.get_logger()


async def provision(runtime: Runtime) -> None:
    """Compare all that the broker has with all that it should have, and settle what differs, until cancelled.

    At the start, then every few seconds, and at once when a route could not settle a device itself. Several processes
    doing so are harmless.
    """
    broker: BrokerDoor = runtime.parts["broker"]
    if not broker.configured:
        return
    due: asyncio.Event = runtime.parts["provision_due"]
    sweep = runtime.settings.provision_sweep.total_seconds()  # type: ignore[attr-defined]  # identity's own settings
    provisioner, away = Provisioner(runtime.work, broker, due), False
    while True:
        due.clear()
        try:
            await _reconcile(runtime.work, broker, provisioner)
            away = False
        except Transient as error:
            if not away:
                log.warning("broker_api_away", error=type(error).__name__)
            away = True
        with suppress(TimeoutError):
            await asyncio.wait_for(due.wait(), sweep)


async def _reconcile(work: Work[IdentityStore], broker: BrokerDoor, provisioner: Provisioner) -> None:
    # The broker first: whatever it has was stored before, so that no device made meanwhile looks unknown.
    found = await broker.users()
    wanted = await _active(work)
    ended = {one.id for one in await work.view(lambda store: store.revoked_devices(PAGE))}
    for device_id in sorted(found.keys() | wanted.keys() | ended):
        device, there = wanted.get(device_id), found.get(device_id, Footing())
        if device and there == Footing.of(device):
            if not device.provisioned:
                await provisioner.mark(device)
            continue
        try:
            if device and there.exceeds(Footing.of(device)):
                await broker.cut(device_id)
            await provisioner.settle(device_id)
            log.info("device_settled", device=device_id)
        except BrokerApiRefused as error:
            log.warning("device_not_settled", device=device_id, error=str(error))


async def _active(work: Work[IdentityStore]) -> dict[str, Device]:
    devices: dict[str, Device] = {}
    while page := await work.view(_after(max(devices, default=""))):
        devices |= {one.id: one for one in page}
    return devices


def _after(last: str) -> Callable[[IdentityStore], Awaitable[list[Device]]]:
    return lambda store: store.active_devices(last, PAGE)
