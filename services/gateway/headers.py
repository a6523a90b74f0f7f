"""What of the headers goes through: everything that concerns the two ends, nothing that concerns one hop.

Who the client is says the door alone; what a client claims about that is dropped.
"""

from collections.abc import Iterable

from starlette.types import Scope

from shared.tracing import continued

Raw = Iterable[tuple[bytes, bytes]]

_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer trailers"
    b" transfer-encoding upgrade".split()
)
_NOT_UP = _HOP | set(b"cookie host expect forwarded x-real-ip x-request-id traceparent".split())
_NOT_DOWN = _HOP | set(b"date server x-content-type-options".split())


def upwards(scope: Scope, request_id: str) -> list[tuple[str, str]]:
    """Return a request's headers for the service, with who asked and the trace it belongs to."""
    incoming: Raw = scope["headers"]
    listed = dict(incoming)
    dropped = _NOT_UP | _named(listed.get(b"connection"))
    headers = [
        (name.decode("latin-1"), _text(value))
        for name, value in incoming
        if name not in dropped and not name.startswith(b"x-forwarded-")
    ]
    headers += [
        ("x-forwarded-for", address_of(scope)),
        ("x-forwarded-proto", scope["scheme"]),
        ("x-forwarded-host", _text(listed.get(b"host", b""))),
        ("x-request-id", request_id),
        ("traceparent", continued(listed.get(b"traceparent", b"").decode("latin-1"))),
    ]
    return headers


def downwards(raw: Raw) -> list[tuple[bytes, bytes]]:
    """Return a service's headers for the client."""
    answered = [(name.lower(), value) for name, value in raw]
    dropped = _NOT_DOWN | _named(dict(answered).get(b"connection"))
    kept = [(name, value) for name, value in answered if name not in dropped]
    return [*kept, (b"x-content-type-options", b"nosniff")]


def has_body(scope: Scope) -> bool:
    """Tell whether a request announces a body."""
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def address_of(scope: Scope) -> str:
    """Return the client's address; that behind a trusted proxy, uvicorn has put there already."""
    return str(scope["client"][0]) if scope.get("client") else ""


def _named(connection: bytes | None) -> frozenset[bytes]:
    return frozenset(name.strip().lower() for name in connection.split(b",")) if connection else frozenset()


def _text(value: bytes) -> str:
    # The client library writes UTF-8; bytes that are none can only be passed on as the letters they stand for.
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
