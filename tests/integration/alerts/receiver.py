"""Somebody else's server, good or bad, on this machine."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Receiver:
    """Keeps what it is sent and answers as it is told: a status, headers, or not at all if `silent`."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    bodies: list[bytes] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=very-secret"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.heads.append({name.lower(): value for name, value in request.headers.items()})
        if self.silent:
            await self.closing.wait()
        return web.Response(status=self.status, headers=self.headers)

    def signed_with(self, secret: str, index: int) -> bool:
        """Check a signature the way Standard Webhooks tells receivers to."""
        head = self.heads[index]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + self.bodies[index]
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return head["webhook-signature"] == f"v1,{expected}"


@asynccontextmanager
async def receiving(**behaviour: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver(**behaviour)
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    yield receiver
    receiver.closing.set()
    await runner.cleanup()
