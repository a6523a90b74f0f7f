"""Scans that share a transaction: the same answers and the same records as one after the other."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from services.gate.domain import Device, Gate, Hold, Pass, Presented, Resident
from services.gate.handlers import RecordScan, Sender, record_scan
from services.gate.store import GateStore
from services.gate.store.exits import pass_document
from services.gate.store.scan_book import ScanBook
from shared.contracts.values import (
    Decision,
    DeviceKind,
    Direction,
    ExitReason,
    HoldKind,
    HoldTarget,
    Site,
)
from shared.errors import DomainError
from shared.mongo import Mongo, to_document
from shared.work import Work
from tests.servers import Urls

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
AREA = "w.j.c01"
KEPT = ("scans", "passes")


def documents() -> dict[str, list[dict[str, Any]]]:
    """Return a gate with a device, three people with passes, one of them held."""
    people = [Resident(f"res_{n}", 1, True, "王**", f"{AREA}.b1.u1.r{n}", ("acc",), f"hash{n}", 1980) for n in range(3)]
    passes = [
        Pass(
            id=f"pass_{one.id}",
            version=1,
            exit="exit_1",
            resident=one.id,
            holder=one.holder,
            label=one.label,
            household=one.household,
            compound=AREA,
            start=NOW - timedelta(hours=1),
            end=NOW + timedelta(hours=1),
            reason=ExitReason.SUPPLIES,
            issued_at=NOW - timedelta(hours=1),
        )
        for one in people
    ]
    hold = Hold("hold_1", 1, True, HoldKind.FEVER, HoldTarget.RESIDENT, people[2].id, people[2].household, NOW)
    settings = {"_id": AREA, "sequence": 1, "settings": [{"key": "fever.threshold_c", "value": 37.5, "starts": NOW}]}
    return {
        "gates": [to_document(Gate("gate_1", AREA, "东门"))],
        "devices": [to_document(Device("dev_1", 1, True, DeviceKind.READER, "gate_1", AREA))],
        "residents": [to_document(one) for one in people],
        "passes": [pass_document(one) for one in passes],
        "holds": [to_document(hold)],
        "areas": [settings],
    }


def commands(seed: int) -> list[RecordScan]:
    """Invent what a busy gate sends: repeats, retests, replays, late ones, wrong gates, a device that miscounts."""
    chance = random.Random(seed)
    made: list[RecordScan] = []
    for number in range(14):
        if made and chance.random() < 0.25:
            again = chance.choice(made)
            done = chance.choice([None, Decision.ALLOW, Decision.DENY]) if again.sender.device else None
            made.append(replace(again, decided=done, delivered_late=again.delivered_late or done is not None))
            continue
        late = chance.random() < 0.3
        by_device = chance.random() < 0.4
        at = NOW - timedelta(minutes=chance.randint(0, 50)) if late else NOW
        person = chance.choice(["0", "0", "1", "2", "9"])
        made.append(
            RecordScan(
                sender=Sender("dev_1", (AREA,), "dev_1") if by_device else Sender("acc_guard", (AREA,)),
                gate=chance.choice(["gate_1"] * 9 + ["gate_2"]),
                nonce=chance.choice([f"n{number}"] * 9 + ["n0"]),
                content=f"content{number}",
                direction=chance.choice(list(Direction)),
                temperature_c=chance.choice([34.0, 36.5, 36.5, 37.4, 38.2]),
                site=chance.choice([Site.FOREHEAD, Site.EAR]),
                scanned_at=at,
                presented=Presented(f"pass_res_{person}", person, AREA, NOW, NOW + timedelta(hours=9)),
                fault=None,
                delivered_late=late,
                decided=chance.choice([None, Decision.ALLOW, Decision.DENY]) if late and by_device else None,
                sequence=chance.randint(1, 12) if by_device else None,
            )
        )
    return made


@asynccontextmanager
async def gate(servers: Urls) -> AsyncIterator[Work[GateStore]]:
    mongo = Mongo(servers.mongo, f"g{secrets.token_hex(4)}_gate")
    await mongo.ensure_indexes(GateStore.INDEXES)
    for collection, rows in documents().items():
        await mongo.db[collection].insert_many(rows)
    ticks = count()
    yield Work(mongo, GateStore, lambda: NOW + timedelta(seconds=next(ticks)))
    mongo.close()


async def outcome(asked: Any) -> object:
    try:
        return await asked
    except DomainError as error:
        return error.code


async def records(work: Work[GateStore]) -> dict[str, list[Any]]:
    kept = {name: [row async for row in work.mongo.db[name].find(sort=[("_id", 1)])] for name in KEPT}
    told = [(row["type"], row["subject"], row["sequence"]) async for row in work.mongo.db.outbox.find()]
    return {**kept, "told": sorted(told)}


@pytest.mark.parametrize("seed", [*range(20), 41, 111])
async def test_a_group_is_decided_as_one_after_the_other(servers: Urls, seed: int) -> None:
    """Reading ahead and writing together saves round trips; it changes no answer, no record and no event."""
    async with gate(servers) as alone, gate(servers) as grouped:
        asked = commands(seed)

        one_by_one = [await outcome(alone.run(record_scan, one)) for one in asked]
        at_once = await asyncio.gather(*(outcome(grouped.run_together(record_scan, one, ScanBook)) for one in asked))

        assert at_once == one_by_one
        assert await records(grouped) == await records(alone)


async def test_a_pass_used_elsewhere_meanwhile_is_not_used_again(servers: Urls) -> None:
    """Two processes of the gate, a group each, the same pass in both: one lets it through."""
    async with gate(servers) as here:
        mongo = Mongo(servers.mongo, here.mongo.db.name)
        there = Work(mongo, GateStore, lambda: NOW)
        base = next(one for one in commands(1) if not one.delivered_late and one.sequence is None)
        shown = Presented("pass_res_1", "1", AREA, NOW, NOW + timedelta(hours=9))
        walks = [
            replace(base, nonce=f"w{n}", presented=shown, direction=Direction.OUT, temperature_c=36.5, gate="gate_1")
            for n in range(20)
        ]

        answers = await asyncio.gather(
            *((here, there)[n % 2].run_together(record_scan, one, ScanBook) for n, one in enumerate(walks))
        )

        assert sorted(one.decision for one in answers) == [Decision.ALLOW] + [Decision.DENY] * 19
        mongo.close()
