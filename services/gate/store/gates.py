"""The gates and when they were heard: collections `gates`, `heard`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar

from pymongo import IndexModel

from services.gate.domain import Gate, Heartbeat
from shared.contracts import Fact
from shared.mongo import Document, Store, beneath, from_document, to_document

_LAST_HEARD: list[Document] = [
    {
        "$lookup": {
            "from": "scans",
            "localField": "_id",
            "foreignField": "gate",
            "as": "scanned",
            "pipeline": [{"$sort": {"recorded_at": -1}}, {"$limit": 1}, {"$project": {"recorded_at": 1}}],
        }
    },
    {"$lookup": {"from": "heard", "localField": "_id", "foreignField": "gate", "as": "heard"}},
    {"$set": {"last_heard": {"$max": [{"$max": "$scanned.recorded_at"}, {"$max": "$heard.at"}]}}},
    {"$unset": ["scanned", "heard"]},
]
"""A scan is a sign of life too: looked for here, so that it costs no second write at the gate."""


class GatesStore(Store):
    """Questions and changes of gates."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "gates": [IndexModel("area")],
        "heard": [IndexModel("gate")],
    }

    async def gate(self, gate_id: str) -> Gate | None:
        """Find a gate."""
        row = await self._one("gates", {"_id": gate_id})
        return from_document(Gate, row) if row else None

    async def gates_in(self, areas: Sequence[str], after: str | None, limit: int) -> list[tuple[Gate, datetime | None]]:
        """List the gates of areas, each with when it was last heard."""
        within = [condition for area in areas for condition in beneath(area)["$or"]]
        return await self._heard({"$or": within, **({"_id": {"$gt": after}} if after else {})}, limit)

    async def heard_gates(self, after: str, limit: int) -> list[tuple[Gate, datetime | None]]:
        """List all gates by their ids, each with when it was last heard."""
        return await self._heard({"_id": {"$gt": after}}, limit)

    async def last_heard(self, gate_id: str) -> datetime | None:
        """Tell when a gate was last heard."""
        found = await self._heard({"_id": gate_id}, 1)
        return found[0][1] if found else None

    async def add_gate(self, gate: Gate, facts: Sequence[Fact]) -> None:
        """Store a new gate and its events."""
        await self._insert("gates", to_document(gate))
        self._tell(facts)

    async def save_gate(self, gate: Gate, facts: Sequence[Fact]) -> None:
        """Store a gate's state and its events."""
        await self._put("gates", to_document(gate))
        self._tell(facts)

    async def put_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Keep the last heartbeat of a sender."""
        key = f"{heartbeat.gate}/{heartbeat.sender}"
        await self._put("heard", {"_id": key, **asdict(heartbeat)})

    async def _heard(self, query: Document, limit: int) -> list[tuple[Gate, datetime | None]]:
        steps: list[Any] = [{"$match": query}, {"$sort": {"_id": 1}}, {"$limit": limit}, *_LAST_HEARD]
        await self.flush("gates", "heard", "scans")
        rows: list[Document] = await self._db["gates"].aggregate(steps, session=self._session).to_list(None)
        return [(from_document(Gate, row), row["last_heard"]) for row in rows]
