"""The gateway, put together."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import structlog
from fastapi import FastAPI
from limits import RateLimitItem, parse
from pydantic import PlainValidator
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from ulid import ULID

from services.gateway.api import ROUTERS
from services.gateway.domain import MAX_HEAD, Route, find, is_plain
from services.gateway.door import Door, Limits
from services.gateway.headers import address_of
from services.gateway.hop import Hop
from services.gateway.neighbours import Neighbours
from services.gateway.upload import too_large
from services.gateway.web import Sessions, WebPages, with_session
from shared import logging as logs
from shared import metrics
from shared.errors import DomainError, Kind
from shared.security.jwks import TokenKeys
from shared.service import run
from shared.settings import ProcessSettings
from shared.web import problems
from shared.web.middleware import Envelope

log = structlog.get_logger()


def _limit(value: RateLimitItem | str) -> RateLimitItem:
    return parse(value) if isinstance(value, str) else value


Limit = Annotated[RateLimitItem, PlainValidator(_limit)]


class GatewaySettings(ProcessSettings):
    """What the gateway is told besides. A limit is written like `20/minute` or `100/10 second`; each process counts."""

    codes_limit: Limit = parse("20/minute")
    """Requests for a one-time code, from one address."""
    sign_in_limit: Limit = parse("60/minute")
    """Everything else under /v1/auth, from one address."""
    public_limit: Limit = parse("300/minute")
    """What needs no token, and what came with a token that does not hold, from one address."""
    resident_limit: Limit = parse("100/10 second")
    """Requests of one resident's account."""
    staff_limit: Limit = parse("200/10 second")
    """Requests of one staff account."""
    gate_limit: Limit = parse("500/10 second")
    """Requests of one guard's or device's account: above what a gate does that delivers late scans while at work."""

    trusted_proxies: str = ""
    """Addresses of proxies in front, comma-separated, whose X-Forwarded-For and -Proto are believed. Nobody else's."""
    show_metrics: bool = False
    """Shows /metrics on the public port; only for a gateway that a proxy in front shields."""

    @property
    def limits(self) -> Limits:
        """The limits by kind of caller."""
        return Limits(
            codes=self.codes_limit,
            sign_in=self.sign_in_limit,
            public=self.public_limit,
            resident=self.resident_limit,
            staff=self.staff_limit,
            gate=self.gate_limit,
        )


class Gateway:
    """The app: what belongs to a service goes through the door and the hop, everything else to the own pages."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.stopping = asyncio.Event()
        self.keys = TokenKeys(None, settings.service_urls.get("identity", "http://127.0.0.1:1"))
        self.door = Door(self.keys, settings.limits)
        self.hop = Hop(settings.service_urls, self.stopping)
        self.neighbours = Neighbours(settings.service_urls)
        self._pages = FastAPI(openapi_url=None, redirect_slashes=False, lifespan=self._lifespan)
        self._pages.state.gateway = self
        problems.install(self._pages)
        self._pages.add_middleware(Envelope)
        for router in (*ROUTERS, Sessions(self.hop, self.door, self.keys).router, WebPages().router):
            self._pages.include_router(router)

    @asynccontextmanager
    async def _lifespan(self, _pages: FastAPI) -> AsyncIterator[None]:
        jobs = [asyncio.create_task(job) for job in (self.keys.run(), self.neighbours.watch(), self.door.sweep())]
        for job in jobs:
            job.add_done_callback(_end_with)
        async with self.hop:
            yield
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the server's start and stop."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        route = find(scope["path"]) if is_plain(scope["raw_path"]) else None
        if route is None:
            # An unplain path must not be read a second time: what is no path is found nowhere.
            scope = scope if is_plain(scope["raw_path"]) else {**scope, "path": "/-", "raw_path": b"/-"}
            await self._pages(scope, receive, send)
        else:
            await self._through(route, scope, receive, send)

    async def _through(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = f"req_{ULID()}"
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            _check_head(route, scope)
            scope = with_session(scope)
            await self.door.admit(route, _header(scope, b"authorization"), address_of(scope))
            await self.hop.forward(route, scope, receive, answer)
        except DomainError as error:
            await _refuse(error, scope, receive, answer)
        except Exception as error:
            log.exception("request_failed", error=type(error).__name__)
            if not status:
                await _refuse(DomainError(Kind.INTERNAL, "internal"), scope, receive, answer)
        finally:
            metrics.requests.labels(scope["method"], route.prefix, status).observe(time.perf_counter() - started)


async def _refuse(error: DomainError, scope: Scope, receive: Receive, send: Send) -> None:
    response = problems.problem(Request(scope), error)
    response.headers["X-Request-Id"] = scope["state"]["request_id"]
    await response(scope, receive, send)


def _check_head(route: Route, scope: Scope) -> None:
    """Raise what can be told before anything of the body is read."""
    size = len(scope["query_string"]) + sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEAD:
        raise DomainError(Kind.TOO_LARGE, "head_too_large")
    if _header(scope, b"content-encoding").lower() not in {b"", b"identity"}:
        raise DomainError(Kind.UNSUPPORTED, "content_type")
    length = _header(scope, b"content-length")
    if length.isdigit() and int(length) > route.max_body:
        raise too_large()


def _header(scope: Scope, wanted: bytes) -> bytes:
    found: bytes = next((value for name, value in scope["headers"] if name == wanted), b"")
    return found


def _end_with(job: asyncio.Task[None]) -> None:
    if not job.cancelled() and job.exception():
        # A door that no longer learns keys or neighbours is worse than one that is restarted.
        log.error("job_died", exc_info=job.exception())
        signal.raise_signal(signal.SIGTERM)


def serve() -> None:
    """Run one gateway process until it is told to stop."""
    settings = GatewaySettings()
    logs.configure("gateway", settings.log_level)
    gateway = Gateway(settings)
    run(
        gateway,
        settings,
        gateway.stopping.set,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
    )
