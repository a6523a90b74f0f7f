"""Every error as RFC 9457 `application/problem+json`: stable code, plain sentence, the fields at fault, no echo."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.errors import DomainError, Kind, Transient
from shared.mongo import AlreadyThere
from shared.texts import preferred
from shared.web.wording import STATUS, body_of
from shared.web.wording import fault_of as fault_of

_BY_STATUS = {401: "not_authenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
log = structlog.get_logger()


class ProblemException(HTTPException):
    """A DomainError where the framework lets only its own exceptions pass."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(STATUS[error.kind])
        self.error = error


def as_http(error: DomainError) -> ProblemException:
    """Wrap a DomainError for the framework."""
    return ProblemException(error)


def problem(request: Request, error: DomainError) -> JSONResponse:
    """Render an error in the caller's language."""
    language = preferred(request.headers.get("accept-language"))
    status = STATUS[error.kind]
    body = body_of(error, language, getattr(request.state, "request_id", None))
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def validation_problem(error: RequestValidationError) -> DomainError:
    """Turn the framework's complaint into ours: field and code, never the value."""
    faults = [fault_of(dict(one)) for one in error.errors()]
    if any(str(one["loc"][0]) == "path" for one in error.errors()):
        return DomainError(Kind.NOT_FOUND, "not_found")
    code = faults[0].code if len(faults) == 1 else "input_invalid"
    return DomainError(Kind.INVALID, code, faults)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""

    @app.exception_handler(DomainError)
    async def _domain(request: Request, error: DomainError) -> JSONResponse:
        return problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, validation_problem(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error, ProblemException):
            return problem(request, error.error)
        kind = next((kind for kind, status in STATUS.items() if status == error.status_code), Kind.MALFORMED)
        return problem(request, DomainError(kind, _BY_STATUS.get(error.status_code, "input_invalid")))

    @app.exception_handler(AlreadyThere)
    async def _already(request: Request, _error: AlreadyThere) -> JSONResponse:
        return problem(request, DomainError(Kind.CONFLICT, "already_exists"))

    @app.exception_handler(Transient)
    async def _transient(request: Request, error: Transient) -> JSONResponse:
        log.warning("unavailable", error=type(error).__name__)
        return problem(request, DomainError(Kind.UNAVAILABLE, "unavailable", retry_after=2))

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> JSONResponse:
        log.error("request_failed", error=type(error).__name__, exc_info=error)
        return problem(request, DomainError(Kind.INTERNAL, "internal"))
