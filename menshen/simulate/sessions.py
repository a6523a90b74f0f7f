"""Sign-ins: whoever acts has one, and it is renewed before its token ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import stamina

from menshen.simulate.client import Client, Request

RENEWED_AFTER = 600.0
"""Seconds; a token lives fifteen minutes."""


class CannotSignIn(Exception):
    """Somebody of the simulation was not let in; what they planned is not played."""


class Session:
    """One account's tokens. Signs in when first asked for one."""

    def __init__(self, enter: Callable[[], Awaitable[str]]) -> None:
        self._enter = enter
        self._token: str | None = None
        self._since = 0.0
        self._entering = asyncio.Lock()

    async def token(self) -> str:
        """Return an access token that is good for the next minutes. Raises CannotSignIn."""
        async with self._entering:
            if self._token is None or time.monotonic() - self._since > RENEWED_AFTER:
                self._token, self._since = await self._enter(), time.monotonic()
            return self._token


def by_password(client: Client, username: str, password: str) -> Session:
    """Sign in as staff."""
    body = {"grant": "password", "username": username, "password": password}
    return Session(lambda: _tokens(client, "sign_in_staff", body))


def by_secret(client: Client, device: str, secret: str) -> Session:
    """Sign in as a device."""
    return Session(lambda: _tokens(client, "sign_in_device", {"grant": "device", "device": device, "secret": secret}))


def by_code(client: Client, phone: str) -> Session:
    """Sign in with a one-time code, which the demo's outbox shows."""

    async def enter() -> str:
        sent = await client.ask(Request(kind="code", method="POST", path="/v1/auth/codes", json={"phone": phone}))
        shown = await client.ask(Request(kind="demo_code", method="GET", path=f"/v1/demo/codes/{phone}"))
        if not (sent.ok and shown.ok):
            raise CannotSignIn(sent.code if not sent.ok else shown.code)
        body = {"grant": "code", "phone": phone, "code": shown.body["code"]}
        return await _tokens(client, "sign_in_code", body)

    # A code whose answer was lost is used up: a person asks for another one, and so does this.
    return Session(lambda: stamina.AsyncRetryingCaller(attempts=2, wait_max=0.5).on(CannotSignIn)(enter))


async def _tokens(client: Client, kind: str, body: dict[str, Any]) -> str:
    answer = await client.ask(Request(kind=kind, method="POST", path="/v1/auth/tokens", json=body))
    if not answer.ok:
        raise CannotSignIn(answer.code)
    return str(answer.body["access_token"])
