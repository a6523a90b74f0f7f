"""What the gate knows of others' things: collections `residents`, `holds`, `devices`, `areas`, all projections."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pymongo import ASCENDING, IndexModel

from services.gate.domain import Device, Hold, Resident
from shared.contracts.area import compound_of
from shared.mongo import beneath, from_document, to_document
from shared.projections import SettingsRows

MOST_RESIDENTS = 20_000
MOST_HOLDS = 5000


class PeopleStore(SettingsRows):
    """Questions and changes of projections."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "residents": [
            IndexModel("accounts"),
            IndexModel([("id_lookup", ASCENDING), ("household", ASCENDING)]),
            IndexModel("household"),
        ],
        "holds": [
            IndexModel([("target_id", ASCENDING), ("active", ASCENDING)]),
            IndexModel("area", name="standing", partialFilterExpression={"active": True}),
        ],
        "devices": [],
        "areas": [],
    }

    async def put_resident(self, resident: Resident) -> bool:
        """Keep a resident as the newest event tells; False if a newer one is known."""
        return await self._put_newer("residents", to_document(resident))

    async def put_hold(self, hold: Hold) -> None:
        """Keep a hold as the newest event tells."""
        await self._put_newer("holds", to_document(hold))

    async def resident(self, resident_id: str) -> Resident | None:
        """Find a resident who may use the gates."""
        row = await self._one("residents", {"_id": resident_id, "active": True})
        return from_document(Resident, row) if row else None

    async def residents_of(self, account: str) -> list[Resident]:
        """Find the residents an account acts for, oldest registration first."""
        rows = await self._list("residents", {"accounts": account, "active": True}, sort=[("_id", 1)], limit=50)
        return [from_document(Resident, row) for row in rows]

    async def resident_by_number(self, id_lookup: str, compound: str) -> Resident | None:
        """Find a resident of a compound by the keyed hash of the ID number."""
        rows = await self._list("residents", {"id_lookup": id_lookup, "active": True}, sort=[("_id", 1)], limit=10)
        found = [from_document(Resident, row) for row in rows]
        return next((one for one in found if one.compound == compound), None)

    async def holds_on(self, resident: Resident) -> list[Hold]:
        """Find the holds that bind a resident: on the person, the household, or the compound."""
        targets = {"target_id": {"$in": bound_by(resident.id, resident.household)}, "active": True}
        rows = await self._list("holds", targets, sort=[("_id", 1)], limit=20)
        return [from_document(Hold, row) for row in rows]

    async def residents_beneath(self, area: str) -> list[Resident]:
        """Find everybody who lives in an area."""
        query = {"active": True, **beneath(area, "household")}
        rows = await self._list("residents", query, sort=[("household", 1)], limit=MOST_RESIDENTS)
        return [from_document(Resident, row) for row in rows]

    async def holds_beneath(self, area: str) -> list[Hold]:
        """Find the holds that stand in an area."""
        rows = await self._list("holds", {"active": True, **beneath(area)}, sort=[("area", 1)], limit=MOST_HOLDS)
        return [from_document(Hold, row) for row in rows]

    async def put_device(self, device: Device) -> None:
        """Keep a device as the newest event tells."""
        await self._put_newer("devices", to_document(device))

    async def device(self, device_id: str) -> Device | None:
        """Find a device that may speak for its gate."""
        row = await self._one("devices", {"_id": device_id, "active": True})
        return from_document(Device, row) if row else None


def bound_by(resident: str, household: str) -> list[str]:
    """Name what a hold on it binds a resident by: the person, the household, the compound."""
    return [resident, household, compound_of(household)]
