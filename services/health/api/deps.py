"""What health's routes are given: the unit of work, the caller's areas, the caller's language."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request

from services.health.store import HealthStore
from shared.contracts.area import AreaPath
from shared.security.principal import Scope
from shared.work import Work


async def _work(request: Request) -> Work[HealthStore]:
    work: Work[HealthStore] = request.app.state.runtime.work
    return work


def asked(caller: Scope, area: str | None) -> tuple[str, ...]:
    """Return where a list looks: the area asked for, which must be the caller's, or everywhere the caller may act."""
    if area is None:
        return caller.areas
    caller.require(area)
    return (area,)


Working = Annotated[Work[HealthStore], Depends(_work)]
Area = Annotated[AreaPath | None, Query()]
AcceptLanguage = Annotated[str | None, Header(include_in_schema=False)]
