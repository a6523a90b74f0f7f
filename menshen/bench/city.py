"""A place that grows: its residents are put, by the hundred thousand, where registrations and events would put them.

One resident is made by each service's own entities; all others are that one with another number in ids, rooms and
look-up hashes. What is sealed is the same in all, so only the file on disk is smaller than that of real people: the
indexes, and the pages in memory, are not. Rooms as areas and accounts of those who live there are left out: whoever
scans or registers is asked after by id.
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from ulid import ULID

from menshen.bench.load import Post
from menshen.bench.stage import Stage
from menshen.bench.town import CHUNK, Compound, admission, put, resident, room, walks
from menshen.secrets import environment
from menshen.simulate.people import Population
from services.gate.domain import Gate
from services.gate.domain import Resident as GateResident
from services.gate.store import GateStore
from services.gate.store.exits import pass_document
from services.identity.api.cabinet import Cabinet
from services.identity.domain import Account, Area, Entry, Relation, Resident, Status
from services.identity.handlers.register import BY_ROSTER
from services.identity.store import IdentityStore, entry_id
from services.identity.store.residents import resident_document
from shared.contracts.values import Role
from shared.ids import new_id
from shared.mongo import to_document
from shared.projections import RESIDENT_INDEXES
from shared.projections import Resident as KnownResident

PER_COMPOUND = 1000
COMMUNITIES = 10
"""So many guards there are, whatever the size: what a service keeps for each token must not differ."""
PEOPLE = Population(seed=1, compounds=1, residents=1_000_000)
"""Who registers; each city has them from the first on."""


@dataclass(frozen=True)
class Collection:
    """Where a resident is kept, how, and the indexes of whoever keeps it."""

    service: str
    name: str
    document: dict[str, Any]
    indexes: Sequence[Any]
    key: str = "id"
    """Which of a person's ids is the document's."""


@dataclass
class City:
    """Compounds of a thousand people each; those who live there have numbers from 0 on, from which all follows."""

    stage: Stage
    root: str = field(default_factory=lambda: f"bench{secrets.token_hex(3)}")
    size: int = 0
    _gates: list[str] = field(default_factory=list)
    _invented: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        kept = environment(self.stage.folder)
        self._born = str(ULID())[:10]
        self._cabinet = Cabinet(kept["MENSHEN_FIELD_KEYS"], kept["MENSHEN_LOOKUP_KEY"])
        self._sealed = self._cabinet.seal_text("王某")
        self._collections = _collections(self._cabinet)
        guards = [(Role.GUARD, f"{self.root}.k{number:02d}") for number in range(COMMUNITIES)]
        self._guards = [self.stage.keys.token(new_id("acc"), grant) for grant in guards]

    async def grow(self, size: int) -> float:
        """Bring the city to so many residents, all indexes on; return how many a second came to live there.

        The indexes are built again at the end, since adding to them at random takes several times as long.
        """
        began, more = time.monotonic(), range(self.size, size)
        await self._build(range(len(self._gates), size // PER_COMPOUND))
        for one in self._collections:
            await self._at(one).drop_indexes()
        await asyncio.gather(*(self._settled(key, more) for key in ("id", "entry")))
        for one in self._collections:
            await self._at(one).create_indexes(list(one.indexes))
        self.size = size
        rate = len(more) / (time.monotonic() - began)
        # What a load leaves to be written must not fall into the measurement.
        await self.stage.mongo.admin.command("fsync")
        await self.stage.settle()
        return rate

    async def walks(self, passes: int) -> list[Post]:
        """Give passes to people from all over the city; return their scans, twice as many."""
        numbers = [secrets.randbelow(self.size) for _ in range(passes)]
        admissions = [admission(self._resident(number)) for number in numbers]
        await put(self.stage.db("gate").passes, (pass_document(one) for one in admissions))
        where = [self._compound(number // PER_COMPOUND) for number in range(0, self.size, PER_COMPOUND)]
        return list(walks(self.stage, where, admissions))

    async def registrations(self, wanted: int) -> list[Post]:
        """Put newcomers from all over the city on the roster, with their accounts; return their registrations."""
        newcomers = [self._newcomer(next(self._invented)) for _ in range(wanted)]
        identity = self.stage.db("identity")
        await put(identity.roster, (to_document(entry) for entry, _, _ in newcomers))
        await put(identity.accounts, (to_document(account) for _, account, _ in newcomers))
        return [post for _, _, post in newcomers]

    def _at(self, one: Collection) -> Any:
        return self.stage.db(one.service)[one.name]

    async def _settled(self, key: str, numbers: range) -> None:
        """Store people in all collections that know them by this id, in its order.

        A roster's ids are hashes: in any other order each would be looked for in another page of a file that is larger
        than MongoDB's cache.
        """
        collections = [one for one in self._collections if one.key == key]
        ordered = sorted(numbers, key=self._entry) if key == "entry" else numbers
        for first in range(0, len(ordered), CHUNK):
            people = [self._person(number) for number in ordered[first : first + CHUNK]]
            await asyncio.gather(*(self._put(one, people) for one in collections))

    async def _put(self, one: Collection, people: list[dict[str, Any]]) -> None:
        """Store these people in one of the collections, in the form that it has."""
        own = one.document.keys() & people[0].keys()
        rows = [{**one.document, **{name: person[name] for name in own}, "_id": person[one.key]} for person in people]
        await self._at(one).insert_many(rows, ordered=False)

    async def _build(self, numbers: range) -> None:
        """Add compounds, each with its gate."""
        if not numbers:
            return
        areas = [Area(self._area(number), 1, f"小区 {number}") for number in numbers]
        gates = [Gate(new_id("gate"), area.id, "东门") for area in areas]
        rows = [{**to_document(area), "depth": area.id.count(".") + 1} for area in areas]
        await self.stage.db("identity").areas.insert_many(rows)
        await self.stage.db("gate").gates.insert_many([to_document(gate) for gate in gates])
        self._gates += [gate.id for gate in gates]

    def _area(self, compound: int) -> str:
        return f"{self.root}.k{compound % COMMUNITIES:02d}.c{compound:04d}"

    def _compound(self, number: int) -> Compound:
        return Compound(self._area(number), self._gates[number], self._guards[number % COMMUNITIES])

    def _person(self, number: int) -> dict[str, Any]:
        """Return what differs from one resident to the next, under the names of the documents' fields."""
        compound, place = divmod(number, PER_COMPOUND)
        area, lookup = self._area(compound), self._lookup(number)
        return {
            "id": f"res_{self._born}{number:016d}",
            "entry": self._entry(number),
            "household": room(area, place),
            "compound": area,
            "accounts": [f"acc_{self._born}{number:016d}"],
            "id_lookup": lookup,
            "id_number": {"sealed": self._sealed, "lookup": lookup},
            "name": {"sealed": self._sealed, "lookup": lookup[::-1]},
        }

    def _lookup(self, number: int) -> str:
        return hashlib.sha256(f"{self.root}{number}".encode()).hexdigest()

    def _entry(self, number: int) -> str:
        return f"ent_{self._lookup(number)[:26].upper()}"

    def _resident(self, number: int) -> GateResident:
        person = self._person(number)
        return replace(
            resident(person["compound"], 0),
            id=person["id"],
            household=person["household"],
            accounts=tuple(person["accounts"]),
            id_lookup=person["id_lookup"],
        )

    def _newcomer(self, number: int) -> tuple[Entry, Account, Post]:
        place, seal = self._person(secrets.randbelow(self.size)), self._cabinet.seal
        invented = PEOPLE.person(number)
        id_number, phone = seal("id_number", invented.id_number), seal("phone", invented.phone)
        entry = Entry(
            id=entry_id(place["compound"], id_number.lookup),
            compound=place["compound"],
            household=place["household"],
            name=seal("name", invented.name),
            id_number=id_number,
            phone=phone,
            relation=Relation.FAMILY,
            digest=id_number.lookup,
        )
        account = Account(new_id("acc"), 1, active=True, created_at=datetime.now(UTC), phone=phone)
        building, unit, flat = (step[1:] for step in place["household"].split(".")[-3:])
        body = {
            "name": invented.name,
            "area": entry.compound,
            "room": {"building": building, "unit": unit, "room": flat},
            "id_number": invented.id_number,
        }
        return entry, account, Post("/v1/residents", self.stage.keys.token(account.id), json.dumps(body))


