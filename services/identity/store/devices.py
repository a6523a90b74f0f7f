"""Devices: collections `devices`, `device_refusals`; and `gates`, a projection of the gate service's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pymongo import ASCENDING, IndexModel, UpdateOne

from services.identity.domain import Device, KnownGate, Refusals
from shared.contracts import Fact
from shared.mongo import Document, Store, beneath, from_document, to_document


class DeviceStore(Store):
    """Questions and changes of devices."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "devices": [
            IndexModel([("area", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("active", ASCENDING), ("_id", ASCENDING)]),
        ],
    }

    async def put_gate(self, gate: KnownGate) -> None:
        """Keep a gate as the newest event tells."""
        await self._put_newer("gates", to_document(gate))

    async def known_gate(self, gate_id: str) -> KnownGate | None:
        """Find a gate that identity has heard of."""
        row = await self._one("gates", {"_id": gate_id})
        return from_document(KnownGate, row) if row else None

    async def device(self, device_id: str) -> Device | None:
        """Find a device."""
        row = await self._one("devices", {"_id": device_id})
        return from_document(Device, row) if row else None

    async def devices_in(self, area: str, after: str | None, limit: int) -> list[Device]:
        """List the devices of an area, revoked ones too."""
        query: Document = {**beneath(area), **({"_id": {"$gt": after}} if after else {})}
        rows = await self._list("devices", query, sort=[("_id", 1)], limit=limit)
        return [from_document(Device, row) for row in rows]

    async def active_devices(self, after: str, limit: int) -> list[Device]:
        """List the devices that the broker should let in, of all areas."""
        query: Document = {"active": True, "_id": {"$gt": after}}
        rows = await self._list("devices", query, sort=[("_id", 1)], limit=limit)
        return [from_document(Device, row) for row in rows]

    async def count_refusal(self, device_id: str, now: datetime) -> None:
        """Count that the broker refused something to a device; apart, so that it never stands in a change's way."""
        change = {"$inc": {"count": 1}, "$set": {"last_at": now}}
        await self._write("device_refusals", UpdateOne({"_id": device_id}, change, upsert=True), about=(device_id,))

    async def refusals(self, device_ids: Sequence[str]) -> dict[str, Refusals]:
        """Return what the broker refused these devices."""
        rows = await self._list(
            "device_refusals", {"_id": {"$in": list(device_ids)}}, sort=[("_id", 1)], limit=len(device_ids) or 1
        )
        return {row["_id"]: Refusals(row["count"], row["last_at"]) for row in rows}

    async def add_device(self, device: Device, facts: Sequence[Fact]) -> None:
        """Store a new device and its events."""
        await self._insert("devices", to_document(device))
        self._tell(facts)

    async def save_device(self, device: Device, facts: Sequence[Fact]) -> None:
        """Store a device's state and its events."""
        await self._put("devices", to_document(device))
        self._tell(facts)

    async def revoked_devices(self, limit: int) -> list[Device]:
        """List devices that were revoked and may still have something at the broker."""
        rows = await self._list("devices", {"active": False, "provisioned": False}, sort=[("_id", 1)], limit=limit)
        return [from_document(Device, row) for row in rows]

    async def mark_provisioned(self, device: Device) -> bool:
        """Note that the broker was brought to this version; False if the device has another one meanwhile."""
        same = {"_id": device.id, "version": device.version}
        return await self._change("devices", same, {"$set": {"provisioned": True}}) is not None
