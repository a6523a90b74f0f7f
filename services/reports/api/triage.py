"""Clues as officials and workers know them: the list, and its triage."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, StringConstraints

from services.reports.api.clues import photo_paths
from services.reports.api.deps import Area, Speaks, Working, asked
from services.reports.domain import Category, Clock, Clue, ClueState, Finding, Step
from services.reports.handlers import MoveClue, move_clue
from services.reports.store import ReportsStore
from shared.errors import conflict, not_found
from shared.fields import LongText, Time
from shared.ids import is_id
from shared.texts import Language, sentence
from shared.web.auth import Worker
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute
from shared.work import Work

router = APIRouter(prefix="/v1/clues", tags=["clues"], route_class=StrictRoute)

Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
IfMatch = Annotated[str | None, Header()]
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


class Note(Body):
    """What the worker found, for the clue's record."""

    note: LongText | None = None


class Assignment(Body):
    """The account that takes the clue on."""

    to: Account
    note: LongText | None = None


class Resolution(Body):
    """What came of it; the reporter reads this."""

    outcome: LongText


class StepView(BaseModel):
    """One step of a clue: by whom, when, with what note."""

    state: ClueState
    by: str
    at: Time
    note: str | None

    @classmethod
    def of(cls, step: Step) -> "StepView":
        """Translate a step."""
        return cls(state=step.state, by=step.by, at=step.at, note=step.note)


class Reporter(BaseModel):
    """Who reported a clue under their name."""

    account: str
    label: str | None


class FindingView(BaseModel):
    """What a machine found: how often, and codes and ids of the latest time. What they are depends on the category."""

    subject: str
    count: int
    last_at: Time
    evidence: dict[str, Any]

    @classmethod
    def of(cls, finding: Finding) -> "FindingView":
        """Translate a finding."""
        return cls(subject=finding.subject, count=finding.count, last_at=finding.at, evidence=finding.evidence)


class ClueView(BaseModel):
    """A clue for those who work on it; `reporter` is None for an anonymous one. `overdue` are the clocks missed.

    `about` is what an appeal is against: an exit, a hold or a registration.

    A machine's clue has a `finding`, and a text made from it in the reader's language.
    """

    id: str
    version: int
    category: Category
    text: str
    place: str
    area: str
    anonymous: bool
    about: str | None
    reporter: Reporter | None
    photos: list[str]
    state: ClueState
    assignee: str | None
    outcome: str | None
    reported_at: Time
    verify_due: Time
    resolve_due: Time
    overdue: list[Clock]
    steps: list[StepView]
    finding: FindingView | None

    @classmethod
    def of(cls, clue: Clue, language: Language) -> "ClueView":
        """Translate a clue."""
        return cls(
            id=clue.id,
            version=clue.version,
            category=clue.category,
            text=_found(clue.category, clue.finding, language) if clue.finding else clue.text,
            place=clue.place,
            area=clue.area,
            anonymous=clue.anonymous,
            about=clue.about,
            reporter=Reporter(account=clue.reporter, label=clue.reporter_label) if clue.reporter else None,
            photos=photo_paths(clue),
            state=clue.state,
            assignee=clue.assignee,
            outcome=clue.outcome,
            reported_at=clue.reported_at,
            verify_due=clue.verify_due,
            resolve_due=clue.resolve_due,
            overdue=list(clue.missed),
            steps=[StepView.of(step) for step in clue.steps],
            finding=FindingView.of(clue.finding) if clue.finding else None,
        )


def _found(category: Category, finding: Finding, language: Language) -> str:
    reasons = [sentence(code, language) for code in finding.evidence.get("reasons", ())]
    params = {"count": str(finding.count), "reasons": " ".join(reasons)}
    return sentence(f"clue_{category.value}", language, params)


class Shown:
    """Shows one clue to whoever asked: in their language, with its version as ETag."""

    def __init__(self, response: Response, language: Speaks) -> None:
        self._response = response
        self._language = language

    def __call__(self, clue: Clue) -> ClueView:
        """Translate the clue of this answer."""
        self._response.headers["ETag"] = f'"{clue.version}"'
        return ClueView.of(clue, self._language)


Showing = Annotated[Shown, Depends()]


@router.get("")
async def clues(
    caller: Worker,
    page: PageOf,
    work: Working,
    language: Speaks,
    area: Area = None,
    state: Annotated[ClueState | None, Query()] = None,
) -> Page[ClueView]:
    """List clues, newest first."""
    areas = asked(caller, area)
    found = await work.view(lambda store: store.clues_in(areas, state, page.after, page.limit + 1))
    items = [ClueView.of(one, language) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/{clue_id}")
async def read(clue_id: str, caller: Worker, work: Working, show: Showing) -> ClueView:
    """Show one clue; its ETag may be sent back as If-Match with the next step."""

    async def ask(store: ReportsStore) -> Clue:
        clue = await store.clue(clue_id) if is_id(clue_id, "clue") else None
        if clue is None:
            raise not_found()
        caller.require(clue.area)
        return clue

    return show(await work.view(ask))


@router.post("/{clue_id}/verify")
async def verify(
    clue_id: str, caller: Worker, work: Working, show: Showing, body: Note | None = None, if_match: IfMatch = None
) -> ClueView:
    """State that the clue holds."""
    note = body.note if body else None
    command = MoveClue(clue_id, ClueState.VERIFIED, caller.account, caller.areas, _seen(if_match), note)
    return show(await _move(command, work))


@router.post("/{clue_id}/reject")
async def reject(
    clue_id: str, caller: Worker, work: Working, show: Showing, body: Note | None = None, if_match: IfMatch = None
) -> ClueView:
    """State that there is nothing in it."""
    note = body.note if body else None
    command = MoveClue(clue_id, ClueState.FALSE, caller.account, caller.areas, _seen(if_match), note)
    return show(await _move(command, work))


@router.post("/{clue_id}/assign")
async def assign(
    clue_id: str, body: Assignment, caller: Worker, work: Working, show: Showing, if_match: IfMatch = None
) -> ClueView:
    """Give a verified clue to somebody, or to somebody else."""
    command = MoveClue(
        clue_id, ClueState.ASSIGNED, caller.account, caller.areas, _seen(if_match), body.note, assignee=body.to
    )
    return show(await _move(command, work))


@router.post("/{clue_id}/resolve")
async def resolve(
    clue_id: str, body: Resolution, caller: Worker, work: Working, show: Showing, if_match: IfMatch = None
) -> ClueView:
    """End an assigned clue with its outcome."""
    command = MoveClue(clue_id, ClueState.RESOLVED, caller.account, caller.areas, _seen(if_match), outcome=body.outcome)
    return show(await _move(command, work))


def _seen(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _ETAG.fullmatch(if_match.strip())
    if tag is None:
        raise conflict("version_conflict")
    return int(tag[1])


async def _move(command: MoveClue, work: Work[ReportsStore]) -> Clue:
    if not is_id(command.clue, "clue"):
        raise not_found()
    return await work.run(move_clue, command)
