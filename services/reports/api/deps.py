"""What reports' routes are given: the unit of work, the darkroom, the reporters' keys, and routes that take forms."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute

from services.reports.api.darkroom import Darkroom
from services.reports.api.reporters import Reporters
from services.reports.store import ReportsStore
from shared.contracts.area import AreaPath
from shared.errors import DomainError, Kind
from shared.security.principal import Scope
from shared.texts import Language, preferred
from shared.work import Work


class FormRoute(APIRoute):
    """The route class of what takes multipart forms. The body is kept, for more than one reader needs it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler so that it sees a form whose body is at hand."""
        handle = super().get_route_handler()

        async def kept(request: Request) -> Response:
            if request.headers.get("content-type", "").split(";")[0].strip().lower() != "multipart/form-data":
                raise DomainError(Kind.UNSUPPORTED, "content_type")
            await request.body()
            return await handle(request)

        return kept


async def _work(request: Request) -> Work[ReportsStore]:
    work: Work[ReportsStore] = request.app.state.runtime.work
    return work


async def _darkroom(request: Request) -> Darkroom:
    darkroom: Darkroom = request.app.state.runtime.parts["darkroom"]
    return darkroom


async def _reporters(request: Request) -> Reporters:
    reporters: Reporters = request.app.state.runtime.parts["reporters"]
    return reporters


async def _zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.runtime.settings.zone
    return zone


async def _language(accept_language: Annotated[str | None, Header(include_in_schema=False)] = None) -> Language:
    return preferred(accept_language)


def asked(caller: Scope, area: str | None) -> tuple[str, ...]:
    """Return where a list looks: the area asked for, which must be the caller's, or everywhere the caller may act."""
    if area is None:
        return caller.areas
    caller.require(area)
    return (area,)


Working = Annotated[Work[ReportsStore], Depends(_work)]
Dark = Annotated[Darkroom, Depends(_darkroom)]
Known = Annotated[Reporters, Depends(_reporters)]
Zone = Annotated[ZoneInfo, Depends(_zone)]
Speaks = Annotated[Language, Depends(_language)]
Area = Annotated[AreaPath | None, Query()]
