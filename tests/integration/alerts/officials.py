"""What officials do: work somewhere, listen to a stream, look at an alert. And what makes alerts for them."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from shared.contracts import Fact
from shared.contracts.health import FeverAlert
from shared.contracts.identity import AccountChanged
from shared.contracts.values import Grant, Role, Site
from shared.ids import new_id
from tests.district import District

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def fever(room: str, case: str | None = None, *, sequence: int = 1, celsius: float = 38.2, ago: int = 0) -> Fact:
    """Make a confirmed fever, measured so many seconds ago."""
    event = FeverAlert(
        reading=new_id("temp"),
        resident=new_id("res"),
        label="王**",
        temperature_c=celsius,
        site=Site.EAR,
        gate=None,
        measured_at=datetime.now(UTC) - timedelta(seconds=ago),
        late=False,
    )
    return Fact(event, case or new_id("case"), room, sequence)


@dataclass
class Official:
    """Somebody who works on an area, known to alerts."""

    district: District
    area: str
    account: str = field(default_factory=lambda: new_id("acc"))
    role: Role = Role.OFFICIAL

    @property
    def headers(self) -> dict[str, str]:
        return self.district.staff((self.role, self.area), account=self.account)

    async def change(
        self, sequence: int, *, active: bool = True, not_before: datetime = LONG_AGO, **place: str
    ) -> None:
        """Tell alerts about the account, and wait until it knows."""
        grants = [Grant(role=self.role, area=place.get("area", self.area))]
        event = AccountChanged(active=active, grants=grants, tokens_not_before=not_before)
        await self.district.publish(Fact(event, self.account, self.area, sequence))
        known = self.district.db("alerts").accounts
        await self.district.until(lambda: known.find_one({"_id": self.account, "sequence": sequence}))

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return await self.district.http("alerts").request(method, path, headers=self.headers, **more)

    async def alerts(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/v1/alerts", params={"area": self.area, **query})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def alert(self, cause: str, **expected: Any) -> dict[str, Any]:
        """Wait until the alert of a cause is there and looks as expected."""

        async def find() -> dict[str, Any] | None:
            found = [one for one in await self.alerts() if one["cause"] == cause]
            return found[0] if found and expected.items() <= found[0].items() else None

        there: dict[str, Any] = await self.district.until(find)
        return there


@dataclass
class Told:
    """An event of a stream, as a browser would dispatch it."""

    id: str
    event: str
    data: dict[str, Any]


class Listening:
    """An open stream, read by the rules of Server-Sent Events: `last` is what a browser would send as Last-Event-ID."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.last = ""
        self._lines = response.aiter_lines()

    async def next(self) -> Told | None:
        """Wait for the next event; None when the stream has ended."""
        kind, data = "message", []
        async for line in self._lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.last = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
            elif not line and data:
                return Told(self.last, kind, json.loads("\n".join(data)))
        return None

    async def take(self, count: int) -> list[Told]:
        return [one for _ in range(count) if (one := await self.next())]


@asynccontextmanager
async def listening(official: Official, *, last: str | None = None, **query: str) -> AsyncIterator[Listening]:
    """Open a stream on a connection of its own."""
    headers = official.headers | ({"Last-Event-ID": last} if last is not None else {})
    params = {"area": official.area, **query}
    async with (
        httpx2.AsyncClient(base_url=official.district.url("alerts"), timeout=10, trust_env=False) as client,
        client.stream("GET", "/v1/alerts/stream", params=params, headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield Listening(response)


async def raise_fevers(official: Official, count: int) -> list[str]:
    """Raise alerts one after the other, so that their order is known."""
    causes = []
    for _ in range(count):
        told = fever(f"{official.area}.b1.u1.r{secrets.randbelow(900)}")
        await official.district.publish(told)
        await official.alert(told.subject)
        causes.append(told.subject)
    return causes
