"""What a group of scans asks, asked at once: the gate's store with the answers read ahead.

A decision costs what it asks the database, one question after the other. Here each kind of question is asked once for
the whole group, and what one scan of the group changes, the next one meets. What was not read ahead is asked as ever.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from pymongo import ReplaceOne

from services.gate.domain import Device, Gate, Hold, Pass, Passage, Resident, Scan
from services.gate.store import GateStore
from services.gate.store.exits import pass_document
from services.gate.store.people import bound_by
from services.gate.store.scans import MOST_PASSAGES, scan_of, unmeasured
from shared.contracts import Fact
from shared.contracts.area import chain
from shared.contracts.settings import Rules
from shared.contracts.values import Decision
from shared.mongo import Document, from_document
from shared.projections import settings_of
from shared.questions import Question

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What one scan will ask about; `numbers` are of its device's own count, `history` whether its pass's passages."""

    scan: str
    gate: str
    pass_id: str | None
    device: str | None
    numbers: tuple[int, ...]
    history: bool


class Asks(Protocol):
    """A command that can say beforehand what it will ask."""

    @property
    def asks(self) -> Asked:
        """What it will ask."""


class ScanBook(GateStore):
    """The gate's store for one group of scans. An id that is in one of these with None is known not to be there."""

    _gates: dict[str, Gate | None]
    _devices: dict[str, Device | None]
    _scans: dict[str, Scan | None]
    _newest: dict[str, Scan | None]
    _passes: dict[str, Pass | None]
    _residents: dict[str, Resident | None]
    _holds: dict[str, list[Hold]]
    _settings: dict[str, Document | None]
    _counted: dict[str, set[int]]
    _passages: dict[str, list[Passage]]

    async def read_ahead(self, commands: Sequence[Asks]) -> None:
        """Ask once what these commands will ask one by one."""
        asked = [one.asks for one in commands]
        self._scans = {one.scan: None for one in asked}
        self._newest = dict.fromkeys(one.pass_id for one in asked if one.pass_id)
        self._gates, self._devices, self._passes, scans, newest, self._counted = await asyncio.gather(
            self._by_id("gates", Gate, (one.gate for one in asked)),
            self._by_id("devices", Device, (one.device for one in asked), active=True),
            self._by_id("passes", Pass, self._newest),
            self._rows("scans", "_id", self._scans),
            self._newest_of(list(self._newest)),
            self._counted_by(asked),
        )
        self._scans |= {row["_id"]: scan_of(row) for row in scans}
        self._newest |= {row["_id"]: scan_of(row["newest"]) for row in newest}

        passes = [one for one in self._passes.values() if one]
        self._holds = {target: [] for one in passes for target in bound_by(one.resident, one.household)}
        self._passages = {one.pass_id: [] for one in asked if one.pass_id and one.history}
        self._settings = {area: None for one in self._gates.values() if one for area in chain(one.area)}
        self._residents, holds, settings, passages = await asyncio.gather(
            self._by_id("residents", Resident, (one.resident for one in passes), active=True),
            self._rows("holds", "target_id", self._holds, active=True),
            self._rows("areas", "_id", self._settings),
            self._rows("scans", "pass_id", self._passages, done=Decision.ALLOW.value),
        )
        for row in holds:
            self._holds[row["target_id"]].append(from_document(Hold, row))
        self._settings |= {row["_id"]: row for row in settings}
        for row in passages:
            self._passages[row["pass_id"]].append(Passage.of(scan_of(row)))

    async def gate(self, gate_id: str) -> Gate | None:
        """Find a gate."""
        return self._gates[gate_id] if gate_id in self._gates else await super().gate(gate_id)

    async def device(self, device_id: str) -> Device | None:
        """Find a device that may speak for its gate."""
        return self._devices[device_id] if device_id in self._devices else await super().device(device_id)

    async def scan(self, scan_id: str) -> Scan | None:
        """Find a scan."""
        return self._scans[scan_id] if scan_id in self._scans else await super().scan(scan_id)

    async def pass_(self, pass_id: str) -> Pass | None:
        """Find a pass."""
        return self._passes[pass_id] if pass_id in self._passes else await super().pass_(pass_id)

    async def resident(self, resident_id: str) -> Resident | None:
        """Find a resident who may use the gates."""
        known = resident_id in self._residents
        return self._residents[resident_id] if known else await super().resident(resident_id)

    async def holds_on(self, resident: Resident) -> list[Hold]:
        """Find the holds that bind a resident."""
        targets = bound_by(resident.id, resident.household)
        if not self._holds.keys() >= set(targets):
            return await super().holds_on(resident)
        return sorted((hold for target in targets for hold in self._holds[target]), key=lambda hold: hold.id)

    async def rules(self, area: str) -> Rules:
        """Return what holds at a place."""
        steps = list(chain(area))
        if not self._settings.keys() >= set(steps):
            return await super().rules(area)
        return settings_of(area, [row for step in steps if (row := self._settings[step])])

    async def waiting_for_retest(self, pass_id: str, since: datetime, until: datetime) -> Scan | None:
        """Find the last scan of a pass within a span of time, if its measurement still asks for a retest."""
        newest = self._newest.get(pass_id)
        if pass_id not in self._newest or (newest and newest.happened_at > until):
            return await super().waiting_for_retest(pass_id, since, until)
        return unmeasured(newest) if newest and newest.happened_at >= since else None

    async def passages(self, pass_id: str) -> list[Passage]:
        """Find how a pass went through gates, in the order in which it happened."""
        if pass_id not in self._passages:
            return await super().passages(pass_id)
        return sorted(self._passages[pass_id], key=lambda one: (one.at, one.scan))[:MOST_PASSAGES]

    async def sequences_of(self, device: str, sequences: Sequence[int]) -> set[int]:
        """Tell which of these numbers of its own count a device has used."""
        if device not in self._counted:
            return await super().sequences_of(device, sequences)
        return self._counted[device] & set(sequences)

    async def use_pass(self, used: Pass, was: Pass) -> bool:
        """Store a pass's use unless it was used or revoked since it was read.

        Within the group the book knows; whoever changed it outside since this transaction began is met at the write,
        and the group is decided again.
        """
        if self._passes.get(was.id) != was:
            return await super().use_pass(used, was)
        self._passes[was.id] = used
        unused = {"_id": was.id, "version": was.version}
        await self._write("passes", ReplaceOne(unused, pass_document(used)), about=(was.id,))
        return True

    async def save_pass(self, admission: Pass, facts: Sequence[Fact]) -> None:
        """Store a pass and its events."""
        self._passes[admission.id] = admission
        await super().save_pass(admission, facts)

    async def add_scan(self, scan: Scan, facts: Sequence[Fact]) -> None:
        """Store a scan and its events."""
        await super().add_scan(scan, facts)
        self._scans[scan.id] = scan
        if scan.device and scan.sequence and scan.device in self._counted:
            self._counted[scan.device].add(scan.sequence)
        if scan.pass_id in self._passages and scan.done is Decision.ALLOW:
            self._passages[scan.pass_id].append(Passage.of(scan))
        if scan.pass_id in self._newest:
            newest = self._newest[scan.pass_id]
            if newest is None or newest.happened_at <= scan.happened_at:
                self._newest[scan.pass_id] = scan

    async def note_done(self, scan_id: str, done: Decision, facts: Sequence[Fact]) -> None:
        """Keep what the gate did instead of what it was answered; the next question about it is asked again."""
        await super().note_done(scan_id, done, facts)
        if (scan := self._scans.pop(scan_id, None)) and scan.pass_id:
            self._passages.pop(scan.pass_id, None)

    async def _newest_of(self, passes: list[str]) -> list[Document]:
        stages: list[Document] = [
            {"$sort": {"pass_id": 1, "happened_at": -1}},
            {"$group": {"_id": "$pass_id", "newest": {"$first": "$$ROOT"}}},
        ]
        if not passes:
            return []
        return await self._questions.ask(Question("scans", {"pass_id": {"$in": passes}}, stages=stages))

    async def _counted_by(self, asked: Sequence[Asked]) -> dict[str, set[int]]:
        numbers = {number for one in asked for number in one.numbers}
        counted: dict[str, set[int]] = {one.device: set() for one in asked if one.device and one.numbers}
        if counted:
            query = {"device": {"$in": list(counted)}, "sequence": {"$in": list(numbers)}}
            for row in await self._list("scans", query, sort=[("device", 1)], limit=0):
                counted[row["device"]].add(row["sequence"])
        return counted

    async def _by_id(
        self, collection: str, kind: type[T], ids: Iterable[str | None], **more: bool
    ) -> dict[str, T | None]:
        known: dict[str, T | None] = {one: None for one in ids if one}
        rows = await self._rows(collection, "_id", known, **more)
        return known | {row["_id"]: from_document(kind, row) for row in rows}

    async def _rows(self, collection: str, field: str, values: Iterable[str], **more: bool | str) -> list[Document]:
        wanted = list(values)
        if not wanted:
            return []
        return await self._list(collection, {field: {"$in": wanted}, **more}, sort=[("_id", 1)], limit=0)
