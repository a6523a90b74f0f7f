"""Clues as the reporter knows them: reporting one, and seeing what became of it."""

import hashlib
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response, UploadFile
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.reports.api.darkroom import require_few
from services.reports.api.deps import Dark, FormRoute, Known, Working
from services.reports.domain import MACHINES_OWN, Category, Clock, Clue, ClueState
from services.reports.handlers import ReportClue, report_clue
from services.reports.store import ReportsStore
from shared.contracts.area import AreaPath
from shared.contracts.values import Role
from shared.errors import DomainError, Kind, not_found
from shared.fields import LongText, ShortText, Time
from shared.ids import is_id, new_id
from shared.security.principal import Principal, Scope
from shared.web.auth import SignedIn
from shared.web.idempotency import Once
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute

WORKERS = frozenset({Role.COMMUNITY_WORKER, Role.OFFICIAL})
STAFF = WORKERS | {Role.GUARD, Role.PROPERTY_MANAGER, Role.VOLUNTEER, Role.ADMIN}

form = APIRouter(prefix="/v1/clues", tags=["clues"], route_class=FormRoute)
router = APIRouter(prefix="/v1/clues", tags=["clues"], route_class=StrictRoute)


def _reportable(category: Category) -> Category:
    if category in MACHINES_OWN:
        raise PydanticCustomError("field_value", "Machines alone find this.")
    return category


About = Annotated[str, StringConstraints(max_length=64)]


class NewClue(Body):
    """A clue as a form. Up to six photos, JPEG, PNG or WebP, 5 MB each; their names do not matter.

    An `appeal`, and nothing else, names in `about` the exit, hold or registration that it is against.
    """

    category: Annotated[Category, AfterValidator(_reportable)]
    text: LongText
    place: ShortText
    area: AreaPath
    anonymous: bool = False
    about: About | None = None
    # A browser sends an empty text for a photo field in which nothing was chosen.
    photos: list[UploadFile | Literal[""]] = Field(default_factory=list)


class Progress(BaseModel):
    """A step of a clue as its reporter sees it: what happened when, not who did it."""

    state: ClueState
    at: Time


class OwnClue(BaseModel):
    """A clue as its reporter sees it."""

    id: str
    category: Category
    text: str
    place: str
    area: str
    anonymous: bool
    about: str | None
    photos: list[str]
    state: ClueState
    outcome: str | None
    reported_at: Time
    verify_due: Time
    resolve_due: Time
    overdue: list[Clock]
    progress: list[Progress]

    @classmethod
    def of(cls, clue: Clue) -> "OwnClue":
        """Translate a clue for its reporter."""
        return cls(
            id=clue.id,
            category=clue.category,
            text=clue.text,
            place=clue.place,
            area=clue.area,
            anonymous=clue.anonymous,
            about=clue.about,
            photos=photo_paths(clue),
            state=clue.state,
            outcome=clue.outcome,
            reported_at=clue.reported_at,
            verify_due=clue.verify_due,
            resolve_due=clue.resolve_due,
            overdue=list(clue.missed),
            progress=[Progress(state=step.state, at=step.at) for step in clue.steps],
        )


def photo_paths(clue: Clue) -> list[str]:
    """Return where a clue's photos are, numbered from 1."""
    return [f"/v1/clues/{clue.id}/photos/{number}" for number in range(1, len(clue.photos) + 1)]


@form.post("", status_code=201)
async def report(
    body: Annotated[NewClue, Form(media_type="multipart/form-data")],
    caller: SignedIn,
    once: Once,
    work: Working,
    darkroom: Dark,
    reporters: Known,
) -> OwnClue:
    """Report an anomaly, named or anonymous. The officials of the area learn of it at once."""
    _require_may_report(caller, body.area)
    uploads = [await one.read() for one in body.photos if one != ""]
    require_few(len(uploads))
    command = ReportClue(
        id=new_id("clue"),
        category=body.category,
        text=body.text,
        place=body.place,
        area=body.area,
        anonymous=body.anonymous,
        account=caller.account,
        reporter_key=reporters.key(caller.account),
        about=body.about,
        photos=tuple([await darkroom.develop(one, f"photos.{place}") for place, one in enumerate(uploads)]),
    )
    if once is None:
        return OwnClue.of(await work.run(report_clue, command))
    # The same form sent again has another boundary: what counts is what it holds.
    same = replace(once, body=_content(body, uploads))
    kept = await work.run_once(same, report_clue, command, lambda clue: OwnClue.of(clue).model_dump(mode="json"))
    return OwnClue.model_validate(kept)


def _require_may_report(caller: Principal, area: str) -> None:
    if not caller.is_staff:
        return
    if not caller.areas(STAFF):
        raise DomainError(Kind.FORBIDDEN, "forbidden")
    Scope(caller, STAFF).require(area)


def _content(body: NewClue, uploads: list[bytes]) -> bytes:
    words = body.model_dump_json(exclude={"photos"}).encode()
    return b"".join(hashlib.sha256(part).digest() for part in (words, *uploads))


@router.get("/mine")
async def mine(caller: SignedIn, page: PageOf, work: Working, reporters: Known) -> Page[OwnClue]:
    """List what the caller reported, anonymous clues too, newest first."""
    key = reporters.key(caller.account)
    found = await work.view(lambda store: store.clues_by(key, page.after, page.limit + 1))
    items = [OwnClue.of(one) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/{clue_id}/photos/{number}", response_class=Response)
async def photo(clue_id: str, number: int, caller: SignedIn, work: Working, reporters: Known) -> Response:
    """Show a clue's photo to the workers of its area and to its reporter."""

    async def ask(store: ReportsStore) -> bytes:
        clue = await store.clue(clue_id) if is_id(clue_id, "clue") else None
        if clue is None or not 1 <= number <= len(clue.photos):
            raise not_found()
        if not (caller.holds(WORKERS, clue.area) or clue.reporter_key == reporters.key(caller.account)):
            raise not_found()
        content = await store.photo(clue.photos[number - 1])
        if content is None:
            raise not_found()
        return content

    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
    return Response(await work.view(ask), media_type="image/jpeg", headers=headers)
