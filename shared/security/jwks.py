"""The keys that access tokens are verified with: fetched from identity, kept in the service's database if it has one.

Kept, so that a service that restarts while identity is away still knows its callers.
"""

import asyncio
import json
import time
from typing import Any

import aiohttp
import structlog

from shared.errors import DomainError, Kind, Transient
from shared.mongo import Mongo
from shared.security.keys import BadSignature, Malformed, Verifier

KEYS = "jwks"
REFRESH_SECONDS = 300
ASK_AGAIN_SECONDS = 2
FIRST_SECONDS = 0.2
"""The same while no key is known: the service lets nobody in before."""

log = structlog.get_logger()


class KeysUnavailable(Transient):
    """No key is known yet, so nobody can be told from anybody."""


class TokenKeys:
    """Verifies access tokens of identity. Verified tokens are remembered until they expire, for a signature costs."""

    def __init__(self, mongo: Mongo | None, identity_url: str) -> None:
        self._mongo = mongo
        self._url = identity_url.rstrip("/") + "/.well-known/jwks.json"
        self._verifier = Verifier({})
        self._asked = 0.0
        self._known: dict[str, dict[str, Any]] = {}
        self._asking = asyncio.Lock()

    @property
    def has_keys(self) -> bool:
        """Tell whether any key is known yet."""
        return self._verifier.has_keys

    async def run(self) -> None:
        """Keep the keys fresh until cancelled."""
        while True:
            if not self.has_keys:
                await self._load()
            await self._fetch()
            await asyncio.sleep(REFRESH_SECONDS if self._verifier.has_keys else FIRST_SECONDS)

    async def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid token. Raises UNAUTHENTICATED for anything else."""
        claims = self._known.get(token)
        if claims is None:
            claims = await self._verify(token)
            if len(self._known) > 20_000:
                self._known.clear()
            self._known[token] = claims
        if claims["exp"] <= time.time():
            self._known.pop(token, None)
            raise DomainError(Kind.UNAUTHENTICATED, "token_invalid")
        return claims

    async def _verify(self, token: str) -> dict[str, Any]:
        if not self.has_keys:
            # Just started, and identity is away: the caller may well be in order.
            await self._load()
            if not self.has_keys:
                await self._fetch()
            if not self.has_keys:
                raise KeysUnavailable
        try:
            payload = self._verifier.verify(token)
        except Malformed:
            raise DomainError(Kind.UNAUTHENTICATED, "token_invalid") from None
        except BadSignature:
            # Perhaps signed with a key that came since; ask, but not at every forged token.
            if not await self._fetch():
                raise DomainError(Kind.UNAUTHENTICATED, "token_invalid") from None
            try:
                payload = self._verifier.verify(token)
            except (BadSignature, Malformed):
                raise DomainError(Kind.UNAUTHENTICATED, "token_invalid") from None
        claims: dict[str, Any] = json.loads(payload)
        return claims

    async def _load(self) -> None:
        if self._mongo is None:
            return
        try:
            kept = await self._mongo.outside(self._mongo.db[KEYS].find_one({"_id": "identity"}))
        except Transient:
            return
        if kept:
            self._verifier.replace(kept["jwks"])

    async def _keep(self, jwks: dict[str, Any]) -> None:
        if self._mongo is not None:
            await self._mongo.outside(
                self._mongo.db[KEYS].replace_one({"_id": "identity"}, {"jwks": jwks}, upsert=True)
            )

    async def _fetch(self) -> bool:
        async with self._asking:
            if time.monotonic() - self._asked < (ASK_AGAIN_SECONDS if self.has_keys else FIRST_SECONDS):
                return False
            self._asked = time.monotonic()
            try:
                async with (
                    aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session,
                    session.get(self._url) as answer,
                ):
                    answer.raise_for_status()
                    jwks = await answer.json()
                await self._keep(jwks)
            except (aiohttp.ClientError, TimeoutError, Transient) as error:
                log.info("keys_not_fetched", error=type(error).__name__)
                return False
            self._verifier.replace(jwks)
            self._known.clear()
            return True
