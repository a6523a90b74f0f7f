"""The local door: the service's POST /v1/scans for the readers of this gate, and how the gate stands."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from pydantic import ValidationError

from menshen.gate_agent.agent import Agent, ScanBody
from menshen.gate_agent.store import StoreFault
from shared.errors import DomainError, Kind
from shared.ids import new_id
from shared.texts import preferred
from shared.web.wording import STATUS, body_of, fault_of

MAX_BODY = 64 * 1024
Status = Callable[[], Awaitable[dict[str, Any]]]
_BY_STATUS = {404: Kind.NOT_FOUND, 405: Kind.NOT_ALLOWED, 413: Kind.TOO_LARGE}
_CODES = {Kind.NOT_FOUND: "not_found", Kind.NOT_ALLOWED: "method_not_allowed", Kind.TOO_LARGE: "body_too_large"}

log = structlog.get_logger()


def door(agent: Agent | None, status: Status) -> web.Application:
    """Make the door. Without an agent, since its store is broken, it opens to nobody and says so."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[_problems])

    async def scan(request: web.Request) -> web.Response:
        raw, body = await _scan_of(request)
        if agent is None:
            raise StoreFault("not open")
        outcome = await agent.take(body, raw, preferred(request.headers.get("Accept-Language")))
        return _json(outcome.answer, outcome.status)

    async def state(_request: web.Request) -> web.Response:
        return _json(await status(), 200)

    app.router.add_post("/v1/scans", scan)
    app.router.add_get("/v1/status", state)
    return app


async def _scan_of(request: web.Request) -> tuple[str, ScanBody]:
    if request.content_type != "application/json":
        raise DomainError(Kind.UNSUPPORTED, "content_type")
    try:
        raw = (await request.read()).decode()
    except UnicodeDecodeError:
        raise DomainError(Kind.MALFORMED, "json_encoding") from None
    try:
        return raw, ScanBody.model_validate_json(raw)
    except ValidationError as error:
        faults = [fault_of(dict(one)) for one in error.errors(include_url=False)]
        if faults[0].code == "json_invalid":
            raise DomainError(Kind.MALFORMED, "json_invalid") from None
        code = faults[0].code if len(faults) == 1 else "input_invalid"
        raise DomainError(Kind.INVALID, code, faults) from None


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except DomainError as error:
        return _problem(request, error)
    except web.HTTPException as error:
        kind = _BY_STATUS.get(error.status, Kind.MALFORMED)
        return _problem(request, DomainError(kind, _CODES.get(kind, "input_invalid")))
    except StoreFault as fault:
        log.error("store_fault", reason=str(fault))  # noqa: TRY400  # the trace says no more
        return _problem(request, DomainError(Kind.UNAVAILABLE, "agent_store", retry_after=5))
    except Exception as error:
        log.exception("request_failed", error=type(error).__name__)
        return _problem(request, DomainError(Kind.INTERNAL, "internal"))


def _problem(request: web.Request, error: DomainError) -> web.Response:
    language = preferred(request.headers.get("Accept-Language"))
    response = _json(body_of(error, language, new_id("req")), STATUS[error.kind])
    response.headers["Content-Language"] = language
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _json(body: dict[str, Any], status: int) -> web.Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return web.json_response(body, status=status, content_type=kind, headers={"Cache-Control": "no-store"})
