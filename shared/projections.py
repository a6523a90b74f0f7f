"""What most services learn from identity and keep as their own: the settings of areas, and who lives where.

A store takes the rows that its service needs (`class HealthStore(SettingsRows, ResidentRows)`), its `consumers.py` the
handlers. Late events change nothing; sequences tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import IndexModel

from shared.contracts import Received
from shared.contracts.area import chain
from shared.contracts.identity import AreaChanged, ResidentRemoved, ResidentVerified
from shared.contracts.settings import Rules
from shared.contracts.values import DatedSetting
from shared.mongo import Document, Store, from_document, to_document

RESIDENT_INDEXES = {"residents": [IndexModel("accounts")]}


@dataclass(frozen=True)
class Resident:
    """A resident as identity's events tell: a masked label, a household, the accounts that act for them."""

    id: str
    sequence: int
    active: bool
    label: str
    household: str
    accounts: tuple[str, ...]


class SettingsRows(Store):
    """The projection `areas`: each area's own settings."""

    async def put_settings(self, area: str, sequence: int, settings: Sequence[DatedSetting]) -> None:
        """Keep an area's own settings."""
        rows = [setting.model_dump() for setting in settings]
        await self._put_newer("areas", {"_id": area, "sequence": sequence, "settings": rows})

    async def rules(self, area: str) -> Rules:
        """Return what holds at a place."""
        steps = list(chain(area))
        rows = await self._list("areas", {"_id": {"$in": steps}}, sort=[("_id", 1)], limit=len(steps))
        return settings_of(area, rows)


def settings_of(area: str, rows: Sequence[Document]) -> Rules:
    """Return what holds at a place, from the rows of its area and of those above it."""
    return Rules(area, {row["_id"]: [DatedSetting.model_validate(one) for one in row["settings"]] for row in rows})


class ResidentRows(Store):
    """The projection `residents`; its index is `RESIDENT_INDEXES`."""

    async def put_resident(self, resident: Resident) -> None:
        """Keep a resident as the newest event tells."""
        await self._put_newer("residents", to_document(resident))

    async def resident(self, resident_id: str) -> Resident | None:
        """Find a resident who lives here."""
        row = await self._one("residents", {"_id": resident_id, "active": True})
        return from_document(Resident, row) if row else None

    async def residents_of(self, account: str) -> list[Resident]:
        """Find the residents an account acts for."""
        rows = await self._list("residents", {"accounts": account, "active": True}, sort=[("_id", 1)], limit=50)
        return [from_document(Resident, row) for row in rows]


async def project_area(received: Received[AreaChanged], store: SettingsRows, _now: datetime) -> None:
    """Keep an area's settings."""
    await store.put_settings(received.subject, received.sequence, received.data.settings)


async def project_verified(received: Received[ResidentVerified], store: ResidentRows, _now: datetime) -> None:
    """Know a resident: where they live, and which accounts act for them."""
    data = received.data
    await store.put_resident(
        Resident(
            id=received.subject,
            sequence=received.sequence,
            active=True,
            label=data.label,
            household=received.area,
            accounts=tuple(data.accounts),
        )
    )


async def project_removed(received: Received[ResidentRemoved], store: ResidentRows, _now: datetime) -> None:
    """Forget a resident. What remains is a stone that keeps late events out."""
    gone = Resident(
        id=received.subject,
        sequence=received.sequence,
        active=False,
        label="",
        household=received.area,
        accounts=(),
    )
    await store.put_resident(gone)
