"""Reports' collections.

clues, photos, figures       its own
residents, areas             projections of identity's events
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

from bson import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from services.reports.domain import NO_BUILDING, Category, Clue, ClueState, DayCount, Photo, merge_key
from shared.contracts import Fact
from shared.contracts.area import depth
from shared.mongo import Document, beneath, from_document, to_document
from shared.projections import RESIDENT_INDEXES, ResidentRows, SettingsRows

COMPOUNDS = 5000
"""More than any subdistrict has."""


class ReportsStore(SettingsRows, ResidentRows):
    """Reports' questions and changes, within one transaction."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "clues": [
            IndexModel([("area", ASCENDING), ("_id", DESCENDING)]),
            IndexModel([("reporter_key", ASCENDING), ("_id", DESCENDING)]),
            IndexModel("takes", name="one_open", unique=True, partialFilterExpression={"takes": {"$type": "string"}}),
            # Only clues with a clock still running.
            IndexModel("next_due", name="clocks", partialFilterExpression={"next_due": {"$type": "date"}}),
        ],
        "figures": [IndexModel([("day", ASCENDING), ("area", ASCENDING)])],
        "photos": [],
        "areas": [],
        **RESIDENT_INDEXES,
    }

    # Clues

    async def clue(self, clue_id: str) -> Clue | None:
        """Find a clue."""
        row = await self._one("clues", {"_id": clue_id})
        return from_document(Clue, row) if row else None

    async def open_finding(self, category: Category, subject: str) -> Clue | None:
        """Find the open clue that a machine's finding joins; a unique index sees to it that there is one at most."""
        row = await self._one("clues", {"takes": merge_key(category, subject)})
        return from_document(Clue, row) if row else None

    async def add_clue(self, clue: Clue, photos: Sequence[Photo], facts: Sequence[Fact]) -> None:
        """Store a new clue with its photos and events."""
        await self._insert("clues", _clue_document(clue))
        for photo in photos:
            await self._insert("photos", {"_id": photo.id, "clue": clue.id, "content": Binary(photo.content)})
        self._tell(facts)

    async def change_clue(self, clue: Clue, was: Clue, facts: Sequence[Fact]) -> bool:
        """Store a clue's next version and its events; False if somebody else changed it since it was read."""
        document = _clue_document(clue)
        document.pop("_id")
        if await self._change("clues", {"_id": was.id, "version": was.version}, {"$set": document}) is None:
            return False
        self._tell(facts)
        return True

    async def photo(self, photo_id: str) -> bytes | None:
        """Return a photo's content."""
        row = await self._one("photos", {"_id": photo_id})
        return bytes(row["content"]) if row else None

    async def clues_in(
        self, areas: Sequence[str], state: ClueState | None, after: str | None, limit: int
    ) -> list[Clue]:
        """List the clues of areas, newest first."""
        within = [condition for area in areas for condition in beneath(area)["$or"]]
        return await self._clues({"$or": within, **({"state": state.value} if state else {})}, after, limit)

    async def clues_by(self, reporter_key: str, after: str | None, limit: int) -> list[Clue]:
        """List what one account reported, newest first."""
        return await self._clues({"reporter_key": reporter_key}, after, limit)

    async def overdue(self, now: datetime, limit: int) -> list[str]:
        """List the clues with a clock that has run out untold, the longest first."""
        rows = await self._list("clues", {"next_due": {"$lte": now}}, sort=[("next_due", 1)], limit=limit)
        return [row["_id"] for row in rows]

    async def _clues(self, query: Document, after: str | None, limit: int) -> list[Clue]:
        if after:
            query["_id"] = {"$lt": after}
        return [from_document(Clue, row) for row in await self._list("clues", query, sort=[("_id", -1)], limit=limit)]

    # Figures

    async def count(self, one: DayCount) -> None:
        """Add to a compound's day; one small update, for it is on the path of every event."""
        counters = [
            *(f"counts.{figure}" for figure in one.figures),
            *(f"hours.{hour}.{what}" for hour, what in one.hours),
            *(f"fevers.{building}" for building in one.fevers),
        ]
        key = f"{one.area}/{one.day.isoformat()}"
        change = {
            "$setOnInsert": {"area": one.area, "day": one.day.isoformat()},
            "$inc": dict.fromkeys(counters, 1),
        }
        await self._write("figures", UpdateOne({"_id": key}, change, upsert=True), about=(key,))

    async def figures(self, area: str, day: date) -> dict[str, int]:
        """Sum the figures of an area's compounds for a day."""
        total: Counter[str] = Counter()
        for row in await self._days(area, day, day):
            total.update(row.get("counts", {}))
        return dict(sorted(total.items()))

    async def hours(self, area: str, day: date) -> dict[int, dict[str, int]]:
        """Sum what an area's compounds counted in each hour of a day; hours without anything are left out."""
        total: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for row in await self._days(area, day, day):
            for hour, counts in row.get("hours", {}).items():
                total[int(hour)].update(counts)
        return {hour: dict(counts) for hour, counts in total.items()}

    async def fevers(self, area: str, first: date, last: date) -> dict[tuple[str, date], int]:
        """Sum an area's fevers by the area next beneath it and the day; those of no building are the compound's own."""
        total: Counter[tuple[str, date]] = Counter()
        for row in await self._days(area, first, last, "fevers"):
            for building, count in row["fevers"].items():
                place = row["area"] if building == NO_BUILDING else f"{row['area']}.{building}"
                below = ".".join(place.split(".")[: depth(area) + 1])
                total[below, date.fromisoformat(row["day"])] += count
        return dict(total)

    async def _days(self, area: str, first: date, last: date, having: str | None = None) -> list[Document]:
        query: Document = {"day": {"$gte": first.isoformat(), "$lte": last.isoformat()}, **beneath(area)}
        if having:
            query[having] = {"$exists": True}
        most = COMPOUNDS * ((last - first).days + 1)
        return await self._list("figures", query, sort=[("_id", 1)], limit=most)


def _clue_document(clue: Clue) -> Document:
    following = clue.next_clock
    return {**to_document(clue), "next_due": following[1] if following else None, "takes": clue.takes}
