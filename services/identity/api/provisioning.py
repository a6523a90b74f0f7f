"""Brings the broker to what the store says of a device: by the route that changed it, or by the job soon after."""

import asyncio

import structlog

from services.identity.api.broker_door import BrokerDoor
from services.identity.domain import Device
from services.identity.store import IdentityStore
from shared.errors import Transient
from shared.work import Work

log = structlog.get_logger()


class Provisioner:
    """Settles devices with the broker. `due` wakes the job for those that could not be settled."""

    def __init__(self, work: Work[IdentityStore], broker: BrokerDoor, due: asyncio.Event) -> None:
        self._work = work
        self._broker = broker
        self._due = due

    async def settle(self, device_id: str) -> None:
        """Make the broker do as the store says of a device, one that it does not know included.

        Somebody may change the device meanwhile, or settle an older state of it: whoever wrote last looks again, so
        that no revoked device is left with a user. Raises Transient.
        """
        while True:
            device = await self._work.view(lambda store: store.device(device_id))
            if device is None:
                return await self._broker.remove(device_id)
            await (self._broker.put(device) if device.active else self._broker.remove(device_id))
            if await self.mark(device):
                return None

    async def mark(self, device: Device) -> bool:
        """Note that the broker does as this version says; False if the device has another one meanwhile."""
        return await self._work.view(lambda store: store.mark_provisioned(device))

    async def try_settle(self, device_id: str) -> bool:
        """Settle a device whose change is stored already; False when that is left to the job."""
        try:
            await self.settle(device_id)
        except Transient as error:
            log.warning("device_not_settled", device=device_id, error=type(error).__name__)
            self._due.set()
            return False
        return True
