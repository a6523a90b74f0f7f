"""The hop to the service: a pooled client, bodies and answers passed through as they come.

On the path of every request, hence as little as possible per request: see `performance.md`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from string import printable
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote_from_bytes

import aiohttp
import stamina
import structlog
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from services.gateway.domain import Route
from services.gateway.headers import downwards, has_body, upwards
from services.gateway.upload import Upload
from shared.errors import DomainError, Kind

CONNECT_SECONDS = 2
ANSWER_SECONDS = 30
"""How long a service may be silent before its answer counts as not coming."""
LIVE_SECONDS = 90
"""The same for a stream, which sends a sign of life several times in this time."""
READ_SECONDS = 30
"""How long a client may leave what was sent to it lying; then its stream ends."""
SMALL = 64 * 1024

Body = bytes | AsyncIterator[bytes] | None
_OF_BODY = frozenset((b"content-length", b"content-type", b"transfer-encoding", b"accept-encoding"))
_SKIPPED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_QUERY = "".join(sorted(set(printable) - set(' \t\n\r\x0b\x0c"<>#')))

log = structlog.get_logger()


class Hop:
    """Forwards requests to services and their answers back."""

    def __init__(self, urls: Mapping[str, str], stopping: asyncio.Event) -> None:
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._stopping = stopping
        # Nothing has been sent when a connection was refused, so asking again is safe whatever is asked.
        self._again = stamina.AsyncRetryingCaller(attempts=5, wait_initial=0.1, wait_jitter=0.1, timeout=2).on(
            aiohttp.ClientConnectorError
        )

    async def __aenter__(self) -> Self:
        """Open the pools: one for answers, and one without a bound for streams, which never give a place back."""
        self._pool = _pool(512, ANSWER_SECONDS)
        self._streams = _pool(0, LIVE_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._pool.close()
        await self._streams.close()

    async def forward(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and its answer back. Raises UNAVAILABLE if no answer begins, or what the body lacks."""
        if route.live:
            await self._live(route, scope, receive, send)
            return
        upload = Upload(receive, route.max_body)
        try:
            body = await upload.begin() if has_body(scope) else None
            answer = await self._ask(self._pool, route, scope, body)
            async with answer:
                await _pass_on(answer, send)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise upload.fault or _unavailable(route, error) from None

    async def ask(self, service: str, path: str, scope: Scope, body: bytes) -> tuple[int, dict[str, Any]]:
        """Post JSON of the door's own on a client's behalf; returns the status and the JSON of the answer, {} if none.

        Raises UNAVAILABLE if no answer comes.
        """
        headers = [*(one for one in scope["headers"] if one[0] not in _OF_BODY), (b"content-type", b"application/json")]
        asked = {**scope, "method": "POST", "raw_path": path.encode(), "query_string": b"", "headers": headers}
        try:
            async with await self._ask(self._pool, Route(path, service), asked, body) as answer:
                return answer.status, await answer.json(content_type=None) or {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _unavailable(Route(path, service), error) from None

    async def _ask(self, pool: aiohttp.ClientSession, route: Route, scope: Scope, body: Body) -> aiohttp.ClientResponse:
        base = self._urls.get(route.service)
        if base is None:
            raise DomainError(Kind.UNAVAILABLE, "unavailable", retry_after=10)
        query = quote_from_bytes(scope["query_string"], safe=_QUERY)
        url = URL(base + scope["raw_path"].decode("ascii") + (f"?{query}" if query else ""), encoded=True)
        headers = upwards(scope, scope["state"]["request_id"])
        if body is None:
            headers = [(name, value) for name, value in headers if name != "content-length"]

        async def ask() -> aiohttp.ClientResponse:
            return await pool.request(
                scope["method"], url, headers=headers, data=body, allow_redirects=False, skip_auto_headers=_SKIPPED
            )

        try:
            return await ask()
        except aiohttp.ClientConnectorError:
            return await self._again(ask)

    async def _live(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a stream through until its service, its client or this process ends it, whichever comes first."""
        stream = _Stream(send)

        async def flow() -> None:
            async with await self._ask(self._streams, route, scope, None) as answer:
                await stream.flow(answer)

        flowing = asyncio.create_task(flow())
        ends = [flowing, asyncio.create_task(_gone(receive)), asyncio.create_task(self._stopping.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in ends:
                one.cancel()
            outcome, *_ = await asyncio.gather(*ends, return_exceptions=True)
        await stream.end()
        if isinstance(outcome, (aiohttp.ClientError, TimeoutError)):
            outcome = _unavailable(route, outcome)
        if isinstance(outcome, DomainError) and not stream.begun:
            raise outcome
        if not stream.begun and self._stopping.is_set():
            raise DomainError(Kind.UNAVAILABLE, "unavailable", retry_after=1)


class _Stream:
    """The client's side of a live answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def flow(self, answer: aiohttp.ClientResponse) -> None:
        await self._send(_start(answer))
        self.begun = True
        async for chunk in answer.content.iter_any():
            async with asyncio.timeout(READ_SECONDS):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end(self) -> None:
        """End the answer as complete: a client of a stream comes again and says where it was."""
        if self.begun:
            await self._send({"type": "http.response.body", "body": b""})


async def _pass_on(answer: aiohttp.ClientResponse, send: Send) -> None:
    if answer.content_length is not None and answer.content_length <= SMALL:
        body = await answer.read()
        await send(_start(answer))
        await send({"type": "http.response.body", "body": body})
        return
    await send(_start(answer))
    try:
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except (aiohttp.ClientError, TimeoutError) as error:
        # Left unfinished, so that the server cuts the connection and nobody takes the part for the whole.
        log.warning("answer_broke_off", error=type(error).__name__)
        return
    await send({"type": "http.response.body", "body": b""})


def _pool(limit: int, silence: float) -> aiohttp.ClientSession:
    # The services close an idle connection after 75 s; the pool lets go of it before.
    connector = aiohttp.TCPConnector(limit=limit, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_connect=CONNECT_SECONDS, sock_read=silence)
    return aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    )


def _start(answer: aiohttp.ClientResponse) -> Message:
    return {"type": "http.response.start", "status": answer.status, "headers": downwards(answer.raw_headers)}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _unavailable(route: Route, error: Exception) -> DomainError:
    log.warning("service_away", behind=route.service, error=type(error).__name__)
    return DomainError(Kind.UNAVAILABLE, "unavailable", retry_after=2)
