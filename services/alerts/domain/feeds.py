"""Who waits for alerts, and each one's feed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.alerts.domain.entities import Alert, AlertKind, What
from services.alerts.domain.sight import Sight
from shared.contracts.values import Role
from shared.ids import derived_id


@dataclass(frozen=True)
class Account:
    """A staff account as identity tells: where it works, and which tokens are void.

    `areas` are those on which it is official or community worker, `managed` those on which it is property manager.
    """

    id: str
    sequence: int
    active: bool
    tokens_not_before: datetime
    areas: tuple[str, ...]
    managed: tuple[str, ...] = ()

    def sees(self, kinds: Iterable[AlertKind], area: str) -> bool:
        """Tell whether alerts of all these kinds on an area are this account's business."""
        working = [(Role.OFFICIAL, own) for own in self.areas]
        managing = [(Role.PROPERTY_MANAGER, own) for own in self.managed]
        return self.active and Sight((*working, *managing)).sees(kinds, area)


@dataclass(frozen=True)
class Subscription:
    """An account that waits for the alerts of an area and some kinds. `seq` is the newest row of its stored feed.

    Deleted by its owner, or suspended while the owner has no work there, it gets no rows; its sequence goes on later.
    """

    id: str
    account: str
    area: str
    kinds: tuple[AlertKind, ...]
    created_at: datetime
    seq: int = 0
    deleted: bool = False
    suspended: bool = False

    @property
    def live(self) -> bool:
        """Tell whether alerts are being written to its feed."""
        return not self.deleted and not self.suspended


def subscription_id(account: str, area: str, kinds: tuple[AlertKind, ...]) -> str:
    """Derive a subscription's id: the same account, area and kinds are the same feed."""
    return derived_id("sub", account, area, ",".join(sorted(kinds)))


@dataclass(frozen=True)
class FeedRow:
    """One row of a subscription's feed: what happened to an alert, and the alert as it was then."""

    seq: int
    what: What
    at: datetime
    alert: Alert


def resumes(position: str, oldest: int | None, newest: int) -> int | None:
    """Read what a returning client says it has seen. None if it names no place in this feed: it must start afresh.

    `oldest` is the first row still kept (None: there is none), `newest` the last ever written.
    """
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        return None
    seen = int(position)
    first_needed = newest + 1 if oldest is None else oldest
    return seen if first_needed - 1 <= seen <= newest else None
