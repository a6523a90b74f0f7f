"""Health's collections.

readings, fevers, holds      its own
residents, areas             projections of identity's events
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateMany

from services.health.domain import Basis, FeverCase, FeverState, Hold, Reading
from shared.contracts import Fact
from shared.contracts.area import compound_of
from shared.contracts.values import HoldKind
from shared.errors import invalid
from shared.mongo import Document, beneath, from_document, to_document
from shared.projections import RESIDENT_INDEXES, Resident, ResidentRows, SettingsRows

NEWEST_FIRST = [("measured_at", -1), ("_id", -1)]


class HealthStore(SettingsRows, ResidentRows):
    """Health's questions and changes, within one transaction."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "readings": [
            IndexModel([("resident", ASCENDING), ("measured_at", DESCENDING), ("_id", DESCENDING)]),
            IndexModel([("area", ASCENDING), ("measured_at", DESCENDING), ("_id", DESCENDING)]),
            IndexModel("case", partialFilterExpression={"case": {"$type": "string"}}),
            IndexModel("retest_of", partialFilterExpression={"retest_of": {"$type": "string"}}),
            # Only what waits for its retest just now.
            IndexModel("retest_due", name="waiting", partialFilterExpression={"retest_due": {"$type": "date"}}),
        ],
        "fevers": [
            IndexModel(
                "resident",
                name="one_open_case",
                unique=True,
                partialFilterExpression={"open": True, "resident": {"$type": "string"}},
            ),
            IndexModel([("area", ASCENDING), ("_id", DESCENDING)]),
        ],
        "holds": [
            IndexModel("binds", name="one_standing", unique=True, partialFilterExpression={"active": True}),
            IndexModel([("target_id", ASCENDING), ("active", ASCENDING)]),
            IndexModel([("area", ASCENDING), ("_id", DESCENDING)]),
            IndexModel("cause"),
        ],
        "areas": [],
        **RESIDENT_INDEXES,
    }

    # Readings

    async def look_for(self, readings: Sequence[str]) -> None:
        """Look at once which of these readings there are; those missing are not looked for again."""
        await self._look("readings", readings)

    async def reading(self, reading_id: str) -> Reading | None:
        """Find a reading."""
        row = await self._one("readings", {"_id": reading_id})
        return from_document(Reading, row) if row else None

    async def add_reading(self, reading: Reading, facts: Sequence[Fact]) -> None:
        """Store a reading and its events."""
        await self._insert("readings", to_document(reading))
        self._tell(facts)

    async def settle_retest(self, reading_id: str) -> None:
        """Stop waiting for the retest of a reading, for it has come."""
        await self._change("readings", {"_id": reading_id}, {"$set": {"retest_due": None}})

    async def settle_retests_of(self, resident: str, before: datetime) -> None:
        """Stop waiting for the retests of everything a person had measured before an instant."""
        waiting = {"resident": resident, "measured_at": {"$lte": before}, "retest_due": {"$type": "date"}}
        await self._write("readings", UpdateMany(waiting, {"$set": {"retest_due": None}}))

    async def end_wait(self, reading_id: str, case: str) -> None:
        """Stop waiting for the retest of a reading, for it has become a case."""
        await self._change("readings", {"_id": reading_id}, {"$set": {"retest_due": None, "case": case}})

    async def retested(self, reading: Reading) -> bool:
        """Tell whether a reading was repeated: by the next scan, or by a worker afterwards."""
        repeats: list[Document] = [{"retest_of": reading.id}]
        if reading.resident:
            later = {"resident": reading.resident, "retest": True, "measured_at": {"$gt": reading.measured_at}}
            repeats.append(later)
        return await self._one("readings", {"$or": repeats}) is not None

    async def unretested(self, now: datetime, limit: int) -> list[str]:
        """List the readings whose retest is overdue, the longest first."""
        rows = await self._list("readings", {"retest_due": {"$lte": now}}, sort=[("retest_due", 1)], limit=limit)
        return [row["_id"] for row in rows]

    async def readings_of(self, resident: str, limit: int) -> list[Reading]:
        """Return a person's newest readings."""
        rows = await self._list("readings", {"resident": resident}, sort=NEWEST_FIRST, limit=limit)
        return [from_document(Reading, row) for row in rows]

    async def readings_of_case(self, case: str) -> list[Reading]:
        """Return the readings that raised or fed a case, newest first."""
        rows = await self._list("readings", {"case": case}, sort=NEWEST_FIRST, limit=200)
        return [from_document(Reading, row) for row in rows]

    async def readings_in(
        self, areas: Sequence[str], resident: str | None, after: str | None, limit: int
    ) -> list[Reading]:
        """List the readings of areas, or of one person there, newest first."""
        query = _within(areas)
        if resident:
            query["resident"] = resident
        if after:
            query = {"$and": [query, await self._measured_before(after)]}
        rows = await self._list("readings", query, sort=NEWEST_FIRST, limit=limit)
        return [from_document(Reading, row) for row in rows]

    async def _measured_before(self, after: str) -> Document:
        last = await self.reading(after)
        if last is None:
            raise invalid("after", "cursor_invalid")
        same_instant = {"measured_at": last.measured_at, "_id": {"$lt": last.id}}
        return {"$or": [{"measured_at": {"$lt": last.measured_at}}, same_instant]}

    # Fevers

    async def open_case(self, resident: str) -> FeverCase | None:
        """Find a person's open case; a unique index sees to it that there is one at most."""
        row = await self._one("fevers", {"resident": resident, "open": True})
        return from_document(FeverCase, row) if row else None

    async def case(self, case_id: str) -> FeverCase | None:
        """Find a case."""
        row = await self._one("fevers", {"_id": case_id})
        return from_document(FeverCase, row) if row else None

    async def add_case(self, case: FeverCase, facts: Sequence[Fact]) -> None:
        """Store a new case and its events."""
        await self._insert("fevers", {**to_document(case), "open": case.open})
        self._tell(facts)

    async def change_case(self, case: FeverCase, was: FeverCase, facts: Sequence[Fact]) -> bool:
        """Store a case's next version and its events; False if somebody else changed it since it was read."""
        document = {**to_document(case), "open": case.open}
        document.pop("_id")
        changed = await self._change("fevers", {"_id": was.id, "version": was.version}, {"$set": document})
        if changed is None:
            return False
        self._tell(facts)
        return True

    async def cases_in(
        self, areas: Sequence[str], state: FeverState | None, after: str | None, limit: int
    ) -> list[FeverCase]:
        """List the cases of areas, newest first."""
        query = {**_within(areas), **_before(after), **({"state": state.value} if state else {})}
        rows = await self._list("fevers", query, sort=[("_id", -1)], limit=limit)
        return [from_document(FeverCase, row) for row in rows]

    # Holds

    async def hold(self, hold_id: str) -> Hold | None:
        """Find a hold."""
        row = await self._one("holds", {"_id": hold_id})
        return from_document(Hold, row) if row else None

    async def hold_of_case(self, case: str) -> Hold | None:
        """Find the newest hold that a case caused, standing or lifted."""
        rows = await self._list("holds", {"cause": case}, sort=[("_id", -1)], limit=1)
        return from_document(Hold, rows[0]) if rows else None

    async def bases_since(self, resident: str, at: datetime) -> set[Basis]:
        """Return on what grounds a person's fever holds were lifted after an instant."""
        query: Document = {"target_id": resident, "active": False, "kind": HoldKind.FEVER.value}
        rows = await self._list("holds", {**query, "lifted.at": {"$gt": at}}, sort=[("_id", -1)], limit=100)
        return {Basis(row["lifted"]["basis"]) for row in rows}

    async def add_hold(self, hold: Hold, facts: Sequence[Fact]) -> None:
        """Store a hold and its events. The index refuses a second one that binds the same on the same ground."""
        await self._insert("holds", {**to_document(hold), "binds": _binds(hold)})
        self._tell(facts)

    async def lift_hold(self, lifted: Hold, facts: Sequence[Fact]) -> bool:
        """Lift a hold and tell; False if it was lifted already. Of many at once one succeeds."""
        document = to_document(lifted)
        document.pop("_id")
        if await self._change("holds", {"_id": lifted.id, "active": True}, {"$set": document}) is None:
            return False
        self._tell(facts)
        return True

    async def holds_in(self, areas: Sequence[str], after: str | None, limit: int) -> list[Hold]:
        """List the standing holds of areas, newest first."""
        query = {"active": True, **_within(areas), **_before(after)}
        return [from_document(Hold, row) for row in await self._list("holds", query, sort=[("_id", -1)], limit=limit)]

    async def holds_on(self, residents: Sequence[Resident]) -> list[Hold]:
        """Return the standing holds that bind some residents: on the person, the household, or the compound."""
        targets = {part for one in residents for part in (one.id, one.household, compound_of(one.household))}
        query = {"target_id": {"$in": sorted(targets)}, "active": True}
        return [from_document(Hold, row) for row in await self._list("holds", query, sort=[("_id", -1)], limit=100)]


def _binds(hold: Hold) -> str:
    ground = hold.cause if hold.kind is HoldKind.FEVER else hold.target_id
    return f"{hold.kind.value}/{ground}"


def _within(areas: Sequence[str]) -> dict[str, Any]:
    return {"$or": [condition for area in areas for condition in beneath(area)["$or"]]}


def _before(after: str | None) -> dict[str, Any]:
    return {"_id": {"$lt": after}} if after else {}
