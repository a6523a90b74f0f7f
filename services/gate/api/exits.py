"""Exit requests: a resident says when, and is answered at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel

from services.gate.api.deps import Office, Working, Zone
from services.gate.api.office import PassOffice
from services.gate.domain import Exit, Pass, PassForm, Refusal, Window
from services.gate.handlers import (
    CancelExit,
    HouseholdQuota,
    RequestExit,
    cancel_exit,
    household_quota,
    request_exit,
)
from services.gate.store import GateStore
from shared.contracts.values import ExitReason
from shared.errors import not_found
from shared.fields import Time
from shared.ids import is_id, new_id
from shared.texts import Language, preferred, sentence
from shared.web.auth import Resident
from shared.web.idempotency import Once
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/exits", tags=["exits"], route_class=StrictRoute)

AcceptLanguage = Annotated[str | None, Header(include_in_schema=False)]


class ExitRequest(Body):
    """A wished outing. `resident` only when acting for somebody else whom this account registered."""

    start: Time
    end: Time
    reason: ExitReason = ExitReason.SUPPLIES
    resident: str | None = None


class Explanation(BaseModel):
    """Why an exit was refused, in one plain sentence, with what the sentence is made of."""

    code: str
    message: str
    params: dict[str, str]

    @classmethod
    def of(cls, refusal: Refusal, language: Language) -> "Explanation":
        """Put a refusal into words."""
        return cls(code=refusal.code, message=sentence(refusal.code, language, refusal.params), params=refusal.params)


class PassToken(BaseModel):
    """A pass as it can be shown just now. Fetch it again before `expires`; the code is renewed every 30 seconds.

    `out_at` and `in_at` are when it went through a gate, so that its holder sees that it is used.
    """

    id: str
    token: str
    valid_from: Time
    valid_until: Time
    expires: Time
    out_at: Time | None = None
    in_at: Time | None = None

    @classmethod
    def of(cls, admission: Pass, office: PassOffice, form: PassForm, now: Any) -> "PassToken":
        """Write the pass's token of this half minute."""
        token, expires = office.write(admission, form, now)
        return cls(
            id=admission.id,
            token=token,
            valid_from=admission.start,
            valid_until=admission.end,
            expires=expires,
            out_at=admission.out_at,
            in_at=admission.in_at,
        )


class ExitView(BaseModel):
    """An exit request and its decision."""

    id: str
    status: str
    resident: str
    start: Time
    end: Time
    reason: ExitReason
    reasons: list[str]
    explanations: list[Explanation]
    requested_at: Time
    pass_: PassToken | None = None

    @classmethod
    def of(cls, exit_: Exit, token: PassToken | None, language: Language) -> "ExitView":
        """Translate an exit; the token, if any, is that of now."""
        return cls(
            id=exit_.id,
            status=exit_.status.value,
            resident=exit_.resident,
            start=exit_.start,
            end=exit_.end,
            reason=exit_.reason,
            reasons=[refusal.code for refusal in exit_.refusals],
            explanations=[Explanation.of(one, language) for one in exit_.refusals],
            requested_at=exit_.requested_at,
            pass_=token,
        )

    model_config = {"alias_generator": lambda name: "pass" if name == "pass_" else name, "populate_by_name": True}


class Quota(BaseModel):
    """Whether a household's place for supplies is free; if not, what a refusal would say: by whom, and until when."""

    free: bool
    explanations: list[Explanation]


@router.post("", status_code=201)
async def request(
    body: ExitRequest,
    caller: Resident,
    once: Once,
    work: Working,
    office: Office,
    zone: Zone,
    accept_language: AcceptLanguage = None,
) -> ExitView:
    """Ask to go out. The answer is the decision: `approved` with a pass, or `refused` with every reason."""
    command = RequestExit(
        new_id("exit"), caller.account, body.resident, Window(body.start, body.end), body.reason, zone
    )
    language = preferred(accept_language)

    def view(answer: tuple[Exit, Pass | None]) -> ExitView:
        exit_, admission = answer
        token = PassToken.of(admission, office, PassForm.SCREEN, work.clock()) if admission else None
        return ExitView.of(exit_, token, language)

    if once is None:
        return view(await work.run(request_exit, command))
    kept = await work.run_once(
        once, request_exit, command, lambda answer: view(answer).model_dump(mode="json", by_alias=True)
    )
    return ExitView.model_validate(kept)


@router.get("")
async def history(
    caller: Resident, page: PageOf, work: Working, accept_language: AcceptLanguage = None
) -> Page[ExitView]:
    """List the outings of the caller and of those they act for, newest first."""

    async def ask(store: GateStore) -> list[Exit]:
        mine = [resident.id for resident in await store.residents_of(caller.account)]
        return await store.exits_of(mine, page.after, page.limit + 1)

    found = await work.view(ask)
    items = [ExitView.of(one, None, preferred(accept_language)) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/quota")
async def quota(
    start: Annotated[Time, Query()],
    caller: Resident,
    work: Working,
    zone: Zone,
    resident: Annotated[str | None, Query()] = None,
    accept_language: AcceptLanguage = None,
) -> Quota:
    """Tell whether the household's place for supplies is free for an outing from `start` on; asking takes nothing.

    `resident` as in a request to go out. Everybody of a household is told the same.
    """
    query = HouseholdQuota(caller.account, resident, start, zone)
    refusal = await work.view(lambda store: household_quota(query, store, work.clock()))
    language = preferred(accept_language)
    return Quota(free=refusal is None, explanations=[Explanation.of(refusal, language)] if refusal else [])


@router.get("/{exit_id}")
async def read(
    exit_id: str, caller: Resident, work: Working, office: Office, accept_language: AcceptLanguage = None
) -> ExitView:
    """Show one exit with its pass of this half minute."""

    async def ask(store: GateStore) -> tuple[Exit, Pass | None]:
        exit_ = await store.exit(exit_id) if is_id(exit_id, "exit") else None
        if exit_ is None or exit_.resident not in {one.id for one in await store.residents_of(caller.account)}:
            raise not_found()
        return exit_, await store.pass_(exit_.pass_id) if exit_.pass_id else None

    exit_, admission = await work.view(ask)
    live = admission if admission and admission.revoked_at is None else None
    token = PassToken.of(live, office, PassForm.SCREEN, work.clock()) if live else None
    return ExitView.of(exit_, token, preferred(accept_language))


@router.post("/{exit_id}/cancel")
async def cancel(exit_id: str, caller: Resident, work: Working, accept_language: AcceptLanguage = None) -> ExitView:
    """Cancel an outing that has not begun; the household's place is free again."""
    if not is_id(exit_id, "exit"):
        raise not_found()
    exit_ = await work.run(cancel_exit, CancelExit(caller.account, exit_id))
    return ExitView.of(exit_, None, preferred(accept_language))
