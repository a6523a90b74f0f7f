"""Subscriptions and their stored feeds."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from pymongo import ASCENDING, IndexModel, UpdateMany
from pymongo.errors import PyMongoError

from services.alerts.domain import Account, Change, FeedRow, Subscription
from shared.contracts.area import chain
from shared.mongo import Document, Mongo, StorageUnavailable, Store, from_document, to_document

FEED_KEPT = timedelta(days=14)
EVERYBODY = 100_000
OPERATIONS: list[Document] = [
    {"$match": {"operationType": "insert"}},
    {"$project": {"fullDocument.subscription": 1, "fullDocument.seq": 1}},
]

FEED_INDEXES = {
    "subscriptions": [
        IndexModel([("area", ASCENDING), ("kinds", ASCENDING)]),
        IndexModel([("account", ASCENDING), ("_id", ASCENDING)]),
    ],
    "feed": [
        IndexModel([("subscription", ASCENDING), ("seq", ASCENDING)], unique=True),
        IndexModel([("subscription", ASCENDING), ("alert._id", ASCENDING), ("alert.version", ASCENDING)], unique=True),
        IndexModel("at", name="at_ttl", expireAfterSeconds=int(FEED_KEPT.total_seconds())),
    ],
}


class FeedRows(Store):
    """Subscriptions: made, ended, fed and read."""

    async def feed(self, change: Change) -> None:
        """Write one row into the feed of everybody subscribed now to the alert's area and kind.

        The counters are raised in the same transaction as the rows are inserted: a feed has no gap and no double, and
        its order is that of the commits.
        """
        alert = change.after
        query: Document = {
            "area": {"$in": list(chain(alert.area))},
            "kinds": alert.kind.value,
            "deleted": False,
            "suspended": False,
        }
        await self._write("subscriptions", UpdateMany(query, {"$inc": {"seq": 1}}))
        subscribed = await self._list("subscriptions", query, sort=[("_id", 1)], limit=0, projection={"seq": 1})
        snapshot = to_document(alert)
        rows = [
            {
                "_id": f"{one['_id']}/{one['seq']}",
                "subscription": one["_id"],
                "seq": one["seq"],
                "what": change.what.value,
                "at": change.at,
                "alert": snapshot,
            }
            for one in subscribed
        ]
        for row in rows:
            await self._insert("feed", row)
            self.grown.add(row["subscription"])

    async def subscription(self, subscription_id: str) -> Subscription | None:
        """Find a subscription, ended ones included."""
        row = await self._one("subscriptions", {"_id": subscription_id})
        return from_document(Subscription, row) if row else None

    async def subscriptions(self, ids: Sequence[str]) -> list[Subscription]:
        """Find several subscriptions at once."""
        rows = await self._list("subscriptions", {"_id": {"$in": list(ids)}}, sort=[("_id", 1)], limit=len(ids) or 1)
        return [from_document(Subscription, row) for row in rows]

    async def subscriptions_of(self, account: str, after: str | None, limit: int) -> list[Subscription]:
        """List an account's subscriptions that it has not deleted."""
        query: Document = {"account": account, "deleted": False, **({"_id": {"$gt": after}} if after else {})}
        rows = await self._list("subscriptions", query, sort=[("_id", 1)], limit=limit)
        return [from_document(Subscription, row) for row in rows]

    async def save_subscription(self, subscription: Subscription) -> None:
        """Store a subscription; its counter must be as it was read in this transaction."""
        await self._put("subscriptions", to_document(subscription))

    async def suspend_beyond(self, account: Account) -> None:
        """Stop feeds and channels of an account where it has no work any more, go on with those where it has."""
        for collection, owner in (("subscriptions", "account"), ("channels", "owner")):
            rows = await self._list(collection, {owner: account.id}, sort=[("_id", 1)], limit=EVERYBODY)
            for row in rows:
                suspended = not account.sees(row["kinds"], row["area"])
                if suspended != row["suspended"]:
                    await self._change(collection, {"_id": row["_id"]}, {"$set": {"suspended": suspended}})

    async def oldest_row(self, subscription_id: str) -> int | None:
        """Return the sequence number of the first row still kept."""
        rows = await self._list("feed", {"subscription": subscription_id}, sort=[("seq", 1)], limit=1)
        return rows[0]["seq"] if rows else None

    async def rows_after(self, subscription_id: str, seq: int, limit: int) -> list[FeedRow]:
        """Read a feed from a place on, in order."""
        query: Document = {"subscription": subscription_id, "seq": {"$gt": seq}}
        rows = await self._list("feed", query, sort=[("seq", 1)], limit=limit)
        return [
            from_document(FeedRow, {**row, "alert": {**row["alert"], "id": row["alert"]["_id"]}}, "_id") for row in rows
        ]


async def feed_growth(mongo: Mongo) -> AsyncIterator[tuple[str, int] | None]:
    """Yield the subscription and place of each row as any process writes it; first None, once the watch is on.

    Raises StorageUnavailable when the watch breaks. Rows written in between must be looked for.
    """
    try:
        async with mongo.db["feed"].watch(OPERATIONS) as stream:
            yield None
            async for change in stream:
                row = change["fullDocument"]
                yield row["subscription"], row["seq"]
    except PyMongoError as error:
        raise StorageUnavailable(type(error).__name__) from error