def _collections(cabinet: Cabinet) -> list[Collection]:
    """Return everywhere that a verified resident is kept, each with the one that the others are made from."""
    name, number, phone = (cabinet.seal(*one) for one in (("name", "王某"), ("id_number", "-"), ("phone", "-")))
    now = datetime.now(UTC)
    registered = Resident(
        id="",
        version=1,
        status=Status.VERIFIED,
        reasons=(),
        accounts=(),
        household="",
        compound="",
        label="王**",
        name=name,
        id_number=number,
        phone=phone,
        birth_year=1980,
        on_behalf=False,
        registered_at=now,
        decided_by=BY_ROSTER,
        decided_at=now,
    )
    entry = Entry("", "", "", name, number, phone, Relation.OWNER, number.lookup)
    known = to_document(KnownResident("", 1, active=True, label="王**", household="", accounts=()))
    gate = to_document(resident("", 0))
    return [
        Collection("identity", "residents", resident_document(registered), IdentityStore.INDEXES["residents"]),
        Collection("identity", "roster", to_document(entry), IdentityStore.INDEXES["roster"], "entry"),
        Collection("gate", "residents", gate, GateStore.INDEXES["residents"]),
        Collection("health", "residents", known, RESIDENT_INDEXES["residents"]),
        Collection("reports", "residents", known, RESIDENT_INDEXES["residents"]),
    ]
