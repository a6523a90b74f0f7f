"""Reading what is held before the reader, with the public keys fetched last."""

from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

from menshen.gate_agent.domain import Shown
from services.gate.domain import Presented
from shared.security.keys import BadSignature, Malformed, Verifier

LONGEST = 2048


class _Claims(BaseModel):
    jti: str
    sub: str
    aud: str
    iat: int
    exp: int
    win: tuple[int, int]
    exm: bool = False


def read(token: str, verifier: Verifier) -> Shown:
    """Return what a code says, or why it is no good. A key that is not known, or no longer, is `qr_signature`."""
    if len(token) > LONGEST:
        return Shown(fault="qr_unreadable")
    try:
        claims = _Claims.model_validate_json(verifier.verify(token.strip()))
    except Malformed:
        return Shown(fault="qr_unreadable")
    except (BadSignature, ValidationError):
        return Shown(fault="qr_signature")
    presented = Presented(claims.jti, claims.sub, claims.aud, _time(claims.iat), _time(claims.exp))
    start, end = claims.win
    return Shown(presented, None, _time(start), _time(end), claims.exm)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
