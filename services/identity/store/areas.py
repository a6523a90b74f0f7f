"""Areas and the roster: collections `areas` and `roster`."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pymongo import ASCENDING, IndexModel

from services.identity.domain import Area, Entry, Sealed
from shared.contracts import Fact
from shared.ids import derived_id
from shared.mongo import Document, Store, beneath, from_document, to_document


class AreaStore(Store):
    """Questions and changes of areas and rosters."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "roster": [
            IndexModel([("household", ASCENDING)]),
            IndexModel([("compound", ASCENDING), ("name.lookup", ASCENDING)]),
        ],
    }

    async def area(self, area: str) -> Area | None:
        """Find an area."""
        row = await self._one("areas", {"_id": area})
        return from_document(Area, row) if row else None

    async def areas(self, ids: Sequence[str]) -> list[Area]:
        """Find several areas, those higher up first."""
        rows = await self._list("areas", {"_id": {"$in": list(ids)}}, sort=[("_id", 1)], limit=len(ids))
        return [from_document(Area, row) for row in rows]

    async def areas_under(self, roots: Sequence[str], deepest: int, after: str | None, limit: int) -> list[Area]:
        """List areas and what lies beneath them, in the order of their paths, down to a depth."""
        query: Document = {
            "$or": [condition for root in roots for condition in beneath(root, "_id")["$or"]],
            "depth": {"$lte": deepest},
        }
        if after:
            query = {"$and": [query, {"_id": {"$gt": after}}]}
        return [from_document(Area, row) for row in await self._list("areas", query, sort=[("_id", 1)], limit=limit)]

    async def all_areas(self, deepest: int, after: str | None, limit: int) -> list[Area]:
        """List areas of the whole tree, down to a depth: what anybody may know who looks for their compound."""
        query: Document = {"depth": {"$lte": deepest}, **({"_id": {"$gt": after}} if after else {})}
        return [from_document(Area, row) for row in await self._list("areas", query, sort=[("_id", 1)], limit=limit)]

    async def add_area(self, area: Area, facts: Sequence[Fact]) -> None:
        """Store a new area."""
        await self._insert("areas", _area_document(area))
        self._tell(facts)

    async def save_area(self, area: Area, facts: Sequence[Fact]) -> None:
        """Store an area's state."""
        await self._put("areas", _area_document(area))
        self._tell(facts)

    async def save_places(self, areas: Sequence[Area], facts: Sequence[Fact]) -> None:
        """Store many areas at once: the buildings, units and rooms of a roster."""
        for one in areas:
            await self._put("areas", _area_document(one))
        self._tell(facts)

    async def digests(self, entries: Sequence[str]) -> dict[str, str]:
        """Return what is kept of these entries, by their ids."""
        query: Document = {"_id": {"$in": list(entries)}}
        rows = await self._list("roster", query, sort=[("_id", 1)], limit=len(entries) or 1, projection={"digest": 1})
        return {row["_id"]: row["digest"] for row in rows}

    async def save_entries(self, entries: Sequence[Entry]) -> None:
        """Store many entries at once."""
        for one in entries:
            await self._put("roster", to_document(one))

    async def entry(self, compound: str, id_lookup: str) -> Entry | None:
        """Find the entry of an ID number in a compound."""
        row = await self._one("roster", {"_id": entry_id(compound, id_lookup)})
        return from_document(Entry, row) if row else None

    async def alike(self, compound: str, household: str, name: Sealed, id_number: Sealed) -> list[Entry]:
        """Find entries that share the ID number, the room or the name: what a reviewer compares with."""
        query: Document = {
            "$or": [
                {"_id": entry_id(compound, id_number.lookup)},
                {"household": household},
                {"compound": compound, "name.lookup": name.lookup},
            ],
        }
        return [from_document(Entry, row) for row in await self._list("roster", query, sort=[("_id", 1)], limit=10)]


def entry_id(compound: str, id_lookup: str) -> str:
    """Return the id of a person's entry: an ID number has one in a compound."""
    return derived_id("ent", compound, id_lookup)


def _area_document(area: Area) -> Document:
    return {**to_document(area), "depth": area.id.count(".") + 1}
