"""Identity's collections, in four parts: areas and rosters, residents, accounts, devices."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pymongo import IndexModel

from services.identity.store.accounts import AccountStore, Delivery
from services.identity.store.areas import AreaStore, entry_id
from services.identity.store.devices import DeviceStore
from services.identity.store.residents import ResidentStore


class IdentityStore(AreaStore, ResidentStore, AccountStore, DeviceStore):
    """Identity's questions and changes, within one transaction."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        **AreaStore.INDEXES,
        **ResidentStore.INDEXES,
        **AccountStore.INDEXES,
        **DeviceStore.INDEXES,
    }


__all__ = ["Delivery", "IdentityStore", "entry_id"]
