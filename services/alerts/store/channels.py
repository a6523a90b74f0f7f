"""Officials' own channels and the deliveries to them."""

from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateMany

from services.alerts.domain import LEASE, Change, Channel, Delivery, DeliveryState, Told
from shared.contracts.area import chain
from shared.ids import new_id
from shared.mongo import Document, Store, from_document, to_document

DELIVERIES_KEPT = timedelta(days=30)
WAITING = DeliveryState.WAITING.value
MANY = 1000

CHANNEL_INDEXES = {
    "channels": [
        IndexModel([("area", ASCENDING), ("kinds", ASCENDING)]),
        IndexModel([("owner", ASCENDING), ("_id", ASCENDING)]),
    ],
    "deliveries": [
        IndexModel([("channel", ASCENDING), ("state", ASCENDING), ("next_at", ASCENDING)]),
        IndexModel([("channel", ASCENDING), ("_id", DESCENDING)]),
        IndexModel(
            [("next_at", ASCENDING), ("channel", ASCENDING)],
            name="due",
            partialFilterExpression={"state": WAITING},
        ),
        # One thing that happened to one alert is told to a channel once. Test messages belong to no alert.
        IndexModel(
            [("channel", ASCENDING), ("told.alert", ASCENDING), ("version", ASCENDING)],
            unique=True,
            name="told_once",
            partialFilterExpression={"version": {"$gt": 0}},
        ),
        IndexModel("created_at", name="created_ttl", expireAfterSeconds=int(DELIVERIES_KEPT.total_seconds())),
    ],
}


class ChannelRows(Store):
    """Channels: made, ended, served."""

    async def deliver(self, change: Change) -> None:
        """Make a delivery for every channel that wants this alert; one that is disabled has it held."""
        alert = change.after
        query: Document = {
            "area": {"$in": list(chain(alert.area))},
            "kinds": alert.kind.value,
            "deleted": False,
            "suspended": False,
            "_id": {"$ne": alert.cause},  # a channel is not told that it is down
        }
        channels = await self._list("channels", query, sort=[("_id", 1)], limit=MANY)
        told = Told(alert.id, alert.kind, change.what, alert.area, alert.label, alert.state, change.at)
        for row in channels:
            await self.add_delivery(from_document(Channel, row), told, alert.version, change.at)

    async def add_delivery(self, channel: Channel, told: Told, version: int, now: datetime) -> Delivery:
        """Store something to be told to a channel; `version` is the alert's, 0 for a test message."""
        state = DeliveryState.HELD if channel.disabled else DeliveryState.WAITING
        delivery = Delivery(new_id("dlv"), channel.id, told, state, 0, now, now)
        await self._insert("deliveries", {**to_document(delivery), "version": version})
        return delivery

    async def channel(self, channel_id: str) -> Channel | None:
        """Find a channel that has not been deleted."""
        row = await self._one("channels", {"_id": channel_id, "deleted": False})
        return from_document(Channel, row) if row else None

    async def channels_of(self, owner: str, after: str | None, limit: int) -> list[Channel]:
        """List an account's channels."""
        query: Document = {"owner": owner, "deleted": False, **({"_id": {"$gt": after}} if after else {})}
        return [
            from_document(Channel, row) for row in await self._list("channels", query, sort=[("_id", 1)], limit=limit)
        ]

    async def save_channel(self, channel: Channel) -> None:
        """Store a channel."""
        await self._put("channels", to_document(channel))

    async def hold_back(self, channel_id: str) -> None:
        """Keep what waits for a channel until it is replayed."""
        held = {"$set": {"state": DeliveryState.HELD.value}}
        await self._write("deliveries", UpdateMany({"channel": channel_id, "state": WAITING}, held))

    async def slow_down(self, channel_id: str, until: datetime) -> None:
        """Let nothing go to a channel before an instant."""
        early = {"channel": channel_id, "state": WAITING, "next_at": {"$lt": until}}
        await self._write("deliveries", UpdateMany(early, {"$set": {"next_at": until}}))

    async def tell_again(self, channel_id: str, since: datetime, now: datetime) -> int:
        """Put everything a channel was to be told since an instant to its first try; returns how many."""
        await self.flush("deliveries")
        result = await self._db["deliveries"].update_many(
            {"channel": channel_id, "created_at": {"$gte": since}},
            {"$set": {"state": WAITING, "attempts": 0, "next_at": now, "error": None, "delivered_at": None}},
            session=self._session,
        )
        return int(result.modified_count)

    async def due_channels(self, now: datetime) -> list[str]:
        """Name the channels for which something is due."""
        query: Document = {"state": WAITING, "next_at": {"$lte": now}}
        await self.flush("deliveries")
        due: list[str] = await self._db["deliveries"].distinct("channel", query, session=self._session)
        return due

    async def claim(self, channel_id: str, now: datetime) -> Delivery | None:
        """Take the delivery that has been due longest. Its try counts from here, and nobody else gets it meanwhile."""
        row = await self._change(
            "deliveries",
            {"channel": channel_id, "state": WAITING, "next_at": {"$lte": now}},
            {"$set": {"next_at": now + LEASE}, "$inc": {"attempts": 1}},
            sort=[("next_at", 1)],
        )
        return from_document(Delivery, row) if row else None

    async def finish_try(self, delivery: Delivery) -> bool:
        """Store a try's outcome; False if somebody replayed or claimed the delivery since."""
        waiting = {"_id": delivery.id, "state": WAITING, "attempts": delivery.attempts}
        document = to_document(delivery)
        document.pop("_id")
        return await self._change("deliveries", waiting, {"$set": document}) is not None

    async def deliveries_of(self, channel_id: str, before: str | None, limit: int) -> list[Delivery]:
        """List what a channel was to be told, newest first."""
        query: Document = {"channel": channel_id, **({"_id": {"$lt": before}} if before else {})}
        rows = await self._list("deliveries", query, sort=[("_id", -1)], limit=limit)
        return [from_document(Delivery, row) for row in rows]
