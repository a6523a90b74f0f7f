"""A resident asks to go out, and is answered at once."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.gate.domain import (
    Exit,
    ExitStatus,
    Pass,
    QuotaUse,
    Refusal,
    Resident,
    Window,
    objections,
    quota_refusal,
    quota_window,
)
from services.gate.domain.entities import EXEMPT
from services.gate.store import GateStore
from shared.contracts import Fact
from shared.contracts.gate import ExitDecided, ExitRequested
from shared.contracts.settings import Rules
from shared.contracts.values import ExitReason
from shared.errors import conflict, not_found
from shared.ids import derived_id


@dataclass(frozen=True)
class RequestExit:
    """A wish to be outside. `account` acts for `resident`, or for its only resident if None; `id` is the request's."""

    id: str
    account: str
    resident: str | None
    window: Window
    reason: ExitReason
    zone: ZoneInfo


async def request_exit(command: RequestExit, store: GateStore, now: datetime) -> tuple[Exit, Pass | None]:
    """Decide an exit and, if approved, issue its pass. Asking again with the same id returns the first answer.

    Raises `period_invalid` for a window no rule needs to look at, `not_verified` for an account without a resident.
    """
    if answered := await store.exit(command.id):
        return answered, await store.pass_(answered.pass_id) if answered.pass_id else None
    resident = await resident_for(command.account, command.resident, store)
    command.window.require_sensible(now)
    rules = await store.rules(resident.household)
    holds = await store.holds_on(resident)

    against = objections(resident, command.window, command.reason, holds, rules, command.zone)
    refusals = [] if command.reason in EXEMPT else list(against)
    if not refusals and command.reason is ExitReason.SUPPLIES:
        refusals += await _take_place(command, resident, rules, store)

    exit_, admission = _decided(command, resident, refusals, now)
    approved = exit_.status is ExitStatus.APPROVED
    requested = ExitRequested(resident=resident.id, start=exit_.start, end=exit_.end, reason=exit_.reason)
    decided = ExitDecided(
        resident=resident.id,
        approved=approved,
        reasons=[refusal.code for refusal in refusals or against],
        pass_id=exit_.pass_id,
        alert=approved and bool(against),
    )
    facts = [
        Fact(requested, exit_.id, resident.household, 1),
        Fact(decided, exit_.id, resident.household, 2),
    ]
    await store.save_exit(exit_, admission, facts)
    return exit_, admission


async def resident_for(account: str, resident: str | None, store: GateStore) -> Resident:
    """Find the resident that an account means: the one it names among those it acts for, else its own."""
    mine = await store.residents_of(account)
    if resident is None:
        # The account's own registration is the first; those it acts for came after and are named.
        if not mine:
            raise conflict("not_verified")
        return mine[0]
    found = next((one for one in mine if one.id == resident), None)
    if found is None:
        raise not_found()
    return found


async def _take_place(command: RequestExit, resident: Resident, rules: Rules, store: GateStore) -> list[Refusal]:
    start, interval = command.window.start, int(rules.number("exit.interval_days", command.window.start))
    use = QuotaUse(command.id, resident.label, start)
    if await store.take_place(resident.household, use, quota_window(start, interval, command.zone)):
        return []
    return [quota_refusal(await store.uses_of(resident.household), start, interval, command.zone)]


def _decided(
    command: RequestExit, resident: Resident, refusals: list[Refusal], now: datetime
) -> tuple[Exit, Pass | None]:
    pass_id = None if refusals else derived_id("pass", command.id)
    exit_ = Exit(
        id=command.id,
        version=2,
        resident=resident.id,
        household=resident.household,
        start=command.window.start,
        end=command.window.end,
        reason=command.reason,
        requested_by=command.account,
        requested_at=now,
        status=ExitStatus.REFUSED if refusals else ExitStatus.APPROVED,
        refusals=tuple(refusals),
        pass_id=pass_id,
    )
    if pass_id is None:
        return exit_, None
    return exit_, Pass(
        id=pass_id,
        version=1,
        exit=command.id,
        resident=resident.id,
        holder=resident.holder,
        label=resident.label,
        household=resident.household,
        compound=resident.compound,
        start=exit_.start,
        end=exit_.end,
        reason=exit_.reason,
        issued_at=now,
    )
