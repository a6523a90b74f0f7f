"""Exit requests and the household's place: collections `exits`, `households`; and `passes` with their revocations."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateMany, UpdateOne

from services.gate.domain import Exit, Pass, QuotaUse, Resident
from shared.contracts import Fact
from shared.mongo import Document, Store, beneath, from_document, to_document

MOST_PASSES = 20_000


class ExitStore(Store):
    """Questions and changes of exits and passes."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "exits": [IndexModel([("resident", ASCENDING), ("_id", DESCENDING)])],
        "passes": [
            IndexModel([("resident", ASCENDING), ("end", DESCENDING)]),
            # Only passes of people who are outside just now: small, whatever the history.
            IndexModel(
                [("household", ASCENDING), ("_id", ASCENDING)],
                name="outside",
                partialFilterExpression={"outside": True},
            ),
            IndexModel([("compound", ASCENDING), ("end", DESCENDING)]),
        ],
        "revocations": [IndexModel("compound")],
        "households": [],
    }

    # Exits

    async def exit(self, exit_id: str) -> Exit | None:
        """Find an exit request."""
        row = await self._one("exits", {"_id": exit_id})
        return from_document(Exit, row) if row else None

    async def exits_of(self, residents: Sequence[str], before: str | None, limit: int) -> list[Exit]:
        """List exit requests, newest first."""
        query: Document = {"resident": {"$in": list(residents)}}
        if before:
            query["_id"] = {"$lt": before}
        return [from_document(Exit, row) for row in await self._list("exits", query, sort=[("_id", -1)], limit=limit)]

    async def take_place(self, household: str, use: QuotaUse, span: tuple[datetime, datetime]) -> bool:
        """Take the household's place for supplies, unless an outing that starts within the span has it.

        One conditional update settles it: of any number of requests at the same instant one finds the place free.
        """
        row = _use_document(use)
        free = {"$not": {"$elemMatch": {"start": {"$gte": span[0], "$lt": span[1]}}}}
        known = UpdateOne({"_id": household}, {"$setOnInsert": {"uses": []}}, upsert=True)
        await self._write("households", known, about=(household,))
        taken = await self._change(
            "households", {"_id": household, "uses": free}, {"$push": {"uses": {"$each": [row], "$slice": -20}}}
        )
        return taken is not None

    async def uses_of(self, household: str) -> list[QuotaUse]:
        """List the household's last outings for supplies, past and planned."""
        there = await self._one("households", {"_id": household})
        return [QuotaUse(one["exit"], one["label"], one["start"]) for one in (there["uses"] if there else [])]

    async def free_place(self, household: str, exit_id: str) -> None:
        """Give the household's place back."""
        await self._change("households", {"_id": household}, {"$pull": {"uses": {"exit": exit_id}}})

    async def save_exit(self, exit_: Exit, admission: Pass | None, facts: Sequence[Fact]) -> None:
        """Store an exit request's state with its pass and events."""
        await self._put("exits", to_document(exit_))
        if admission:
            await self.save_pass(admission, [])
        self._tell(facts)

    # Passes

    async def pass_(self, pass_id: str) -> Pass | None:
        """Find a pass."""
        row = await self._one("passes", {"_id": pass_id})
        return from_document(Pass, row) if row else None

    async def open_pass(self, resident: str, at: datetime) -> Pass | None:
        """Find the pass a resident can use just now: outside with it first, else the one whose window is nearest."""
        query = {"resident": resident, "in_at": None, "revoked_at": None, "end": {"$gt": at - timedelta(days=2)}}
        rows = [from_document(Pass, row) for row in await self._list("passes", query, sort=[("end", 1)], limit=20)]
        outside = [one for one in rows if one.out_at]
        ahead = [one for one in rows if one.end > at]
        return next(iter(outside + ahead), None)

    async def save_pass(self, admission: Pass, facts: Sequence[Fact]) -> None:
        """Store a pass and its events."""
        await self._put("passes", pass_document(admission))
        self._tell(facts)

    async def use_pass(self, used: Pass, was: Pass) -> bool:
        """Store a pass's use unless it was used or revoked since it was read; of many at once one succeeds."""
        unused = {"_id": was.id, "version": was.version}
        change = {"$set": pass_document(used)}
        change["$set"].pop("_id")
        return await self._change("passes", unused, change) is not None

    async def revoke_passes(self, resident: str, before: datetime, now: datetime) -> None:
        """Void every pass of a resident that was made before an instant and has not ended its outing."""
        unused = {"resident": resident, "issued_at": {"$lt": before}, "out_at": None, "revoked_at": None}
        change = {"$set": {"revoked_at": now}, "$inc": {"version": 1}}
        await self._write("passes", UpdateMany(unused, change))

    async def record_revocation(self, resident: Resident, before: datetime, facts: Sequence[Fact]) -> None:
        """Put a holder on the revocation list: everything made before the instant is void."""
        row = {"_id": resident.holder, "compound": resident.compound, "before": before}
        await self._put("revocations", row)
        self._tell(facts)

    async def revocations(self, compound: str, limit: int) -> list[tuple[str, datetime]]:
        """List a compound's revoked holders, for gates that decide without a network."""
        rows = await self._list("revocations", {"compound": compound}, sort=[("_id", 1)], limit=limit)
        return [(row["_id"], row["before"]) for row in rows]

    async def outside(self, area: str, after: str | None, limit: int) -> list[Pass]:
        """List the passes of those who are outside now."""
        query: Document = {"outside": True, **beneath(area, "household")}
        if after:
            query["_id"] = {"$gt": after}
        return [from_document(Pass, row) for row in await self._list("passes", query, sort=[("_id", 1)], limit=limit)]

    async def ended_passes(self, compound: str, since: datetime) -> list[str]:
        """List the ids of a compound's passes that are spent or void though their windows ended after an instant."""
        over = [{"in_at": {"$ne": None}}, {"revoked_at": {"$ne": None}}]
        query = {"compound": compound, "end": {"$gt": since}, "outside": False, "$or": over}
        rows = await self._list("passes", query, sort=[("end", -1)], limit=MOST_PASSES)
        return [row["_id"] for row in rows]


def _use_document(use: QuotaUse) -> Document:
    return {"exit": use.exit, "label": use.label, "start": use.start}


def pass_document(admission: Pass) -> Document:
    """Return a pass as it is stored: `outside` is what the list of those who are out goes by."""
    return {**to_document(admission), "outside": admission.out_at is not None and admission.in_at is None}
