"""Subscriptions: whose feed is written, also while nobody reads it."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.alerts.api.deps import Kinds, Watcher, Working, sight_of
from services.alerts.domain import AlertKind, Subscription
from services.alerts.handlers import Subscribe, Unsubscribe, subscribe, unsubscribe
from shared.contracts.area import AreaPath
from shared.errors import not_found
from shared.fields import Time
from shared.ids import is_id
from shared.web.idempotency import Once
from shared.web.paging import Body, Page, PageOf
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/subscriptions", tags=["alerts"], route_class=StrictRoute)


class NewSubscription(Body):
    """The alerts of an area, of all kinds that the caller is shown there unless some are named."""

    area: AreaPath
    kinds: Kinds = Field(default_factory=list)


class SubscriptionView(BaseModel):
    """A subscription; `seq` is the newest place in its feed."""

    id: str
    area: str
    kinds: list[AlertKind]
    seq: int
    suspended: bool
    created_at: Time

    @classmethod
    def of(cls, subscription: Subscription) -> "SubscriptionView":
        """Translate a subscription."""
        return cls(
            id=subscription.id,
            area=subscription.area,
            kinds=list(subscription.kinds),
            seq=subscription.seq,
            suspended=subscription.suspended,
            created_at=subscription.created_at,
        )


@router.post("", status_code=201)
async def create(body: NewSubscription, caller: Watcher, once: Once, work: Working) -> SubscriptionView:
    """Subscribe. The same area and kinds are the same subscription."""
    command = Subscribe(caller.account, body.area, sight_of(caller).wanted(body.area, body.kinds))
    if once is None:
        return SubscriptionView.of(await work.run(subscribe, command))
    kept = await work.run_once(once, subscribe, command, lambda one: SubscriptionView.of(one).model_dump(mode="json"))
    return SubscriptionView.model_validate(kept)


@router.get("")
async def subscriptions(caller: Watcher, page: PageOf, work: Working) -> Page[SubscriptionView]:
    """List the caller's subscriptions."""
    found = await work.view(lambda store: store.subscriptions_of(caller.account, page.after, page.limit + 1))
    items = [SubscriptionView.of(one) for one in found[: page.limit]]
    return Page(items=items, next=items[-1].id if len(found) > page.limit else None)


@router.delete("/{subscription_id}", status_code=204)
async def remove(subscription_id: str, caller: Watcher, work: Working) -> None:
    """End a subscription and its open streams."""
    if not is_id(subscription_id, "sub"):
        raise not_found()
    await work.run(unsubscribe, Unsubscribe(caller.account, subscription_id))
