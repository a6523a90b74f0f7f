"""Somebody reports an anomaly."""

from dataclasses import dataclass
from datetime import datetime

from services.reports.domain import (
    REPORTER,
    Category,
    Clue,
    ClueState,
    Photo,
    Step,
    clocks,
    require_appeal_names_its_matter,
)
from services.reports.store import ReportsStore
from shared.contracts import Fact
from shared.contracts.area import compound_of, covers
from shared.contracts.reports import ClueReported
from shared.errors import invalid
from shared.projections import Resident


@dataclass(frozen=True)
class ReportClue:
    """A clue to be. `account` and `reporter_key` are the reporter's; an anonymous one's account is not kept."""

    id: str
    category: Category
    text: str
    place: str
    area: str
    anonymous: bool
    account: str
    reporter_key: str
    photos: tuple[Photo, ...]
    about: str | None = None


async def report_clue(command: ReportClue, store: ReportsStore, now: datetime) -> Clue:
    """Store a clue and start its clocks.

    Raises `clue_area` for an area outside the compounds of the account's residents, where any are known, and what
    `require_appeal_names_its_matter` does.
    """
    require_appeal_names_its_matter(command.category, command.about, anonymous=command.anonymous)
    mine = await store.residents_of(command.account)
    if mine and not any(covers(compound_of(one.household), command.area) for one in mine):
        raise invalid("area", "clue_area")
    verify_due, resolve_due = clocks(await store.rules(command.area), now)
    clue = Clue(
        id=command.id,
        version=1,
        category=command.category,
        text=command.text,
        place=command.place,
        area=command.area,
        anonymous=command.anonymous,
        reporter=None if command.anonymous else command.account,
        reporter_label=None if command.anonymous else _label(mine),
        reporter_key=command.reporter_key,
        photos=tuple(photo.id for photo in command.photos),
        reported_at=now,
        verify_due=verify_due,
        resolve_due=resolve_due,
        state=ClueState.NEW,
        steps=(Step(ClueState.NEW, REPORTER, now),),
        about=command.about,
    )
    told = ClueReported(category=clue.category.value, anonymous=clue.anonymous, photos=len(clue.photos))
    await store.add_clue(clue, command.photos, [Fact(told, clue.id, clue.area, clue.version)])
    return clue


def _label(residents: list[Resident]) -> str | None:
    return residents[0].label if residents else None
