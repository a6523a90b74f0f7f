"""The doorkeeper: makes and checks what people sign in with, and signs the tokens they get for it."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.identity.domain import ACCESS_LIFE, Account, Device, Mandate
from services.identity.handlers import Fresh
from shared.contracts.values import Role
from shared.ids import new_id
from shared.security.keys import Signer

AT_ONCE = 2
"""Passwords hashed at the same time in one process: each takes 64 MiB and a core."""
STEP_SECONDS = 30
SALT_BYTES = 4
"""As RabbitMQ has it: device secrets are random enough to need neither more salt nor a slow hash."""

_passwords = PasswordHash((Argon2Hasher(),))


@dataclass(frozen=True)
class FreshToken:
    """A refresh token, shown once, and what is stored of it."""

    text: str
    fresh: Fresh


class Doorkeeper:
    """Passwords, TOTP and tokens. One per process."""

    def __init__(self, token_keys: str) -> None:
        self._signer = Signer(token_keys)
        self._hashing = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    def public_keys(self) -> dict[str, Any]:
        """Return the JWKS with which everybody checks access tokens."""
        return self._signer.public_set()

    def access_token(self, account: Account, now: datetime) -> str:
        """Sign who the account is for the next 15 minutes."""
        return self._token(account.id, account.mandates, now)

    def device_token(self, device: Device, now: datetime) -> str:
        """Sign which device it is for the next 15 minutes."""
        return self._token(device.id, (Mandate(Role.DEVICE, device.area),), now)

    def fresh_token(self) -> FreshToken:
        """Make a refresh token for a new session."""
        text = secrets.token_urlsafe(32)
        return FreshToken(text, Fresh(new_id("ses"), token_hash(text)))

    async def hash_password(self, password: str) -> str:
        """Hash a password with argon2id, in a thread."""
        async with self._hashing:
            return await asyncio.to_thread(hash_password, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Check a password; without a hash the same work is done for nothing, so that time tells nobody who exists."""
        if self._nobody is None:
            self._nobody = await self.hash_password(secrets.token_urlsafe())
        async with self._hashing:
            found = await asyncio.to_thread(_passwords.verify, password, password_hash or self._nobody)
        return found and password_hash is not None

    def _token(self, subject: str, mandates: Sequence[Mandate], now: datetime) -> str:
        issued = now.timestamp()
        claims = {
            "sub": subject,
            "iat": issued,
            "exp": issued + ACCESS_LIFE.total_seconds(),
            "grants": [[one.role.value, one.area] for one in mandates],
        }
        return self._signer.sign(json.dumps(claims, separators=(",", ":")).encode())


def hash_password(password: str) -> str:
    """Hash a password with argon2id; takes about a tenth of a second."""
    return _passwords.hash(password)


def new_code() -> str:
    """Make a one-time code of six digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def token_hash(text: str) -> str:
    """Hash a refresh token; it is random enough to need no key."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_secret() -> str:
    """Make a device's secret, 256 bits of it."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str, salt: bytes | None = None) -> str:
    """Hash a device's secret in the form of RabbitMQ's rabbit_password_hashing_sha256."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + secret.encode()).digest()).decode()


def secret_fits(secret: str, hashed: str) -> bool:
    """Check a device's secret, in a time that tells nothing."""
    return hmac.compare_digest(secret_hash(secret, base64.b64decode(hashed)[:SALT_BYTES]), hashed)


def totp_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, one step early or late allowed; None if it is none of them."""
    clock = pyotp.TOTP(secret, interval=STEP_SECONDS)
    present = clock.timecode(now)
    right = [
        present + drift
        for drift in (-1, 0, 1)
        if hmac.compare_digest(clock.generate_otp(present + drift).encode(), code.encode())
    ]
    return right[0] if right else None
