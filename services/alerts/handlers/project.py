"""What alerts learns from identity: who works where. Late events change nothing."""

from datetime import datetime

from services.alerts.domain import Account
from services.alerts.store import AlertsStore
from shared.contracts import Received
from shared.contracts.identity import AccountChanged
from shared.contracts.values import Role

WORKERS = frozenset({Role.OFFICIAL, Role.COMMUNITY_WORKER})
MANAGERS = frozenset({Role.PROPERTY_MANAGER})


async def project_account(received: Received[AccountChanged], store: AlertsStore, _now: datetime) -> None:
    """Keep where an account works; its feeds and channels stop where it does not any more."""
    data = received.data
    account = Account(
        id=received.subject,
        sequence=received.sequence,
        active=data.active,
        tokens_not_before=data.tokens_not_before,
        areas=_areas(data, WORKERS),
        managed=_areas(data, MANAGERS),
    )
    if await store.put_account(account):
        await store.suspend_beyond(account)


def _areas(data: AccountChanged, roles: frozenset[Role]) -> tuple[str, ...]:
    return tuple(sorted({grant.area for grant in data.grants if grant.role in roles}))
