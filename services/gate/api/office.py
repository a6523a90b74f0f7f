"""The pass office: writes passes as signed tokens and reads what is presented at a gate.

A token is a compact JWS (Ed25519) that a gate can check without a network. It names the pass, a pseudonym of its
holder and the compound; no name, no ID number. On a screen it is renewed every half minute and dies after 90 seconds.

    jti pass   sub holder   aud compound   iat pass issued   win [start, end]   exp when this showing dies
    exm true if the outing passes holds, which a gate without network could not know otherwise
"""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from services.gate.domain import Pass, PassForm, Presented
from services.gate.domain.entities import EXEMPT, HOME_AGAIN
from shared.security.keys import BadSignature, Malformed, Signer, Verifier
from shared.security.vault import keyed_hash, lookup_bytes

STEP = 30
LIFE = 90
MAX_TOKEN = 2048


class _Claims(BaseModel):
    jti: str
    sub: str
    aud: str
    iat: int
    exp: int


class PassOffice:
    """Signs and reads passes with the gate's own keys."""

    def __init__(self, private_keys: str, lookup_key: str) -> None:
        self._signer = Signer(private_keys)
        self._verifier = Verifier(self._signer.public_set())
        self._lookup_key = lookup_bytes(lookup_key)

    def id_lookup(self, id_number: str) -> str:
        """Hash an ID number the way identity does, to find its resident."""
        return keyed_hash(self._lookup_key, "id_number", id_number)

    def public_keys(self) -> dict[str, Any]:
        """Return the JWKS with which anybody can check a pass."""
        return self._signer.public_set()

    def write(self, admission: Pass, form: PassForm, now: datetime) -> tuple[str, datetime]:
        """Return a pass's token and when it dies. Within one half minute a screen's token stays the same."""
        if form is PassForm.PRINTED:
            expires = int((admission.end + HOME_AGAIN).timestamp())
        else:
            expires = int(now.timestamp()) // STEP * STEP + LIFE
        claims: dict[str, Any] = {
            "jti": admission.id,
            "sub": admission.holder,
            "aud": admission.compound,
            "iat": int(admission.issued_at.timestamp()),
            "exp": expires,
            "win": [int(admission.start.timestamp()), int(admission.end.timestamp())],
            "frm": form.value,
        }
        if admission.reason in EXEMPT:
            claims["exm"] = True
        token = self._signer.sign(json.dumps(claims, separators=(",", ":")).encode())
        return token, datetime.fromtimestamp(expires, UTC)

    def read(self, token: str) -> tuple[Presented | None, str | None]:
        """Return what a code says, or why it is no good: `qr_unreadable` or `qr_signature`. Expiry is judged later."""
        if len(token) > MAX_TOKEN:
            return None, "qr_unreadable"
        try:
            claims = _Claims.model_validate_json(self._verifier.verify(token.strip()))
        except Malformed:
            return None, "qr_unreadable"
        except (BadSignature, ValidationError):
            return None, "qr_signature"
        issued, expires = (datetime.fromtimestamp(moment, UTC) for moment in (claims.iat, claims.exp))
        return Presented(claims.jti, claims.sub, claims.aud, issued, expires), None
