"""What the routes of alerts are given, and what several of them read."""

from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import AfterValidator, Field

from services.alerts.api.addresses import AddressBook
from services.alerts.api.hub import Hub
from services.alerts.domain import SEES, AlertKind, Sight
from services.alerts.store import AlertsStore
from shared.security.principal import Scope
from shared.web.auth import Staff
from shared.work import Work


async def _work(request: Request) -> Work[AlertsStore]:
    work: Work[AlertsStore] = request.app.state.runtime.work
    return work


async def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.runtime.parts["hub"]
    return hub


async def _addresses(request: Request) -> AddressBook:
    addresses: AddressBook = request.app.state.runtime.parts["addresses"]
    return addresses


def _distinct(kinds: list[AlertKind]) -> list[AlertKind]:
    return sorted(set(kinds))


def sight_of(caller: Scope) -> Sight:
    """Return what a caller is shown."""
    return Sight.of(caller.principal.grants)


Watcher = Annotated[Scope, Depends(Staff(*SEES))]
"""Whoever is shown alerts of any kind; `sight_of` says which."""
Working = Annotated[Work[AlertsStore], Depends(_work)]
Streams = Annotated[Hub, Depends(_hub)]
Addresses = Annotated[AddressBook, Depends(_addresses)]
AcceptLanguage = Annotated[str | None, Header(include_in_schema=False)]

ALL_KINDS = sorted(AlertKind)
Kinds = Annotated[list[AlertKind], Field(min_length=1), AfterValidator(_distinct)]
