"""Figures: what an area's day adds up to, with the day before beside it."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.reports.api.deps import Working, Zone
from services.reports.store import ReportsStore
from shared.contracts.area import COMPOUND_DEPTH, AreaPath, depth
from shared.errors import invalid
from shared.fields import Time
from shared.security.principal import Scope
from shared.web.auth import Worker
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/figures", tags=["figures"], route_class=StrictRoute)

FIRST, LAST = date(2020, 1, 1), date(2100, 1, 1)


MOST_DAYS = 31
Day = Annotated[date | None, Query(ge=FIRST, le=LAST)]


class FiguresView(BaseModel):
    """Events counted by name; decisions at the gate also by their outcome, such as `GateScanned:out:allow`."""

    area: str
    day: date
    figures: dict[str, int]
    yesterday: dict[str, int]
    cut_off: Time


class HourView(BaseModel):
    """What happened in one local hour: people who went out and in, refusals at gates, temperatures taken, fevers."""

    hour: int
    out: int = 0
    in_: int = Field(0, alias="in")
    refused: int = 0
    temperatures: int = 0
    fevers: int = 0


class HoursView(BaseModel):
    """A day by its 24 hours, in order."""

    area: str
    day: date
    hours: list[HourView]
    cut_off: Time


class PlaceView(BaseModel):
    """The fevers of one place, day by day; the compound itself stands for those of no building."""

    area: str
    fevers: list[int]


class FeversView(BaseModel):
    """Fevers by the places next beneath an area that had any, on each of `days`."""

    area: str
    days: list[date]
    places: list[PlaceView]
    cut_off: Time


@router.get("")
async def figures(
    area: Annotated[AreaPath, Query()],
    caller: Worker,
    work: Working,
    zone: Zone,
    day: Day = None,
) -> FiguresView:
    """Sum up a local day of an area, today unless said otherwise. Compounds are the smallest areas counted."""
    _require(area, caller)
    now = work.clock()
    wanted = day or now.astimezone(zone).date()

    async def ask(store: ReportsStore) -> tuple[dict[str, int], dict[str, int]]:
        return await store.figures(area, wanted), await store.figures(area, wanted - timedelta(days=1))

    today, before = await work.view(ask)
    return FiguresView(area=area, day=wanted, figures=today, yesterday=before, cut_off=now)


@router.get("/hours")
async def hours(
    area: Annotated[AreaPath, Query()], caller: Worker, work: Working, zone: Zone, day: Day = None
) -> HoursView:
    """Show a local day of an area hour by hour, today unless said otherwise; each thing in the hour it happened."""
    _require(area, caller)
    now = work.clock()
    wanted = day or now.astimezone(zone).date()
    found = await work.view(lambda store: store.hours(area, wanted))
    views = [HourView.model_validate({"hour": hour, **found.get(hour, {})}) for hour in range(24)]
    return HoursView(area=area, day=wanted, hours=views, cut_off=now)


@router.get("/buildings")
async def buildings(
    area: Annotated[AreaPath, Query()],
    caller: Worker,
    work: Working,
    zone: Zone,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 14,
) -> FeversView:
    """Show the fevers of a compound by building, of a community by compound, of a subdistrict by community."""
    _require(area, caller)
    now = work.clock()
    last = now.astimezone(zone).date()
    shown = [last - timedelta(days=back) for back in reversed(range(days))]
    found = await work.view(lambda store: store.fevers(area, shown[0], last))
    places = sorted({place for place, _ in found})
    views = [PlaceView(area=place, fevers=[found.get((place, one), 0) for one in shown]) for place in places]
    return FeversView(area=area, days=shown, places=views, cut_off=now)


def _require(area: str, caller: Scope) -> None:
    caller.require(area)
    if depth(area) > COMPOUND_DEPTH:
        raise invalid("area", "figures_area")
