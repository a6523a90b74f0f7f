"""Signing in and out, and the keys that everybody checks tokens with."""

import asyncio
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints

from services.identity.api.cabinet import Cabinet
from services.identity.api.deps import Cabinets, Door, Origin, Working
from services.identity.api.doorkeeper import Doorkeeper, new_code, secret_fits, token_hash, totp_step
from services.identity.domain import ACCESS_LIFE, Account, Device, Refused
from services.identity.handlers import (
    Refresh,
    RequestCode,
    SignInByCode,
    SignInByDevice,
    SignInByPassword,
    SignOut,
    begin_password_try,
    refresh,
    request_code,
    sign_in_by_code,
    sign_in_by_password,
    sign_in_device,
    sign_out,
)
from services.identity.store import IdentityStore
from shared.errors import DomainError, FieldFault, Kind
from shared.fields import Phone
from shared.ids import new_id
from shared.web.auth import SignedIn
from shared.web.paging import Body
from shared.web.strict import StrictRoute
from shared.work import Work

T = TypeVar("T", Account, Device)
router = APIRouter(tags=["sign-in"], route_class=StrictRoute)

Entered = Annotated[str, StringConstraints(max_length=200)]
_FIELDS = {
    "code": {"phone", "code"},
    "password": {"username", "password"},
    "refresh": {"refresh_token"},
    "device": {"device", "secret"},
}


class CodeRequest(Body):
    """Whom to send a one-time code."""

    phone: Phone


class Sent(BaseModel):
    """The answer to everybody, whether the phone is known or not."""

    expires_in: int


class TokenRequest(Body):
    """What somebody signs in with: `phone` and `code`; `username`, `password` and `totp`; or `refresh_token`.

    A gate's device signs in with `device`, its id, and `secret`.
    """

    grant: Literal["code", "password", "refresh", "device"]
    phone: Phone | None = None
    code: Entered | None = None
    username: Entered | None = None
    password: Entered | None = None
    totp: Entered | None = None
    refresh_token: Entered | None = None
    device: Entered | None = None
    secret: Entered | None = None

    def require_fields(self) -> None:
        """Raise for each field that this grant lacks or does not take."""
        needed, given = _FIELDS[self.grant], self.model_fields_set - {"grant"}
        taken = needed | {"totp"} if self.grant == "password" else needed
        faults = [FieldFault(name, "field_missing") for name in sorted(needed) if getattr(self, name) is None]
        faults += [FieldFault(name, "unknown_field") for name in sorted(given - taken)]
        if faults:
            raise DomainError(Kind.INVALID, faults[0].code if len(faults) == 1 else "input_invalid", faults)


class Tokens(BaseModel):
    """An access token for the next minutes, and a refresh token that is good for one use."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme, no secret
    expires_in: int = int(ACCESS_LIFE.total_seconds())


class AccessToken(BaseModel):
    """What a device gets: an access token alone, for it has its secret to sign in again."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme, no secret
    expires_in: int = int(ACCESS_LIFE.total_seconds())


class SignOutRequest(Body):
    """Which session ends: that of the refresh token, or without one everything of this account, everywhere."""

    refresh_token: Entered | None = None


@router.get("/.well-known/jwks.json")
async def jwks(door: Door) -> dict[str, Any]:
    """Return the public keys (JWKS) of access tokens."""
    return door.public_keys()


@router.post("/v1/auth/codes", status_code=202)
async def send_code(body: CodeRequest, request: Request, work: Working, cabinet: Cabinets) -> Sent:
    """Send a one-time code, good once and for ten minutes. The answer is the same for every phone."""
    runtime = request.app.state.runtime
    demo = bool(runtime.settings.demo)
    if not demo and runtime.settings.code_channel is None:
        raise DomainError(Kind.UNAVAILABLE, "code_channel_missing")
    code, phone_lookup = new_code(), cabinet.lookup("phone", body.phone)
    command = RequestCode(
        id=new_id("otp"),
        phone_lookup=phone_lookup,
        code_hash=_code_hash(cabinet, phone_lookup, code),
        sealed_phone=cabinet.seal_text(body.phone),
        sealed_code=cabinet.seal_text(code),
        demo=code if demo else None,
    )
    await work.run(request_code, command)
    due: asyncio.Event = runtime.parts["code_due"]
    due.set()
    return Sent(expires_in=600)


