"""Alerts and the projections they are decided with."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.alerts.domain import SEES, Account, Alert, AlertKind, AlertState, Change, Ending
from services.alerts.store.channels import ChannelRows
from services.alerts.store.feeds import FeedRows
from shared.contracts import Fact
from shared.contracts.area import chain
from shared.contracts.values import Role
from shared.errors import invalid
from shared.mongo import Document, from_document, to_document
from shared.projections import SettingsRows

ENDINGS_KEPT = timedelta(days=60)

ALERT_INDEXES = {
    "alerts": [
        IndexModel([("areas", ASCENDING), ("raised_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("areas", ASCENDING), ("state", ASCENDING), ("raised_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel("escalate_at", name="waiting", partialFilterExpression={"state": AlertState.OPEN.value}),
        IndexModel("expires_at", name="expires_ttl", expireAfterSeconds=0),
    ],
    "endings": [IndexModel("at", name="at_ttl", expireAfterSeconds=int(ENDINGS_KEPT.total_seconds()))],
    "accounts": [IndexModel("areas"), IndexModel("managed")],
    "areas": [],
}


class AlertRows(FeedRows, ChannelRows, SettingsRows):
    """Alerts: found, listed, changed."""

    async def alert(self, alert_id: str) -> Alert | None:
        """Find an alert."""
        row = await self._one("alerts", {"_id": alert_id})
        return from_document(Alert, row) if row else None

    async def alerts_in(
        self,
        within: Mapping[tuple[AlertKind, ...], Sequence[str]],
        state: AlertState | None,
        after: str | None,
        limit: int,
    ) -> list[Alert]:
        """List the alerts of kinds and the areas that go with them, newest first. Raises `cursor_invalid`."""
        parts = [{"areas": {"$in": list(areas)}, "kind": {"$in": list(kinds)}} for kinds, areas in within.items()]
        query: Document = {"$or": parts, **({"state": state.value} if state else {})}
        if after:
            last = await self.alert(after)
            if last is None:
                raise invalid("after", "cursor_invalid")
            same = {"raised_at": last.raised_at, "_id": {"$lt": last.id}}
            query = {"$and": [query, {"$or": [{"raised_at": {"$lt": last.raised_at}}, same]}]}
        rows = await self._list("alerts", query, sort=[("raised_at", -1), ("_id", -1)], limit=limit)
        return [from_document(Alert, row) for row in rows]

    async def due_alerts(self, now: datetime, limit: int) -> list[str]:
        """Find the open alerts whose turn passes to the area above."""
        query: Document = {"state": AlertState.OPEN.value, "escalate_at": {"$lte": now}}
        rows = await self._list("alerts", query, sort=[("escalate_at", 1)], limit=limit)
        return [row["_id"] for row in rows]

    async def save_change(self, change: Change, facts: Sequence[Fact]) -> None:
        """Store an alert's step with its events, one row in every feed and one delivery to every channel it concerns.

        All in one transaction: whoever is subscribed at this moment gets it once, whatever dies meanwhile.
        """
        row = {**to_document(change.after), "areas": list(chain(change.after.area))}
        if change.before is None:
            await self._insert("alerts", row)
        else:
            await self._put("alerts", row)
        self._tell(facts)
        await asyncio.gather(self.feed(change), self.deliver(change))

    async def put_ending(self, ending: Ending) -> None:
        """Remember that a cause ended, for an occurrence that comes after its end."""
        known = await self._one("endings", {"_id": ending.id})
        if known is None or known.get("sequence", 0) < ending.sequence:
            await self._put("endings", to_document(ending))

    async def ending(self, cause: str, now: datetime) -> Ending | None:
        """Find how a cause ended; whoever ends it at this moment meets this transaction, and looks again.

        Snapshots do not see each other: two transactions of which each reads what the other writes, and neither writes
        what the other does, would both miss it. Hence the place of the ending is written by both.
        """
        held = {"$set": {"looked_at": now}, "$setOnInsert": {"at": now}}
        row = await self._change("endings", {"_id": cause}, held, upsert=True)
        return from_document(Ending, row) if row and "sequence" in row else None

    # Accounts

    async def put_account(self, account: Account) -> bool:
        """Keep an account as the newest event tells; False if a newer one is known."""
        return await self._put_newer("accounts", to_document(account))

    async def account(self, account_id: str) -> Account | None:
        """Find a staff account."""
        row = await self._one("accounts", {"_id": account_id})
        return from_document(Account, row) if row else None

    async def accounts(self, ids: Sequence[str]) -> list[Account]:
        """Find several accounts at once."""
        rows = await self._list("accounts", {"_id": {"$in": list(ids)}}, sort=[("_id", 1)], limit=len(ids) or 1)
        return [from_document(Account, row) for row in rows]

    async def anybody_on(self, areas: Sequence[str], kind: AlertKind) -> bool:
        """Tell whether somebody who is shown alerts of a kind has a grant on one of these very areas."""
        fields = ["areas", "managed"] if kind in SEES[Role.PROPERTY_MANAGER] else ["areas"]
        there = [{field: {"$in": list(areas)}, "active": True} for field in fields]
        return await self._one("accounts", {"$or": there}) is not None
