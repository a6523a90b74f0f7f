"""A town for the measurements: areas, gates, residents and passes, put where the events of others would put them.

What is put there is made by the services' own entities, so it is what they would have stored themselves.
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from menshen.bench.load import Post
from menshen.bench.stage import Stage
from services.gate.domain import Gate, Pass, PassForm, Resident
from services.gate.store.exits import pass_document
from shared.contracts.values import Direction, ExitReason, Role, Site
from shared.ids import new_id
from shared.mongo import to_document

COMPOUNDS = 10
PER_ROOM = 3
CHUNK = 5000


@dataclass(frozen=True)
class Compound:
    """A compound with its gate and its guard's token."""

    area: str
    gate: str
    guard: str


@dataclass
class Town:
    """Ten compounds and the scans of those who live there: first everybody's way out, then everybody's way home."""

    stage: Stage
    root: str
    compounds: list[Compound]
    walks: Iterator[Post]
    _ready: list[Post] = field(default_factory=list)

    def scans(self, count: int) -> list[Post]:
        """Look at the next scans, each of which a gate allows once."""
        self._ready += islice(self.walks, max(0, count - len(self._ready)))
        return self._ready[:count]

    def guard_of(self, area: str) -> str:
        """Return the token of a compound's guard."""
        return next(one.guard for one in self.compounds if one.area == area)

    def spent(self, count: int) -> None:
        """Go on behind so many scans, which were sent."""
        del self._ready[:count]


async def built(stage: Stage, passes: int) -> Town:
    """Make a town with so many people who have a pass each: good for twice as many scans."""
    root = f"bench{secrets.token_hex(3)}"
    compounds = [_compound(stage, f"{root}.k1.c{number + 1:02d}") for number in range(COMPOUNDS)]
    gates = [Gate(one.gate, one.area, "东门") for one in compounds]
    await stage.db("gate").gates.insert_many([to_document(gate) for gate in gates])
    return await peopled(stage, root, compounds, passes)


async def peopled(stage: Stage, root: str, compounds: Sequence[Compound], passes: int) -> Town:
    """Let so many people with a pass each live in compounds that are there, dealt out in turn."""
    places = len(compounds)
    people = [resident(compounds[number % places].area, number // places) for number in range(passes)]
    admissions = [admission(one) for one in people]
    await put(stage.db("gate").residents, (to_document(one) for one in people))
    await put(stage.db("gate").passes, (pass_document(one) for one in admissions))
    return Town(stage, root, list(compounds), walks(stage, compounds, admissions))


async def put(collection: Any, documents: Iterator[dict[str, Any]]) -> None:
    """Insert many documents, some thousands at a time."""
    chunk: list[dict[str, Any]] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == CHUNK:
            await collection.insert_many(chunk, ordered=False)
            chunk = []
    if chunk:
        await collection.insert_many(chunk, ordered=False)


def scan_body(
    token: str, gate: str, direction: Direction, temperature_c: float = 36.5, site: Site = Site.FOREHEAD
) -> str:
    """Write a scan as a gate's client does."""
    return json.dumps(
        {
            "token": token,
            "gate": gate,
            "direction": direction.value,
            "temperature_c": temperature_c,
            "site": site.value,
            "nonce": secrets.token_hex(8),
            "scanned_at": datetime.now(UTC).isoformat(),
        }
    )


def room(area: str, number: int) -> str:
    """Return the household of a compound's resident, by their number there."""
    home = number // PER_ROOM
    building, rest = divmod(home, 120)
    unit, flat = divmod(rest, 40)
    return f"{area}.b{building + 1}.u{unit + 1}.r{flat + 101}"


def resident(area: str, number: int) -> Resident:
    """Make a resident as the gate knows them."""
    return Resident(
        id=new_id("res"),
        sequence=1,
        active=True,
        label="王**",
        household=room(area, number),
        accounts=(new_id("acc"),),
        id_lookup=secrets.token_hex(32),
        birth_year=1980,
    )


def _compound(stage: Stage, area: str) -> Compound:
    return Compound(area, new_id("gate"), stage.keys.token(new_id("acc"), (Role.GUARD, area)))


def passholder(area: str, number: int) -> tuple[Resident, Pass]:
    """Make a resident with a pass that is good now."""
    one = resident(area, number // COMPOUNDS)
    return one, admission(one)


def admission(one: Resident) -> Pass:
    """Give somebody a pass for the next hours."""
    now = datetime.now(UTC)
    return Pass(
        id=new_id("pass"),
        version=1,
        exit=new_id("exit"),
        resident=one.id,
        holder=one.holder,
        label=one.label,
        household=one.household,
        compound=one.compound,
        start=now - timedelta(minutes=5),
        end=now + timedelta(hours=3),
        reason=ExitReason.SUPPLIES,
        issued_at=now,
    )


def walks(stage: Stage, compounds: Sequence[Compound], admissions: Sequence[Pass]) -> Iterator[Post]:
    """Yield the scans of those with a pass: first everybody's way out, then everybody's way home."""
    where = {one.area: one for one in compounds}
    for direction in (Direction.OUT, Direction.IN):
        for one in admissions:
            at = where[one.compound]
            # The form that lives longest, so that none dies while it waits for its round.
            token, _ = stage.keys.office.write(one, PassForm.PRINTED, datetime.now(UTC))
            yield Post("/v1/scans", at.guard, scan_body(token, at.gate, direction))
