"""The gate's offline data as the service sends it, and as the agent keeps it."""

from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from menshen.gate_agent.domain import Knowledge
from shared.contracts.values import HoldKind
from shared.security.keys import Verifier


class DataUnusable(Exception):
    """The offline data is not of the form, or not of the gate, that was asked for; what was there before stays."""


class _Revoked(BaseModel):
    holder: str
    before: AwareDatetime


class _Held(BaseModel):
    holder: str
    kinds: tuple[HoldKind, ...]


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore")

    gate: str
    area: str
    at: AwareDatetime
    fresh_until: AwareDatetime
    threshold_c: float
    retest_minutes: float
    fever_locks_out: bool
    keys: dict[str, Any]
    revoked: list[_Revoked]
    held: list[_Held]
    outside: list[str]
    ended: list[str] = []


def knowledge_of(raw: str, gate: str, fetched_at: datetime, fresh_until: datetime | None = None) -> Knowledge:
    """Read offline data that was fetched, or confirmed, at an instant.

    It is good until then, or without that for as long as it says itself. Raises DataUnusable.
    """
    try:
        data = _Data.model_validate_json(raw)
        Verifier(data.keys)
    except (ValidationError, JoseError, ValueError, KeyError, TypeError) as error:
        raise DataUnusable(type(error).__name__) from None
    if data.gate != gate:
        raise DataUnusable("of another gate")
    revoked: dict[str, datetime] = {}
    for one in data.revoked:
        revoked[one.holder] = max(one.before, revoked.get(one.holder, one.before))
    held: dict[str, tuple[HoldKind, ...]] = {}
    for hold in data.held:
        held[hold.holder] = (*held.get(hold.holder, ()), *hold.kinds)
    return Knowledge(
        gate=data.gate,
        area=data.area,
        at=data.at,
        fetched_at=fetched_at,
        fresh_until=fresh_until or fetched_at + (data.fresh_until - data.at),
        threshold_c=data.threshold_c,
        retest=timedelta(minutes=data.retest_minutes),
        fever_locks_out=data.fever_locks_out,
        keys=data.keys,
        revoked=revoked,
        held=held,
        outside=frozenset(data.outside),
        ended=frozenset(data.ended),
    )
