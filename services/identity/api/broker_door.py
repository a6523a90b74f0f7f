"""The way to RabbitMQ's management API, by which each device gets a user of its own that may do no more than it must.

The broker then enforces what a device may do: write its own two keys, read its own decisions, nothing else; and
deleting the user cuts whoever is connected as it.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from services.identity.domain import Device
from shared.contracts.devices import DEVICES_EXCHANGE, decision_key, decision_queue, heartbeat_key, scan_key
from shared.errors import Transient

WAIT_SECONDS = 5.0
HASHING = "rabbit_password_hashing_sha256"
VHOST = "/"
_VHOST = quote(VHOST, safe="")
_EXCHANGE = f"/exchanges/{_VHOST}/{DEVICES_EXCHANGE}"
QUEUE: Mapping[str, Any] = {"durable": True, "arguments": {"x-max-length": 1000, "x-message-ttl": 3_600_000}}
"""A device's decisions wait for an hour: later than that nobody stands at the gate any more."""
_OF_DEVICE = re.compile(r"(?:menshen\.device\.|mqtt-subscription-)?(dev_[0-9A-Z]{26})(?:qos[01])?")

Rights = tuple[str, str, str, str]
"""Virtual host, then the patterns for configure, write and read; for topics: host, exchange, write, read."""


class BrokerApiAway(Transient):
    """The management API did not answer, or there is none."""


class BrokerApiRefused(Transient):
    """The management API answered, but would not do it."""


@dataclass(frozen=True)
class Footing:
    """What the broker has of one device: its user with all rights, and whether its decisions reach its queue."""

    secret_hash: str | None = None
    tags: str = ""
    rights: frozenset[Rights] = frozenset()
    topic_rights: frozenset[Rights] = frozenset()
    bound: bool = False

    @classmethod
    def of(cls, device: Device) -> "Footing":
        """Say what the broker should have of an active device."""
        mqtt = rf"mqtt-subscription-{device.id}qos[01]"
        exchange, queue = re.escape(DEVICES_EXCHANGE), re.escape(decision_queue(device.id))
        scans, beats = (re.escape(key(device.area, device.id)) for key in (scan_key, heartbeat_key))
        decisions = re.escape(decision_key(device.id))
        rights = (VHOST, f"^{mqtt}$", f"^({exchange}|{mqtt})$", f"^({exchange}|{mqtt}|{queue})$")
        topic_rights = (VHOST, DEVICES_EXCHANGE, f"^({scans}|{beats})$", f"^{decisions}$")
        return cls(device.secret_hash, "", frozenset([rights]), frozenset([topic_rights]), bound=True)

    def exceeds(self, other: "Footing") -> bool:
        """Tell whether this allows more: an open connection may go on with it although it is taken back.

        Rights without topic rights are rights to every key. One that is just being made has less, never more.
        """
        unbounded = bool(self.rights) and not self.topic_rights >= other.topic_rights
        more = self.rights - other.rights or self.topic_rights - other.topic_rights
        return bool(self.tags or more or unbounded)


