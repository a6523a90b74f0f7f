"""Where each path belongs, who may come in there, and which paths are no paths at all: the whole map on a screen."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote_to_bytes

MIB = 1024 * 1024
MAX_PATH = 1024
MAX_HEAD = 32 * 1024
"""Bytes of query and headers together."""


class Entry(Enum):
    """What is asked at the door. Each has a rate limit of its own; without a token it counts by address."""

    TOKEN = auto()
    PUBLIC = auto()
    SIGN_IN = auto()
    CODES = auto()


@dataclass(frozen=True)
class Route:
    """A path and all beneath it, unless a longer one is listed too. A `live` answer is a stream that has no end."""

    prefix: str
    service: str
    entry: Entry = Entry.TOKEN
    max_body: int = MIB
    live: bool = False


ROUTES = (
    Route("/.well-known/jwks.json", "identity", Entry.PUBLIC),
    Route("/v1/auth", "identity", Entry.SIGN_IN),
    Route("/v1/auth/codes", "identity", Entry.CODES),
    Route("/v1/demo", "identity", Entry.PUBLIC),
    Route("/v1/areas", "identity"),
    Route("/v1/devices", "identity"),
    Route("/v1/residents", "identity"),
    Route("/v1/rosters", "identity", max_body=8 * MIB),
    Route("/v1/staff", "identity"),
    Route("/v1/exits", "gate"),
    Route("/v1/gates", "gate"),
    Route("/v1/heartbeats", "gate"),
    Route("/v1/lookups", "gate"),
    Route("/v1/outings", "gate"),
    Route("/v1/passes", "gate"),
    Route("/v1/passes/keys", "gate", Entry.PUBLIC),
    Route("/v1/scans", "gate"),
    Route("/v1/scans/batch", "gate", max_body=8 * MIB),
    Route("/v1/fevers", "health"),
    Route("/v1/holds", "health"),
    Route("/v1/temperatures", "health"),
    Route("/v1/clues", "reports", max_body=32 * MIB),
    Route("/v1/figures", "reports"),
    Route("/v1/alerts", "alerts"),
    Route("/v1/alerts/stream", "alerts", live=True),
    Route("/v1/channels", "alerts"),
    Route("/v1/subscriptions", "alerts"),
)

SERVICES = tuple(dict.fromkeys(route.service for route in ROUTES))
"""The services behind the door."""

_BY_PREFIX = {route.prefix: route for route in ROUTES}
_DEPTH = max(route.prefix.count("/") for route in ROUTES)
_PLAIN = re.compile(rb"/|(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)+")


def find(path: str) -> Route | None:
    """Return the route with the longest prefix of whole segments, None for a path that belongs to no service."""
    parts = path.split("/")
    for depth in range(min(_DEPTH, len(parts) - 1), 0, -1):
        route = _BY_PREFIX.get("/".join(parts[: depth + 1]))
        if route:
            return route
    return None


def is_plain(raw_path: bytes) -> bool:
    """Tell whether a path means the same to everybody: no empty or dot segments, nothing hidden behind escapes.

    What the door reads otherwise than the service behind it would let one prefix reach another.
    """
    if len(raw_path) > MAX_PATH or not _PLAIN.fullmatch(raw_path):
        return False
    if b"%" not in raw_path and b"/." not in raw_path:
        return True
    return all(_is_plain_segment(segment) for segment in raw_path[1:].split(b"/"))


def _is_plain_segment(segment: bytes) -> bool:
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return False
    return text not in {".", ".."} and text.isprintable() and not any(mark in text for mark in "/\\%?#;")


@dataclass(frozen=True)
class Caller:
    """On whose account a request counts: a kind of caller, each with its limit, and the account or address."""

    kind: str
    name: str


def caller_of(claims: dict[str, object]) -> Caller:
    """Read the caller from a token's claims. Gates are apart: they may not be slowed down by anything usual."""
    grants = claims.get("grants") or ()
    roles = {grant[0] for grant in grants if isinstance(grant, (list, tuple))} if isinstance(grants, list) else set()
    if roles & {"guard", "device"}:
        return Caller("gate", str(claims["sub"]))
    return Caller("staff" if roles else "resident", str(claims["sub"]))
