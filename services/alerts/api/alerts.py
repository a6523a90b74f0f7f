"""Alerts: listed, shown, and moved by those who work there."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.alerts.api.deps import AcceptLanguage, Watcher, Working, sight_of
from services.alerts.domain import Alert, AlertKind, AlertState, ResolvedAs
from services.alerts.handlers import Acknowledge, Assign, Resolve, acknowledge, assign, resolve
from shared.contracts.area import AreaPath
from shared.errors import invalid, not_found
from shared.fields import Time
from shared.ids import is_id
from shared.texts import Language, preferred, sentence
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=StrictRoute)


class Assignment(Body):
    """Who is to see to it: the id of an account with work on the alert's area."""

    to: str = Field(min_length=1, max_length=64)


class Resolution(Body):
    """How it ended."""

    outcome: ResolvedAs = ResolvedAs.HANDLED


class AlertView(BaseModel):
    """An alert. `facts` are those of its latest occurrence, by kind; `level` is the area whose turn it is."""

    id: str
    version: int
    kind: AlertKind
    title: str
    cause: str
    area: str
    level: str
    state: AlertState
    label: str | None
    facts: dict[str, Any]
    count: int
    raised_at: Time
    last_at: Time
    escalates_at: Time | None
    acknowledged_by: str | None
    acknowledged_at: Time | None
    assigned_to: str | None
    assigned_at: Time | None
    resolved_by: str | None
    resolved_at: Time | None
    outcome: str | None

    @classmethod
    def of(cls, alert: Alert, language: Language, **more: Any) -> "AlertView":
        """Translate an alert; `more` is for what a view has besides."""
        return cls(
            id=alert.id,
            version=alert.version,
            kind=alert.kind,
            title=sentence(f"alert_{alert.kind.value}", language),
            cause=alert.cause,
            area=alert.area,
            level=alert.level,
            state=alert.state,
            label=alert.label,
            facts=alert.facts,
            count=alert.count,
            raised_at=alert.raised_at,
            last_at=alert.last_at,
            escalates_at=alert.escalate_at,
            acknowledged_by=alert.acknowledged_by,
            acknowledged_at=alert.acknowledged_at,
            assigned_to=alert.assigned_to,
            assigned_at=alert.assigned_at,
            resolved_by=alert.resolved_by,
            resolved_at=alert.resolved_at,
            outcome=alert.outcome,
            **more,
        )


@router.get("")
async def alerts(
    caller: Watcher,
    page: PageOf,
    work: Working,
    area: Annotated[AreaPath | None, Query()] = None,
    state: Annotated[AlertState | None, Query()] = None,
    kind: Annotated[AlertKind | None, Query()] = None,
    accept_language: AcceptLanguage = None,
) -> Page[AlertView]:
    """List the alerts of an area, or of all the caller's areas, newest first; a property manager's are silent gates."""
    sight = sight_of(caller)
    within = {sight.wanted(area, [kind] if kind else []): [area]} if area else sight.reach(kind)
    if page.after and not is_id(page.after, "alert"):
        raise invalid("after", "cursor_invalid")
    found = await work.view(lambda store: store.alerts_in(within, state, page.after, page.limit + 1))
    items = [AlertView.of(one, preferred(accept_language)) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.get("/{alert_id}")
async def read(alert_id: str, caller: Watcher, work: Working, accept_language: AcceptLanguage = None) -> AlertView:
    """Show one alert."""
    alert = await work.view(lambda store: store.alert(_checked(alert_id)))
    if alert is None or not sight_of(caller).sees([alert.kind], alert.area):
        raise not_found()
    return AlertView.of(alert, preferred(accept_language))


@router.post("/{alert_id}/acknowledge")
async def acknowledged(
    alert_id: str, caller: Watcher, work: Working, accept_language: AcceptLanguage = None
) -> AlertView:
    """Say that one has seen it; it does not escalate any more."""
    command = Acknowledge(_checked(alert_id), caller.account, sight_of(caller))
    return AlertView.of(await work.run(acknowledge, command), preferred(accept_language))


@router.post("/{alert_id}/assign")
async def assigned(
    alert_id: str, body: Assignment, caller: Watcher, work: Working, accept_language: AcceptLanguage = None
) -> AlertView:
    """Give it to somebody."""
    command = Assign(_checked(alert_id), caller.account, sight_of(caller), body.to)
    return AlertView.of(await work.run(assign, command), preferred(accept_language))


@router.post("/{alert_id}/resolve")
async def resolved(
    alert_id: str, body: Resolution, caller: Watcher, work: Working, accept_language: AcceptLanguage = None
) -> AlertView:
    """Be done with it."""
    command = Resolve(_checked(alert_id), caller.account, sight_of(caller), body.outcome)
    return AlertView.of(await work.run(resolve, command), preferred(accept_language))


def _checked(alert_id: str) -> str:
    if not is_id(alert_id, "alert"):
        raise not_found()
    return alert_id