class BrokerDoor:
    """Makes and removes the devices' users. Every call may be repeated; all raise BrokerApiAway, BrokerApiRefused."""

    def __init__(self, api: str | None) -> None:
        """Take the management API's URL with user and password; without one nothing can be provisioned."""
        url = URL(api) if api else None
        basic = aiohttp.encode_basic_auth(url.user or "", url.password or "") if url else ""
        self._headers = {"Authorization": basic}
        self._base = str(url.with_user(None)).rstrip("/") + "/api" if url else None

    @property
    def configured(self) -> bool:
        """Tell whether there is an API to call."""
        return self._base is not None

    async def users(self) -> dict[str, Footing]:
        """Return what the broker has of every device, also leftovers such as a queue without a user."""
        async with self._open() as session:
            users, rights, topics = [
                await self._call(session, "GET", path)
                for path in ("/users?columns=name,password_hash,tags", "/permissions", "/topic-permissions")
            ]
            bound = await self._call(session, "GET", f"{_EXCHANGE}/bindings/source") or []
        if not all(isinstance(rows, list) for rows in (users, rights, topics, bound)):
            raise BrokerApiRefused("this is no management API")
        ids = {_device_in(row["name"]) for row in users} | {_device_in(row["destination"]) for row in bound}
        secrets = {row["name"]: (row["password_hash"], _tags(row["tags"])) for row in users}
        plain, of_topics = defaultdict(set), defaultdict(set)
        for row in rights:
            plain[row["user"]].add((row["vhost"], row["configure"], row["write"], row["read"]))
        for row in topics:
            of_topics[row["user"]].add((row["vhost"], row["exchange"], row["write"], row["read"]))
        pairs = {(row["routing_key"], row["destination"]) for row in bound}
        return {
            one: Footing(
                *secrets.get(one, (None, "")),
                frozenset(plain[one]),
                frozenset(of_topics[one]),
                (decision_key(one), decision_queue(one)) in pairs,
            )
            for one in ids
            if one
        }

    async def put(self, device: Device) -> None:
        """Make a device's user, its rights and its queue. Whoever is connected with another secret is cut.

        The topic rights come before the right to the exchange: without any, a user may write every key.
        """
        wanted, name, queue = Footing.of(device), device.id, decision_queue(device.id)
        user = {"password_hash": wanted.secret_hash, "hashing_algorithm": HASHING, "tags": ""}
        async with self._open() as session:
            there = await self._call(session, "GET", f"/users/{name}")
            if there and there["password_hash"] != wanted.secret_hash:
                await self._call(session, "DELETE", f"/users/{name}")
            await self._call(session, "PUT", _EXCHANGE, {"type": "topic", "durable": True})
            await self._call(session, "PUT", f"/queues/{_VHOST}/{queue}", QUEUE)
            binding = {"routing_key": decision_key(device.id)}
            await self._call(session, "POST", f"/bindings/{_VHOST}/e/{DEVICES_EXCHANGE}/q/{queue}", binding)
            await self._call(session, "PUT", f"/users/{name}", user)
            for vhost, exchange, write, read in wanted.topic_rights:
                body = {"exchange": exchange, "write": write, "read": read}
                await self._call(session, "PUT", f"/topic-permissions/{quote(vhost, safe='')}/{name}", body)
            for vhost, configure, write, read in wanted.rights:
                body = {"configure": configure, "write": write, "read": read}
                await self._call(session, "PUT", f"/permissions/{quote(vhost, safe='')}/{name}", body)

    async def cut(self, device_id: str) -> None:
        """Remove a device's user with all its rights; its open connections end at once."""
        async with self._open() as session:
            await self._call(session, "DELETE", f"/users/{device_id}")

    async def remove(self, device_id: str) -> None:
        """Remove all that the broker has of a device: its user, which cuts its connections, then its queues."""
        queues = [decision_queue(device_id), *(f"mqtt-subscription-{device_id}qos{qos}" for qos in (0, 1))]
        async with self._open() as session:
            await self._call(session, "DELETE", f"/users/{device_id}")
            for queue in queues:
                await self._call(session, "DELETE", f"/queues/{_VHOST}/{queue}")

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[aiohttp.ClientSession]:
        if self._base is None:
            raise BrokerApiAway("not configured")
        try:
            async with asyncio.timeout(WAIT_SECONDS), aiohttp.ClientSession(headers=self._headers) as session:
                yield session
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # The name alone: the error's text may hold the URL.
            raise BrokerApiAway(type(error).__name__) from None

    async def _call(
        self, session: aiohttp.ClientSession, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Make one call and return its JSON; None for what is not there, or for no content."""
        async with session.request(method, URL(f"{self._base}{path}", encoded=True), json=body) as answer:
            if answer.status == 404 and method in {"GET", "DELETE"}:
                return None
            if answer.status >= 500:
                raise BrokerApiAway(f"status {answer.status}")
            if answer.status >= 400:
                raise BrokerApiRefused(f"status {answer.status}")
            return await answer.json() if method == "GET" else None


def _device_in(name: str) -> str | None:
    """Read the device from the name of its user or of one of its queues; None for the names of others."""
    found = _OF_DEVICE.fullmatch(name)
    return found[1] if found else None


def _tags(tags: list[str] | str) -> str:
    """Read a user's tags, which are a list from RabbitMQ 3.9 on and were a text before."""
    return tags if isinstance(tags, str) else ",".join(tags)
