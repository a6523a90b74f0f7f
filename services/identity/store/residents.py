"""Residents and who looked at them: collections `residents` and `audit`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pymongo import ASCENDING, IndexModel

from services.identity.domain import Resident, Status
from shared.contracts import Fact
from shared.mongo import Document, Store, beneath, from_document, to_document


class ResidentStore(Store):
    """Questions and changes of residents."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "residents": [
            # One live registration of a person in a compound, however many ask at once.
            IndexModel(
                [("id_number.lookup", ASCENDING), ("compound", ASCENDING)],
                name="once_per_compound",
                unique=True,
                partialFilterExpression={"live": True},
            ),
            IndexModel([("household", ASCENDING), ("status", ASCENDING), ("_id", ASCENDING)]),
            IndexModel("accounts"),
        ],
        "audit": [IndexModel([("resident", ASCENDING), ("at", ASCENDING)])],
    }

    async def resident(self, resident_id: str) -> Resident | None:
        """Find a registration."""
        row = await self._one("residents", {"_id": resident_id})
        return from_document(Resident, row) if row else None

    async def registered(self, compound: str, id_lookup: str) -> Resident | None:
        """Find the live registration of an ID number in a compound."""
        row = await self._one("residents", {"id_number.lookup": id_lookup, "compound": compound, "live": True})
        return from_document(Resident, row) if row else None

    async def residents_of(self, account: str) -> list[Resident]:
        """List the registrations an account acts for, oldest first."""
        rows = await self._list("residents", {"accounts": account}, sort=[("_id", 1)], limit=50)
        return [from_document(Resident, row) for row in rows]

    async def lives_in(self, account: str, household: str) -> bool:
        """Tell whether an account's own verified registration is of this household."""
        query = {"accounts.0": account, "household": household, "status": "verified", "on_behalf": False}
        return await self._one("residents", query, projection={"_id": 1}) is not None

    async def residents_in(self, area: str, status: Status, after: str | None, limit: int) -> list[Resident]:
        """List an area's registrations of one status."""
        query: Document = {"status": status.value, **beneath(area, "household")}
        if after:
            query["_id"] = {"$gt": after}
        rows = await self._list("residents", query, sort=[("_id", 1)], limit=limit)
        return [from_document(Resident, row) for row in rows]

    async def pending_among(self, compound: str, id_lookups: Sequence[str]) -> list[Resident]:
        """Find the pending registrations of these ID numbers."""
        query = {"compound": compound, "id_number.lookup": {"$in": list(id_lookups)}, "live": True, "status": "pending"}
        rows = await self._list("residents", query, sort=[("_id", 1)], limit=len(id_lookups))
        return [from_document(Resident, row) for row in rows]

    async def add_resident(self, resident: Resident, facts: Sequence[Fact]) -> None:
        """Store a new registration and its events."""
        await self._insert("residents", resident_document(resident))
        self._tell(facts)

    async def save_resident(self, resident: Resident, facts: Sequence[Fact]) -> None:
        """Store a registration's state and its events."""
        await self._put("residents", resident_document(resident))
        self._tell(facts)

    async def record(self, audit_id: str, at: datetime, actor: str, resident: Resident, reason: str) -> None:
        """Write down who sees a person's full values, and why. Rows are only ever added."""
        row = {
            "_id": audit_id,
            "at": at,
            "actor": actor,
            "action": "reveal",
            "resident": resident.id,
            "area": resident.household,
            "reason": reason,
        }
        await self._insert("audit", row)


def resident_document(resident: Resident) -> Document:
    """Return a registration as it is stored: `live` is what the unique index goes by."""
    return {**to_document(resident), "live": resident.live}
