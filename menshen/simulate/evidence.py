"""What the stores hold after a run, put beside what was sent: one SQLite file in which every invariant is a query.

Read page by page, so memory does not grow with the district. Documents are reduced to what a rule asks for; nothing of
a person is copied but the bodies of events, which hold none.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from services.alerts.consumers import SUBSCRIPTIONS as ALERTS
from services.gate.consumers import SUBSCRIPTIONS as GATE
from services.health.consumers import SUBSCRIPTIONS as HEALTH
from services.identity.consumers import SUBSCRIPTIONS as IDENTITY
from services.reports.consumers import SUBSCRIPTIONS as REPORTS
from shared.contracts import Event
from shared.contracts.area import covers
from shared.messaging.topology import Subscription

Stores = Mapping[str, Any]
"""Each service's database by the service's name."""
Row = tuple[Any, ...]

SERVICES = ("identity", "gate", "health", "reports", "alerts")
TABLES: Mapping[str, str] = {
    "events": "service, id PRIMARY KEY, type, subject, sequence, area, trace, sent, at, data",
    "inbox": "service, queue, event, PRIMARY KEY (event, queue)",
    "listeners": "service, queue, type",
    "states": "kind, id, area, PRIMARY KEY (kind, id)",
    "scans": (
        "id PRIMARY KEY, gate, direction, decision, pass, device, sequence, by_device, disputed, late, fever,"
        " scanned_at, recorded_at"
    ),
    "passes": "id PRIMARY KEY, starts, ends, out_at, in_at, revoked_at",
    "readings": "id PRIMARY KEY, source, source_id, fever, fever_case, retest_due, recorded_at",
    "subscriptions": "id PRIMARY KEY, account, area, seq, active, created_at",
    "interests": "subscription, kind",
    "feed": "subscription, seq, what, kind, cause, alert, area, PRIMARY KEY (subscription, seq)",
    "projections": "service, kind, id, sequence, active, PRIMARY KEY (kind, id, service)",
    "parked": "service, id, reason",
    "leases": "service, until",
    "queues": "name, messages, consumers",
    "channels": "id, state",
    "leaks": "place, what",
}
INDEXES = ("events(type, subject)", "events(subject)", "entries(kind, outcome)", "scans(pass)", "scans(device)")
OWNED = {("identity", "resident"), ("identity", "area"), ("health", "hold")}
"""What is no projection there but the thing itself."""
_PAGE = 2000


def listeners(stores: Stores) -> Iterator[Row]:
    """Yield who listens to what among these services: service, queue and event type; `*` is every event."""
    known: dict[str, list[Subscription[Any, Any]]] = {
        "alerts": ALERTS,
        "gate": GATE,
        "health": HEALTH,
        "reports": REPORTS,
        "identity": IDENTITY,
    }
    for service in stores:
        for one in known.get(service, ()):
            yield service, one.queue, "*" if one.event is Event else name_of(one.event.wire)


def name_of(wire: str) -> str:
    """Cut a wire name such as `menshen.gate.GateScanned.v1` down to the event's own."""
    return wire.split(".")[2]


