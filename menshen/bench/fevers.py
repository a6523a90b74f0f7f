"""People who go out with a fever: for each scan somebody else, so that each is a case and an alert of its own."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from menshen.bench.load import Post
from menshen.bench.stage import Stage
from menshen.bench.town import Town, passholder, put, scan_body
from menshen.supervisor import CannotStart
from services.alerts.domain import Account
from services.gate.domain import PassForm
from services.gate.store.exits import pass_document
from shared.contracts.values import Direction, Site
from shared.ids import new_id
from shared.mongo import to_document

TEMPERATURE_C = 38.4


@dataclass(frozen=True)
class Fever:
    """Somebody's scan that a gate answers with a confirmed fever."""

    resident: str
    post: Post


async def fevers(town: Town, count: int) -> list[Fever]:
    """Let so many more people have a pass and a fever; to be sent within the minute, or they count as late."""
    gate, keys = town.compounds[0], town.stage.keys
    people = [passholder(gate.area, number) for number in range(count)]
    database = town.stage.db("gate")
    await put(database.residents, (to_document(resident) for resident, _ in people))
    await put(database.passes, (pass_document(admission) for _, admission in people))
    # In an ear it needs no second measurement.
    made = []
    for resident, admission in people:
        token, _ = keys.office.write(admission, PassForm.PRINTED, datetime.now(UTC))
        body = scan_body(token, gate.gate, Direction.OUT, TEMPERATURE_C, Site.EAR)
        made.append(Fever(resident.id, Post("/v1/scans", gate.guard, body)))
    return made


async def staffed(town: Town) -> None:
    """Let somebody work in the community: where nobody does, every alert goes to the town at once, in a second row."""
    worker = Account(
        id=new_id("acc"),
        sequence=1,
        active=True,
        tokens_not_before=datetime.fromtimestamp(0, UTC),
        areas=(town.compounds[0].area.rpartition(".")[0],),
    )
    await town.stage.db("alerts").accounts.insert_one(to_document(worker))


async def present(http: aiohttp.ClientSession, stage: Stage, fever: Fever) -> tuple[float, float]:
    """Send such a scan; return when it was sent and when its answer was there. Raises CannotStart for another one."""
    headers = {"Authorization": f"Bearer {fever.post.token}", "Content-Type": "application/json"}
    sent = time.perf_counter()
    async with http.post(stage.gateway + fever.post.path, data=fever.post.body, headers=headers) as answer:
        said = await answer.text()
    accepted = time.perf_counter()
    if '"fever":"confirmed"' not in said:
        raise CannotStart(f"a scan with a fever was answered with {answer.status}")
    return sent, accepted
