"""Registrations that the roster agrees with, through the gateway, against a server that only stores two documents."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

from menshen.bench import meter
from menshen.bench.load import SECONDS, Outcome, Post, send
from menshen.bench.stage import Stage
from menshen.bench.table import Row, compared
from menshen.bench.town import put, scan_body
from menshen.simulate.people import Person, Population
from services.identity.api.cabinet import Cabinet
from services.identity.domain import Account, Area, Entry, Relation, household
from services.identity.store import IdentityStore, entry_id
from shared.contracts.values import Direction
from shared.ids import new_id
from shared.mongo import to_document

EXPECTED = '"status":"verified"'
FLOOR_SAYS = '"decision":"allow"'
CONNECTIONS = (1, 32)
COMPOUNDS = 10
MOST = 600
"""Registrations a second, more than any of these machines takes."""


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Measure with 1 and with 32 connections; everybody registers once, from a phone of their own."""
    applicants = await _applicants(stage, (stage.rounds + 1) * (MOST + MOST // 3) * SECONDS)
    async with stage.floor("transactions", stage.district.addresses.mongo) as floor:
        for connections in CONNECTIONS:
            await _round(stage, applicants, floor, connections)  # warm
            rounds = [await _round(stage, applicants, floor, connections) for _ in range(stage.rounds)]
            ours, theirs, cpu = rounds[-1]
            yield compared(
                f"registrations_{connections}",
                "registrations/s",
                [(one.rate, other.rate) for one, other, _ in rounds],
                p50_ms=ours.p50_ms,
                p99_ms=ours.p99_ms,
                floor_p50_ms=theirs.p50_ms,
                floor_p99_ms=theirs.p99_ms,
                cpu_us=cpu,
                rss_mb=meter.rss_mb(stage.pids),
            )


async def _round(
    stage: Stage, applicants: list[Post], floor: str, connections: int
) -> tuple[Outcome, Outcome, dict[str, int]]:
    before = meter.read(stage.pids)
    ours = await send(stage.gateway, applicants[: MOST * SECONDS], connections, EXPECTED)
    del applicants[: ours.sent]
    # What follows of a registration, in other services, belongs to its cost.
    await stage.settle()
    cpu = meter.read(stage.pids).since(before, ours.answered)
    same = Post("/v1/scans", applicants[0].token, scan_body("x" * 60, "gate", Direction.OUT))
    theirs = await send(floor, [same] * 5 * MOST * SECONDS, connections, FLOOR_SAYS)
    await stage.settle()
    return ours, theirs, cpu


async def _applicants(stage: Stage, count: int) -> list[Post]:
    """Put people's areas, roster entries and accounts where imports and sign-ins would; return what they will ask."""
    store, cabinet = IdentityStore(stage.db("identity"), None), stage.keys.cabinet
    areas = [f"bench.k1.c{number + 1:02d}" for number in range(COMPOUNDS)]
    for area in areas:
        await store.add_area(Area(area, 1, "金斗花园"), [])
    people = Population(seed=2020, compounds=COMPOUNDS, residents=count)
    # Neighbours do not come one after the other: compound by compound, the first of each before the second.
    everybody = [
        people.person(number) for row in zip(*map(people.of, range(COMPOUNDS)), strict=False) for number in row
    ]
    accounts = [_account(one, cabinet) for one in everybody]
    await put(stage.db("identity").roster, _entries(everybody, areas, cabinet))
    await put(stage.db("identity").accounts, (to_document(one) for one in accounts))
    pairs = zip(everybody, accounts, strict=True)
    return [
        Post("/v1/residents", stage.keys.token(account.id), _body(one, areas[one.compound])) for one, account in pairs
    ]


def _account(person: Person, cabinet: Cabinet) -> Account:
    phone = cabinet.seal("phone", person.phone)
    return Account(id=new_id("acc"), version=1, active=True, created_at=datetime.now(UTC), phone=phone)


def _entries(people: list[Person], areas: list[str], cabinet: Cabinet) -> Iterator[dict[str, Any]]:
    for one in people:
        area, number = areas[one.compound], cabinet.seal("id_number", one.id_number)
        entry = Entry(
            id=entry_id(area, number.lookup),
            compound=area,
            household=household(area, one.building, one.unit, one.room),
            name=cabinet.seal("name", one.name),
            id_number=number,
            phone=cabinet.seal("phone", one.phone),
            relation=Relation.OWNER,
            digest=cabinet.lookup("entry", one.id_number),
        )
        yield to_document(entry)


def _body(person: Person, area: str) -> str:
    room = {"building": person.building, "unit": person.unit, "room": person.room}
    return json.dumps({"name": person.name, "area": area, "room": room, "id_number": person.id_number})
