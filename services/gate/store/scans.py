"""What happened at the gates: collection `scans`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.gate.domain import Passage, Scan
from shared.contracts import Fact
from shared.contracts.values import Decision, Fever
from shared.mongo import Document, Store, from_document, to_document

MOST_PASSAGES = 100


class ScanStore(Store):
    """Questions and changes of scans."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "scans": [
            IndexModel([("pass_id", ASCENDING), ("happened_at", DESCENDING)]),
            IndexModel([("area", ASCENDING), ("_id", DESCENDING)]),
            IndexModel([("gate", ASCENDING), ("recorded_at", DESCENDING)]),
            # Not unique: a device that counts one number twice has let two people through, and both are kept.
            IndexModel(
                [("device", ASCENDING), ("sequence", ASCENDING)],
                name="counted",
                partialFilterExpression={"sequence": {"$type": "number"}},
            ),
        ],
    }

    async def scan(self, scan_id: str) -> Scan | None:
        """Find a scan by its id, which its gate and nonce give."""
        row = await self._one("scans", {"_id": scan_id})
        return scan_of(row) if row else None

    async def waiting_for_retest(self, pass_id: str, since: datetime, until: datetime) -> Scan | None:
        """Find the last scan of a pass within a span of time, if its measurement still asks for a retest."""
        query = {"pass_id": pass_id, "happened_at": {"$gte": since, "$lte": until}}
        rows = await self._list("scans", query, sort=[("happened_at", -1), ("recorded_at", -1)], limit=1)
        return unmeasured(scan_of(rows[0])) if rows else None

    async def passages(self, pass_id: str) -> list[Passage]:
        """Find how a pass went through gates, whoever decided it, in the order in which it happened."""
        query = {"pass_id": pass_id, "done": Decision.ALLOW.value}
        rows = await self._list("scans", query, sort=[("happened_at", 1), ("_id", 1)], limit=MOST_PASSAGES)
        return [Passage.of(scan_of(row)) for row in rows]

    async def sequences_of(self, device: str, sequences: Sequence[int]) -> set[int]:
        """Tell which of these numbers of its own count a device has used."""
        query = {"device": device, "sequence": {"$in": list(sequences)}}
        rows = await self._list("scans", query, sort=[("sequence", 1)], limit=2 * len(sequences))
        return {row["sequence"] for row in rows}

    async def add_scan(self, scan: Scan, facts: Sequence[Fact]) -> None:
        """Store a scan and its events."""
        await self._insert("scans", to_document(scan))
        self._tell(facts)

    async def note_done(self, scan_id: str, done: Decision, facts: Sequence[Fact]) -> None:
        """Keep what the gate did instead of what it was answered, with its events; the answer stays."""
        await self._change("scans", {"_id": scan_id}, {"$set": {"done": done.value}})
        self._tell(facts)


def unmeasured(newest: Scan) -> Scan | None:
    """Return a pass's newest scan if its measurement still asks for a retest."""
    return newest if newest.fever is Fever.UNCONFIRMED else None


def scan_of(row: Document) -> Scan:
    """Read a scan's row."""
    # Rows from before devices had scans of their own lack these.
    return from_document(Scan, {"happened_at": row["recorded_at"], "done": row["decision"], **row})