class Evidence:
    """Fills the tables for one scope: an area and everything beneath it."""

    def __init__(self, connection: sqlite3.Connection, stores: Stores, scope: str) -> None:
        self._connection = connection
        self._stores = stores
        self._scope = scope

    async def gather(self) -> None:
        """Read everything anew."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        for name, columns in TABLES.items():
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
            self._connection.execute(f"CREATE TABLE {name} ({columns})")
        self._connection.execute("BEGIN")
        self.add("listeners", listeners(self._stores))
        for service, db in self._stores.items():
            await self._common(service, db)
        await self._gate()
        await self._others()
        for place in INDEXES:
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS {re.sub('[^a-z]', '_', place)} ON {place}")
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def add(self, table: str, rows: Iterator[Row] | list[Row]) -> None:
        """Add rows to a table."""
        places = TABLES[table].split(", PRIMARY KEY (")[0].count(",") + 1
        self._connection.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * places)})",  # noqa: S608  # our own names
            rows,
        )

    async def _common(self, service: str, db: Any) -> None:
        await self._read("events", db.outbox, lambda row: _event(service, row))
        await self._read("inbox", db.inbox, lambda row: (service, *row["_id"].split("/", 1)))
        await self._read("parked", db.parked, lambda row: (service, row["_id"], row["reason"]))
        await self._read("leases", db.leases, lambda row: (service, stamp(row["until"])))
        for kind, collection in (("resident", "residents"), ("area", "areas"), ("hold", "holds")):
            if (service, kind) not in OWNED:
                await self._read("projections", db[collection], partial(_projection, service, kind))

    async def _gate(self) -> None:
        db = self._stores.get("gate")
        if db is None:
            return
        await self._read("scans", db.scans, _scan, lambda row: row["area"])
        await self._read("passes", db.passes, _pass, lambda row: row["household"])
        await self._states(
            "gate", {"gate": ("gates", "area"), "exit": ("exits", "household"), "scan": ("scans", "area")}
        )

    async def _others(self) -> None:
        await self._states("identity", {"area": ("areas", "_id"), "resident": ("residents", "household")})
        await self._states("identity", {"account": ("accounts", None), "device": ("devices", "area")})
        await self._states("health", {"hold": ("holds", "area"), "case": ("fevers", "area")})
        await self._states("reports", {"clue": ("clues", "area")})
        await self._states("alerts", {"alert": ("alerts", "area"), "subscription": ("subscriptions", "area")})
        if "health" in self._stores:
            await self._read("readings", self._stores["health"].readings, _reading, lambda row: row["area"])
        db = self._stores.get("alerts")
        if db is None:
            return
        await self._read("subscriptions", db.subscriptions, _subscription, lambda row: row["area"])
        self._connection.execute("DELETE FROM interests")
        async for page in _pages(db.subscriptions):
            self.add("interests", [(row["_id"], kind) for row in page for kind in row["kinds"]])
        mine = {row[0] for row in self._connection.execute("SELECT id FROM subscriptions")}
        await self._read("feed", db.feed, lambda row: _fed(row) if row["subscription"] in mine else None)
        await self._read("channels", db.channels, lambda row: (row["_id"], str(row.get("state", ""))))

    async def _states(self, service: str, kinds: Mapping[str, tuple[str, str | None]]) -> None:
        if service not in self._stores:
            return
        for kind, (collection, field) in kinds.items():
            where = itemgetter(field) if field else None
            await self._read("states", self._stores[service][collection], partial(_state, kind, field), where)

    async def _read(
        self,
        table: str,
        collection: Any,
        reduce: Callable[[Any], Row | None],
        where: Callable[[Any], str] | None = None,
    ) -> None:
        async for page in _pages(collection):
            near = (row for row in page if where is None or covers(self._scope, where(row)))
            rows = [reduced for row in near if (reduced := reduce(row)) is not None]
            if table == "events":
                rows = [row for row in rows if covers(self._scope, row[5])]
            self.add(table, rows)


async def _pages(collection: Any) -> AsyncIterator[list[Any]]:
    cursor = collection.find({}, batch_size=_PAGE)
    while page := await cursor.to_list(_PAGE):
        yield page


def stamp(at: datetime | None) -> float | None:
    """Return an instant as seconds, for comparisons."""
    return at.timestamp() if at else None


def _event(service: str, row: Any) -> Row:
    envelope = json.loads(row["body"])
    trace = (envelope.get("traceparent") or "")[3:35] or None
    told = (row["_id"], name_of(row["type"]), row["subject"], row["sequence"], envelope["area"], trace)
    return service, *told, int(row["sent"]), envelope["time"], json.dumps(envelope["data"], ensure_ascii=False)


def _projection(service: str, kind: str, row: Any) -> Row:
    return service, kind, row["_id"], row["sequence"], int(row.get("active", True))


def _state(kind: str, field: str | None, row: Any) -> Row:
    return kind, row["_id"], row[field] if field else None


def _scan(row: Any) -> Row:
    where = (row["_id"], row["gate"], row["direction"], row["decision"], row["pass_id"], row.get("device"))
    by_device = row.get("decided_by", "service") == "device"
    what = (row.get("sequence"), int(by_device), ",".join(row.get("disputed") or ()), int(row["late"]), row["fever"])
    return *where, *what, stamp(row["scanned_at"]), stamp(row["recorded_at"])


def _pass(row: Any) -> Row:
    return row["_id"], *(stamp(row[name]) for name in ("start", "end", "out_at", "in_at", "revoked_at"))


def _reading(row: Any) -> Row:
    what = (row["_id"], row["source"], row["source_id"], row["fever"], row["case"])
    return *what, stamp(row["retest_due"]), stamp(row["recorded_at"])


def _subscription(row: Any) -> Row:
    active = not row["deleted"] and not row["suspended"]
    return row["_id"], row["account"], row["area"], row["seq"], int(active), stamp(row["created_at"])


def _fed(row: Any) -> Row:
    alert = row["alert"]
    what = (row["what"], alert["kind"], alert["cause"])
    return row["subscription"], row["seq"], *what, alert["_id"], alert["area"]
