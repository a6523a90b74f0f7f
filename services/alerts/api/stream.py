"""The live stream: a subscription's stored feed as Server-Sent Events, from any place in it on."""

from collections.abc import AsyncIterator
from typing import Annotated

import stamina
import structlog
from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from services.alerts.api.alerts import AlertView
from services.alerts.api.deps import AcceptLanguage, Streams, Watcher, Working, sight_of
from services.alerts.api.hub import Hub, Listener
from services.alerts.domain import AlertKind, FeedRow, Subscription, What, resumes
from services.alerts.handlers import Subscribe, subscribe
from services.alerts.store import AlertsStore
from shared.contracts.area import AreaPath
from shared.errors import Transient, invalid
from shared.fields import Time
from shared.texts import Language, preferred
from shared.web.strict import StrictRoute
from shared.work import Work

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=StrictRoute)

PING_SECONDS = 15
SEND_SECONDS = 20
GRACE_SECONDS = 3
RECONNECT_MS = 1000
ROWS = 100

log = structlog.get_logger()


class FeedView(AlertView):
    """One row of a feed: what happened to an alert and when, and the alert as it was then."""

    what: What
    at: Time


class FeedResponse(EventSourceResponse):
    """A stream that a client which never reads cannot hold open."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the feed or the client ends."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream_not_read")


class Feed:
    """Reads one subscription's feed for one client."""

    def __init__(self, work: Work[AlertsStore], hub: Hub, listener: Listener, language: Language) -> None:
        self._work = work
        self._hub = hub
        self._listener = listener
        self._language = language

    async def events(self, *, afresh: bool) -> AsyncIterator[ServerSentEvent]:
        """Yield what comes after the listener's place, then whatever is written, until the listener is over."""
        listener = self._listener
        self._hub.join(listener)
        try:
            place = str(listener.seen)
            if afresh:
                yield ServerSentEvent("{}", event="reset", id=place, retry=RECONNECT_MS)
            else:
                # No data, so no event: it only tells the client its place, for its next Last-Event-ID.
                yield ServerSentEvent(comment="open", id=place, retry=RECONNECT_MS)
            while not listener.over:
                await listener.news()
                while not listener.over and (rows := await self._rows()):
                    for row in rows:
                        yield self._event(row)
                        listener.seen = row.seq
        finally:
            self._hub.leave(listener)

    async def _rows(self) -> list[FeedRow]:
        async for attempt in stamina.retry_context(on=Transient, attempts=None, timeout=None, wait_max=2.0):
            with attempt:
                return await self._work.view(
                    lambda store: store.rows_after(self._listener.subscription, self._listener.seen, ROWS)
                )
        return []

    def _event(self, row: FeedRow) -> ServerSentEvent:
        view = FeedView.of(row.alert, self._language, what=row.what, at=row.at)
        return ServerSentEvent(view.model_dump_json(), event=row.alert.kind.value, id=str(row.seq))


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    area: Annotated[AreaPath, Query()],
    caller: Watcher,
    work: Working,
    hub: Streams,
    kinds: Annotated[str | None, Query(description="Comma-separated; all that one is shown if left out")] = None,
    after: Annotated[str | None, Query(description="As Last-Event-ID, which goes first")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
    accept_language: AcceptLanguage = None,
) -> FeedResponse:
    """Follow the alerts of an area live; with Last-Event-ID, everything after it first, in order, nothing twice.

    Opening it makes sure of a stored subscription before the headers are sent: what happens from then on is kept, also
    while nobody is connected. A Last-Event-ID that is no place in this feed is answered by an event `reset` and then
    the whole feed, as far as it is kept (14 days).
    """
    command = Subscribe(caller.account, area, sight_of(caller).wanted(area, _kinds(kinds)))
    subscription = await work.run(subscribe, command)
    position = last_event_id or after
    seen, afresh = (subscription.seq, False) if not position else await _place(position, subscription, work)
    listener = Listener(subscription, caller.principal.issued_at, seen)
    events = Feed(work, hub, listener, preferred(accept_language)).events(afresh=afresh)
    # At a stop the hub ends the feed; the library is not to cut it off before it has said so.
    return FeedResponse(events, ping=PING_SECONDS, send_timeout=SEND_SECONDS, shutdown_grace_period=GRACE_SECONDS)


async def _place(position: str, subscription: Subscription, work: Work[AlertsStore]) -> tuple[int, bool]:
    oldest = await work.view(lambda store: store.oldest_row(subscription.id))
    seen = resumes(position, oldest, subscription.seq)
    if seen is not None:
        return seen, False
    return (subscription.seq if oldest is None else oldest - 1), True


def _kinds(text: str | None) -> list[AlertKind]:
    try:
        return [AlertKind(one) for one in text.split(",")] if text else []
    except ValueError:
        raise invalid("kinds", "field_value") from None
