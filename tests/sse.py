"""A live stream as a browser reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Item:
    id: str
    event: str
    data: Any


class Stream:
    """Items of an open stream, in the order they came."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.items: list[Item] = []
        self._came = asyncio.Condition()

    async def read(self) -> None:
        fields: dict[str, str] = {}
        async for line in self.response.aiter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(":")
                fields[name] = fields.get(name, "") + value.removeprefix(" ")
            elif "data" not in fields:
                fields = {}  # a comment's or a retry hint's end
            else:
                item = Item(fields.get("id", ""), fields.get("event", ""), json.loads(fields.get("data") or "null"))
                fields = {}
                async with self._came:
                    self.items.append(item)
                    self._came.notify_all()

    async def causes(self, count: int, timeout: float = 10, besides: AbstractSet[str] = frozenset()) -> list[Item]:
        """Wait until items of so many alerts have come, `besides` these, and return all items."""
        async with asyncio.timeout(timeout), self._came:
            await self._came.wait_for(lambda: len({item.data["cause"] for item in self.items} - besides) >= count)
        return self.items

    async def next(self, count: int = 1, timeout: float = 10) -> list[Item]:
        """Wait until so many items have come, and return them all."""
        async with asyncio.timeout(timeout), self._came:
            await self._came.wait_for(lambda: len(self.items) >= count)
        return self.items


@asynccontextmanager
async def listening(
    client: httpx2.AsyncClient, headers: dict[str, str], last: str | None = None, **params: str
) -> AsyncIterator[Stream]:
    sent = {**headers, **({"Last-Event-ID": last} if last is not None else {})}
    timeout = httpx2.Timeout(10, read=60)
    async with client.stream("GET", "/v1/alerts/stream", params=params, headers=sent, timeout=timeout) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        reading = asyncio.create_task(stream.read())
        try:
            yield stream
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
