"""The gate's collections, in four parts: what it knows of others, exits and passes, gates, scans."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pymongo import IndexModel

from services.gate.store.exits import ExitStore
from services.gate.store.gates import GatesStore
from services.gate.store.people import PeopleStore
from services.gate.store.scans import ScanStore


class GateStore(PeopleStore, ExitStore, GatesStore, ScanStore):
    """The gate's questions and changes, within one transaction."""

    INDEXES: ClassVar[Mapping[str, Sequence[IndexModel]]] = {
        **PeopleStore.INDEXES,
        **ExitStore.INDEXES,
        **GatesStore.INDEXES,
        **ScanStore.INDEXES,
    }


__all__ = ["GateStore"]
