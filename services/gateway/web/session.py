"""A browser's session: identity's tokens in cookies that no script can read. The door itself remembers nothing.

The access token goes with calls to `/v1` that come from our own pages, as the browser says in Sec-Fetch-Site; the
refresh token with calls beneath `/session` alone.
"""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import cookie_parser
from starlette.types import Scope

from services.gateway.domain import Entry
from services.gateway.door import Door
from services.gateway.headers import address_of
from services.gateway.hop import Hop
from shared.errors import DomainError, Kind, invalid
from shared.security.jwks import TokenKeys

ACCESS, REFRESH = "menshen_access", "menshen_refresh"
KEPT_SECONDS = 30 * 24 * 3600
"""How long a browser keeps a refresh token; identity decides how long it is worth anything."""
_TOKENS, _LOGOUT = "/v1/auth/tokens", "/v1/auth/logout"


def with_session(scope: Scope) -> Scope:
    """Turn the session's cookie into the token that services know, for a call from our own pages."""
    headers = dict(scope["headers"])
    if b"authorization" in headers or headers.get(b"sec-fetch-site") != b"same-origin":
        return scope
    token = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(ACCESS)
    if not token:
        return scope
    bearer = (b"authorization", f"Bearer {token}".encode("latin-1"))
    return {**scope, "headers": [*scope["headers"], bearer]}


class Sessions:
    """Signs browsers in and out, through identity."""

    def __init__(self, hop: Hop, door: Door, keys: TokenKeys) -> None:
        self._hop, self._door, self._keys = hop, door, keys
        self.router = APIRouter(prefix="/session", include_in_schema=False)
        self.router.add_api_route("", self.who, methods=["GET"])
        self.router.add_api_route("", self.sign_in, methods=["POST"])
        self.router.add_api_route("", self.sign_out, methods=["DELETE"])
        self.router.add_api_route("/refresh", self.refresh, methods=["POST"])

    async def who(self, request: Request) -> Response:
        """Say who is signed in, with which roles where, and until when."""
        self._door.count_address(Entry.PUBLIC, address_of(request.scope))
        return _told(await self._keys.claims(_cookie(request, ACCESS)))

    async def sign_in(self, request: Request) -> Response:
        """Sign in as `POST /v1/auth/tokens` does, and keep the tokens in cookies instead of telling them."""
        return await self._enter(request, await request.body())

    async def refresh(self, request: Request) -> Response:
        """Stay signed in."""
        body = {"grant": "refresh", "refresh_token": _cookie(request, REFRESH)}
        return await self._enter(request, json.dumps(body).encode())

    async def sign_out(self, request: Request) -> Response:
        """End this session, here and at identity."""
        self._admit(request)
        refresh, access = request.cookies.get(REFRESH), request.cookies.get(ACCESS)
        if refresh and access:
            body = json.dumps({"refresh_token": refresh}).encode()
            await self._hop.ask("identity", _LOGOUT, with_session(request.scope), body)
        answer = Response(status_code=204)
        for name, path in ((ACCESS, "/"), (REFRESH, "/session")):
            answer.delete_cookie(name, path=path, httponly=True, samesite="strict")
        return answer

    async def _enter(self, request: Request, body: bytes) -> Response:
        self._admit(request)
        status, said = await self._hop.ask("identity", _TOKENS, request.scope, body)
        if status != 200:
            return JSONResponse(said, status, media_type="application/problem+json")
        if "refresh_token" not in said:
            # A device's token lives by its secret alone; a browser has nowhere to keep one.
            raise invalid("grant", "field_value")
        answer = _told(await self._keys.claims(said["access_token"]))
        secure = request.url.scheme == "https"
        for name, path, token, kept in (
            (ACCESS, "/", said["access_token"], said["expires_in"]),
            (REFRESH, "/session", said["refresh_token"], KEPT_SECONDS),
        ):
            answer.set_cookie(name, token, max_age=kept, path=path, httponly=True, samesite="strict", secure=secure)
        return answer

    def _admit(self, request: Request) -> None:
        if request.headers.get("sec-fetch-site") != "same-origin":
            raise DomainError(Kind.FORBIDDEN, "forbidden")
        self._door.count_address(Entry.SIGN_IN, address_of(request.scope))


def _cookie(request: Request, name: str) -> str:
    value = request.cookies.get(name)
    if not value:
        raise DomainError(Kind.UNAUTHENTICATED, "not_authenticated")
    return value


def _told(claims: Mapping[str, Any]) -> JSONResponse:
    grants = [{"role": role, "area": area} for role, area in claims.get("grants") or ()]
    return JSONResponse({"account": claims["sub"], "grants": grants, "expires_at": claims["exp"]})
