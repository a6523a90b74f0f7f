"""Areas and the settings that hold in them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from services.identity.api.deps import Working
from services.identity.domain import Area, OwnSetting
from services.identity.handlers import AddArea, ChangeSettings, add_area, change_settings
from services.identity.store import IdentityStore
from shared.contracts.area import COMPOUND_DEPTH, LEVELS, AreaPath, chain, covers, depth, level
from shared.contracts.settings import SETTINGS, Value
from shared.errors import conflict, not_found
from shared.fields import ShortText, Time
from shared.web.auth import Official, OfficialOrAdmin, SignedIn
from shared.web.idempotency import Once
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute

Level = Literal["subdistrict", "community", "compound", "building", "unit", "room"]

router = APIRouter(prefix="/v1/areas", tags=["areas"], route_class=StrictRoute)


class NewArea(Body):
    """A subdistrict, community or compound; the id is its whole path."""

    id: AreaPath
    name: ShortText


class AreaItem(BaseModel):
    """An area in a list."""

    id: str
    level: str
    name: str

    @classmethod
    def of(cls, area: Area) -> "AreaItem":
        """Translate an area."""
        return cls(id=area.id, level=level(area.id), name=area.name)


class Effective(BaseModel):
    """What holds just now, since when, and from which area it comes; `area` None is the default."""

    value: Value
    starts: Time | None
    area: str | None
    meaning: str


class Own(BaseModel):
    """A value that this area itself was given, past or to come."""

    key: str
    value: Value
    starts: Time
    set_by: str
    set_at: Time

    @classmethod
    def of(cls, setting: OwnSetting) -> "Own":
        """Translate a setting."""
        return cls(
            key=setting.key,
            value=setting.value,
            starts=setting.starts,
            set_by=setting.set_by,
            set_at=setting.set_at,
        )


class AreaView(AreaItem):
    """An area with the settings that hold in it, and the history of its own."""

    version: int
    settings: dict[str, Effective]
    own: list[Own]

    @classmethod
    def seen(cls, area: Area, above: list[Area], now: Time) -> "AreaView":
        """Translate an area; `above` are those it inherits from, and itself."""
        nearest = {one.id: one for one in above} | {area.id: area}
        levels = [nearest[step] for step in chain(area.id) if step in nearest]
        return cls(
            **AreaItem.of(area).model_dump(),
            version=area.version,
            settings={key: _effective(key, levels, now) for key in SETTINGS},
            own=[Own.of(one) for one in sorted(area.settings, key=lambda one: (one.key, one.starts))],
        )


class NewSetting(Body):
    """A value for a key of the catalogue, from an instant on; at once if none is given. None lifts the rule."""

    key: str
    value: Value
    starts: Time | None = None


class NewSettings(Body):
    """Values to be added."""

    settings: list[NewSetting] = Field(min_length=1, max_length=100)


@router.post("", status_code=201)
async def create(body: NewArea, caller: OfficialOrAdmin, once: Once, work: Working) -> AreaItem:
    """Add an area beneath one of the caller's; a subdistrict is made by its admin."""
    caller.require(body.id)
    command = AddArea(body.id, body.name)
    if once is None:
        return AreaItem.of(await work.run(add_area, command))
    kept = await work.run_once(once, add_area, command, lambda area: AreaItem.of(area).model_dump())
    return AreaItem.model_validate(kept)


@router.get("")
async def areas(
    caller: SignedIn,
    page: PageOf,
    work: Working,
    under: Annotated[AreaPath | None, Query()] = None,
    down_to: Annotated[Level, Query()] = "room",
) -> Page[AreaItem]:
    """List areas by path: staff all beneath their own, residents the tree down to the compounds; `down_to` a level."""
    if caller.is_staff:
        held = [one.area for one in caller.grants]
        if under and not any(covers(one, under) for one in held):
            raise not_found()
        roots, deepest = ([under] if under else held), LEVELS.index(down_to) + 1
    else:
        roots, deepest = ([under] if under else []), min(LEVELS.index(down_to) + 1, COMPOUND_DEPTH)

    async def ask(store: IdentityStore) -> list[Area]:
        if roots:
            return await store.areas_under(roots, deepest, page.after, page.limit + 1)
        return await store.all_areas(deepest, page.after, page.limit + 1)

    found = await work.view(ask)
    items = [AreaItem.of(one) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/{area_id}")
async def read(area_id: AreaPath, caller: SignedIn, response: Response, work: Working) -> AreaView:
    """Show an area with what holds in it now. The ETag is for changing its settings."""
    if caller.is_staff and not any(covers(one.area, area_id) for one in caller.grants):
        raise not_found()
    if not caller.is_staff and depth(area_id) > COMPOUND_DEPTH:
        raise not_found()
    found = await work.view(lambda store: store.areas(list(chain(area_id))))
    area = next((one for one in found if one.id == area_id), None)
    if area is None:
        raise not_found()
    response.headers["ETag"] = f'"{area.version}"'
    return AreaView.seen(area, found, work.clock())


@router.put("/{area_id}/settings")
async def put_settings(
    area_id: AreaPath,
    body: NewSettings,
    caller: Official,
    response: Response,
    work: Working,
    if_match: Annotated[str | None, Header()] = None,
) -> AreaView:
    """Give an area values of its own, each from a date on; `If-Match` refuses when somebody was faster."""
    caller.require(area_id)
    settings = tuple((one.key, one.value, one.starts) for one in body.settings)
    command = ChangeSettings(area_id, settings, _version(if_match), caller.account)
    area = await work.run(change_settings, command)
    found = await work.view(lambda store: store.areas(list(chain(area_id))))
    response.headers["ETag"] = f'"{area.version}"'
    return AreaView.seen(area, found, work.clock())


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise conflict("version_conflict")
    return int(text)


def _effective(key: str, levels: list[Area], now: Time) -> Effective:
    meaning = SETTINGS[key].meaning
    for area in levels:
        started = [one for one in area.settings if one.key == key and one.starts <= now]
        if started:
            newest = max(started, key=lambda one: one.starts)
            return Effective(value=newest.value, starts=newest.starts, area=area.id, meaning=meaning)
    return Effective(value=SETTINGS[key].default, starts=None, area=None, meaning=meaning)
