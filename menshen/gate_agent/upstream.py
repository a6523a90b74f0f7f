"""The service as the agent sees it: through the gateway, signed in as the device.

Every call ends in an Answer that the service gave, or in Away: nobody knows then whether it was done.
"""

import asyncio
import contextlib
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from menshen.gate_agent.domain import GateClock

CALL_SECONDS = 20.0
BATCH_SECONDS = 60.0
EARLY = 60.0
"""Seconds before its end at which a token is replaced."""
T = TypeVar("T")
_NO_ANSWERS = frozenset({401, 408, 429})
"""Statuses that say nothing about what was asked."""


class Away(Exception):
    """No answer, or none that settles anything; the message says why, for the status."""


@dataclass(frozen=True)
class Credential:
    """Who the agent is to the service."""

    url: str
    device: str
    secret: str


@dataclass(frozen=True)
class Answer:
    """What the service said, and the clock's count when it was asked; a 304 has an empty body."""

    status: int
    body: dict[str, Any]
    text: str
    headers: Mapping[str, str]
    asked: float


class Upstream:
    """The calls to the service. Safe to use from several tasks; opened and closed as a context."""

    def __init__(self, credential: Credential, clock: GateClock) -> None:
        self._credential = credential
        self._clock = clock
        self._signing_in = asyncio.Lock()
        self._token = ""
        self._token_ends = 0.0
        self.trouble: str | None = "not tried yet"
        """Why the service was away at the last call, None after an answer."""

    async def __aenter__(self) -> Self:
        """Open the connections."""
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=5)
        # A gate's network dies silently; what was kept open for long is better opened again.
        connector = aiohttp.TCPConnector(limit=8, keepalive_timeout=15)
        self._http = aiohttp.ClientSession(
            self._credential.url.rstrip("/") + "/",
            timeout=timeout,
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._http.close()

    async def greet(self) -> None:
        """Sign in unless that was done: the answer tells the time, too, which a scan must not be sent without."""
        await self._watched(self._signed_in(), CALL_SECONDS)

    async def scan(self, body: Mapping[str, Any], language: str) -> Answer:
        """Have a scan decided by the service."""
        call = self._signed("POST", "v1/scans", CALL_SECONDS, json=body, headers={"Accept-Language": language})
        return await self._watched(call, CALL_SECONDS)

    async def deliver(self, scans: list[dict[str, Any]]) -> Answer:
        """Hand over scans that were decided here."""
        call = self._signed("POST", "v1/scans/batch", BATCH_SECONDS, json={"scans": scans})
        return await self._watched(call, BATCH_SECONDS + CALL_SECONDS)

    async def heartbeat(self, body: Mapping[str, Any]) -> Answer:
        """Tell that the gate is there, and learn the service's time."""
        answer = await self._watched(self._signed("POST", "v1/heartbeats", CALL_SECONDS, json=body), 2 * CALL_SECONDS)
        with contextlib.suppress(KeyError, TypeError, ValueError):
            self._clock.learn(datetime.fromisoformat(answer.body["server_time"]), answer.asked, exact=True)
        return answer

    async def offline_data(self, gate: str, etag: str | None) -> Answer:
        """Ask for the gate's offline data, or a 304 if it is what the tag names."""
        headers = {"If-None-Match": etag} if etag else {}
        call = self._signed("GET", f"v1/gates/{gate}/offline-data", CALL_SECONDS, headers=headers)
        return await self._watched(call, 2 * CALL_SECONDS)

    async def _watched(self, call: Coroutine[Any, Any, T], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                answer = await call
        except (TimeoutError, asyncio.CancelledError) as error:
            self.trouble = "no answer in time"
            if isinstance(error, asyncio.CancelledError):
                raise
        except aiohttp.ClientError as error:
            self.trouble = type(error).__name__
        except Away as away:
            self.trouble = str(away)
        else:
            self.trouble = None
            return answer
        raise Away(self.trouble)

    async def _signed(self, method: str, path: str, seconds: float, **options: Any) -> Answer:
        token = await self._signed_in()
        answer = await self._ask(method, path, seconds, token, **options)
        if answer.status == 401:
            # Rotated, revoked, or identity's keys have changed: one fresh token tells.
            answer = await self._ask(method, path, seconds, await self._signed_in(besides=token), **options)
        if answer.status in _NO_ANSWERS:
            raise Away(_why(answer))
        return answer

    async def _signed_in(self, besides: str = "") -> str:
        async with self._signing_in:
            if self._token in {"", besides} or self._clock.count() > self._token_ends:
                body = {"grant": "device", "device": self._credential.device, "secret": self._credential.secret}
                answer = await self._ask("POST", "v1/auth/tokens", CALL_SECONDS, "", json=body)
                if answer.status != 200 or "access_token" not in answer.body:
                    raise Away(f"sign-in: {_why(answer)}")
                self._token = str(answer.body["access_token"])
                self._token_ends = self._clock.count() + float(answer.body.get("expires_in", 0)) - EARLY
            return self._token

    async def _ask(self, method: str, path: str, seconds: float, token: str, **options: Any) -> Answer:
        headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=5)
        asked = self._clock.count()
        async with self._http.request(
            method, path, headers=headers, timeout=timeout, allow_redirects=False, **options
        ) as response:
            text = await response.text(errors="replace")
            body = _answered(response.status, text)
            self._take_time(response.headers.get("Date"), asked)
            return Answer(response.status, body, text, response.headers, asked)

    def _take_time(self, header: str | None, asked: float) -> None:
        if header:
            try:
                told = parsedate_to_datetime(header)
            except ValueError:
                return
            self._clock.learn(told.replace(tzinfo=told.tzinfo or UTC), asked, exact=False)


def _answered(status: int, text: str) -> dict[str, Any]:
    """Return an answer's JSON. What has not the service's form is from somebody on the way, such as a login page."""
    if status == 304:
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        raise Away(f"{status}, not of the service") from None
    is_problem = isinstance(body, dict) and "code" in body
    if not isinstance(body, dict) or status >= 500 or (status >= 300 and not is_problem):
        raise Away(f"{status} {body['code']}" if is_problem else f"{status}, not of the service")
    return body


def _why(answer: Answer) -> str:
    return f"{answer.status} {answer.body.get('code', '')}".rstrip()
