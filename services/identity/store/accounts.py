"""Accounts and signing in: collections `accounts`, `sessions`, `refresh_tokens`, `codes`, `code_sends`, `tries`.

`code_deliveries` holds codes on their way out, `demo_outbox` those of a demo district, readable by anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from pymongo import ASCENDING, DeleteOne, IndexModel, UpdateMany, UpdateOne

from services.identity.domain import Account, Code, Session
from shared.contracts import Fact
from shared.mongo import Document, Store, beneath, from_document, to_document

_AT_ONCE = 0


@dataclass(frozen=True)
class Delivery:
    """A code on its way to a phone; both are gone from the record once it is sent or given up."""

    id: str
    phone: str | None
    code: str | None
    state: str
    tries: int
    created_at: datetime
    next_at: datetime
    expires_at: datetime
    done_at: datetime | None = None
    fault: str | None = None


class AccountStore(Store):
    """Questions and changes of accounts, sessions and codes."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        "accounts": [
            IndexModel("username", unique=True, partialFilterExpression={"username": {"$type": "string"}}),
            IndexModel([("mandates.area", ASCENDING), ("_id", ASCENDING)]),
        ],
        "sessions": [IndexModel("account"), IndexModel("expires_at", expireAfterSeconds=_AT_ONCE)],
        "refresh_tokens": [IndexModel("expires_at", expireAfterSeconds=_AT_ONCE)],
        "codes": [IndexModel("expires_at", expireAfterSeconds=_AT_ONCE)],
        "code_sends": [IndexModel("expires_at", expireAfterSeconds=_AT_ONCE)],
        "code_deliveries": [
            IndexModel([("state", ASCENDING), ("next_at", ASCENDING)]),
            IndexModel("created_at", expireAfterSeconds=int(timedelta(days=7).total_seconds())),
        ],
        "demo_outbox": [IndexModel("expires_at", expireAfterSeconds=_AT_ONCE)],
        "tries": [IndexModel("expires_at", expireAfterSeconds=_AT_ONCE)],
    }

    # Accounts

    async def account(self, account_id: str) -> Account | None:
        """Find an account."""
        row = await self._one("accounts", {"_id": account_id})
        return from_document(Account, row) if row else None

    async def account_named(self, username: str) -> Account | None:
        """Find a staff account by its username."""
        row = await self._one("accounts", {"username": username})
        return from_document(Account, row) if row else None

    async def staff_in(self, area: str, after: str | None, limit: int) -> list[Account]:
        """List the staff with a role in an area."""
        query: Document = beneath(area, "mandates.area")
        if after:
            query["_id"] = {"$gt": after}
        rows = await self._list("accounts", query, sort=[("_id", 1)], limit=limit)
        return [from_document(Account, row) for row in rows]

    async def add_account(self, account: Account, facts: Sequence[Fact]) -> None:
        """Store a new account."""
        await self._insert("accounts", to_document(account))
        self._tell(facts)

    async def save_account(self, account: Account, facts: Sequence[Fact]) -> None:
        """Store an account's state and its events."""
        await self._put("accounts", to_document(account))
        self._tell(facts)

    async def use_totp(self, account_id: str, step: int) -> bool:
        """Take a TOTP code's time step unless it or a later one was taken; of many at once one succeeds."""
        fresh = {"_id": account_id, "totp_step": {"$lt": step}}
        return await self._change("accounts", fresh, {"$set": {"totp_step": step}}) is not None

    # Sessions

    async def open_session(self, session: Session, token_hash: str) -> None:
        """Store a new session with its first refresh token."""
        await self._insert("sessions", to_document(session))
        await self.add_refresh_token(session, token_hash)

    async def add_refresh_token(self, session: Session, token_hash: str) -> None:
        """Store a refresh token, hashed; used ones stay until they would expire, to recognise a reuse."""
        row = {"_id": token_hash, "session": session.id, "used": False, "expires_at": session.expires_at}
        await self._insert("refresh_tokens", row)

    async def session_of(self, token_hash: str) -> Session | None:
        """Find the session that a refresh token belongs or belonged to."""
        row = await self._one("refresh_tokens", {"_id": token_hash})
        session = await self._one("sessions", {"_id": row["session"]}) if row else None
        return from_document(Session, session) if session else None

    async def use_refresh_token(self, token_hash: str, now: datetime) -> bool:
        """Use a refresh token up; False if it was used before or has expired. Of many at once one succeeds."""
        unused = {"_id": token_hash, "used": False, "expires_at": {"$gt": now}}
        return await self._change("refresh_tokens", unused, {"$set": {"used": True}}) is not None

    async def prolong(self, session: Session) -> None:
        """Store until when a session lives now."""
        await self._change("sessions", {"_id": session.id}, {"$set": {"expires_at": session.expires_at}})

    async def end_session(self, session_id: str, now: datetime) -> None:
        """End one session."""
        await self._change("sessions", {"_id": session_id, "ended_at": None}, {"$set": {"ended_at": now}})

    async def end_sessions(self, account_id: str, now: datetime) -> None:
        """End every session of an account."""
        await self._write(
            "sessions", UpdateMany({"account": account_id, "ended_at": None}, {"$set": {"ended_at": now}})
        )

    # Codes

    async def code(self, phone_lookup: str) -> Code | None:
        """Find the newest code of a phone."""
        row = await self._one("codes", {"_id": phone_lookup})
        return from_document(Code, row) if row else None

    async def put_code(self, code: Code) -> None:
        """Store a phone's new code; the one before is void."""
        await self._put("codes", to_document(code))

    async def use_code(self, code: Code) -> bool:
        """Use a code up; of many at once one succeeds."""
        live = {"_id": code.id, "code_hash": code.code_hash, "used": False}
        return await self._change("codes", live, {"$set": {"used": True}}) is not None

    async def count_wrong_code(self, code: Code) -> None:
        """Count a wrong try."""
        await self._change("codes", {"_id": code.id, "code_hash": code.code_hash}, {"$inc": {"tries": 1}})

    async def times(self, collection: str, key: str) -> list[datetime]:
        """Return when something limited was done, of `code_sends` or `tries`."""
        row = await self._one(collection, {"_id": key})
        return list(row["at"]) if row else []

    async def add_time(self, collection: str, key: str, now: datetime, kept: timedelta) -> None:
        """Note that something limited was done."""
        change = {"$push": {"at": {"$each": [now], "$slice": -50}}, "$set": {"expires_at": now + kept}}
        await self._write(collection, UpdateOne({"_id": key}, change, upsert=True), about=(key,))

    async def forget_times(self, collection: str, key: str) -> None:
        """Begin counting afresh."""
        await self._write(collection, DeleteOne({"_id": key}), about=(key,))

    async def add_delivery(self, delivery: Delivery) -> None:
        """Store a code to be sent."""
        await self._insert("code_deliveries", to_document(delivery))

    async def next_delivery(self, now: datetime, lease: timedelta) -> Delivery | None:
        """Take a code that is due; nobody else gets it before the lease ends."""
        due = {"state": "waiting", "next_at": {"$lte": now}}
        change = {"$set": {"next_at": now + lease}, "$inc": {"tries": 1}}
        row = await self._change("code_deliveries", due, change, sort=[("next_at", 1)])
        return from_document(Delivery, row) if row else None

    async def finish_delivery(self, delivery_id: str, state: str, fault: str | None, now: datetime) -> None:
        """Record that a code was sent or given up, and forget it."""
        done = {"state": state, "fault": fault, "done_at": now, "phone": None, "code": None}
        await self._change("code_deliveries", {"_id": delivery_id}, {"$set": done})

    async def put_demo_code(self, phone_lookup: str, code: str, expires_at: datetime) -> None:
        """Keep a code where anybody can read it: in a demo district only."""
        await self._put("demo_outbox", {"_id": phone_lookup, "code": code, "expires_at": expires_at})

    async def demo_code(self, phone_lookup: str, now: datetime) -> tuple[str, datetime] | None:
        """Read a demo district's newest code of a phone."""
        row = await self._one("demo_outbox", {"_id": phone_lookup, "expires_at": {"$gt": now}})
        return (row["code"], row["expires_at"]) if row else None