@router.post("/v1/auth/tokens")
async def sign_in(
    body: TokenRequest, origin: Origin, work: Working, cabinet: Cabinets, door: Door
) -> Tokens | AccessToken:
    """Sign in by code, password or a device's secret, or stay signed in by refresh token."""
    body.require_fields()
    if body.grant == "code":
        return await _by_code(body, work, cabinet, door)
    if body.grant == "password":
        return await _by_password(body, origin, work, cabinet, door)
    if body.grant == "device":
        return await _by_device(body, origin, work, cabinet, door)
    following = door.fresh_token()
    command = Refresh(token_hash(body.refresh_token or ""), following.fresh.token_hash)
    account = _require(await work.run(refresh, command), "token_invalid")
    return Tokens(access_token=door.access_token(account, work.clock()), refresh_token=following.text)


@router.post("/v1/auth/logout", status_code=204)
async def logout(body: SignOutRequest, caller: SignedIn, work: Working) -> None:
    """Sign out: one session, or with an empty body everything, access tokens included."""
    ended = token_hash(body.refresh_token) if body.refresh_token else None
    await work.run(sign_out, SignOut(caller.account, ended))


async def _by_code(body: TokenRequest, work: Work[IdentityStore], cabinet: Cabinet, door: Doorkeeper) -> Tokens:
    phone, token = cabinet.seal("phone", body.phone or ""), door.fresh_token()
    command = SignInByCode(phone, _code_hash(cabinet, phone.lookup, body.code or ""), token.fresh)
    account = _require(await work.run(sign_in_by_code, command), "code_wrong_or_expired")
    return Tokens(access_token=door.access_token(account, work.clock()), refresh_token=token.text)


async def _by_password(
    body: TokenRequest, origin: str, work: Work[IdentityStore], cabinet: Cabinet, door: Doorkeeper
) -> Tokens:
    username, password = (body.username or "").strip().lower(), body.password or ""
    tries_key = cabinet.lookup("sign_in", f"{username}\x1f{origin}")
    await work.run(begin_password_try, tries_key)
    known = await work.view(lambda store: store.account_named(username))
    fits = await door.fits(password, known.password_hash if known else None)
    step = None
    if known and known.totp and body.totp:
        step = totp_step(cabinet.open_text(known.totp), body.totp, work.clock())
    token = door.fresh_token()
    command = SignInByPassword(
        account=known.id if known else None,
        proven=known.password_hash if known and fits else None,
        totp_given=body.totp is not None,
        totp_step=step,
        tries_key=tries_key,
        fresh=token.fresh,
    )
    account = _require(await work.run(sign_in_by_password, command), "credentials_wrong")
    return Tokens(access_token=door.access_token(account, work.clock()), refresh_token=token.text)


async def _by_device(
    body: TokenRequest, origin: str, work: Work[IdentityStore], cabinet: Cabinet, door: Doorkeeper
) -> AccessToken:
    device_id, secret = body.device or "", body.secret or ""
    tries_key = cabinet.lookup("sign_in", f"{device_id}\x1f{origin}")
    await work.run(begin_password_try, tries_key)
    known = await work.view(lambda store: store.device(device_id))
    proven = known.secret_hash if known and secret_fits(secret, known.secret_hash) else None
    outcome = await work.run(sign_in_device, SignInByDevice(device_id, proven, tries_key))
    return AccessToken(access_token=door.device_token(_require(outcome, "credentials_wrong"), work.clock()))


def _require(outcome: T | Refused, wrong: str) -> T:
    if not isinstance(outcome, Refused):
        return outcome
    if outcome is Refused.TOO_MANY:
        raise DomainError(Kind.TOO_MANY, "too_many_requests", retry_after=60)
    raise DomainError(Kind.UNAUTHENTICATED, "totp_needed" if outcome is Refused.TOTP_NEEDED else wrong)


def _code_hash(cabinet: Cabinet, phone_lookup: str, code: str) -> str:
    return cabinet.lookup("code", f"{phone_lookup}\x1f{code}")
