"""Feverish people: what the gate tells of them, what workers measure, what health says about them."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts import Fact
from shared.contracts.gate import GateScanned
from shared.contracts.health import FeverAlert
from shared.contracts.values import Decision, Direction, Fever, Role, Site
from shared.ids import new_id
from tests.district import District
from tests.people import Person, somebody, verified


def scanned(person: Person | None, area: str, **changes: Any) -> Fact:
    """Tell of a scan as the gate does: a confirmed fever of 38.3 unless changed."""
    now = datetime.now(UTC)
    event = GateScanned(
        gate="gate_1",
        direction=Direction.OUT,
        decision=Decision.DENY,
        reasons=["fever_confirmed"],
        resident=person.resident if person else None,
        label="张**" if person else None,
        pass_id=None,
        temperature_c=38.3,
        site=Site.FOREHEAD,
        fever=Fever.CONFIRMED,
        retest_of=None,
        scanned_at=now,
        recorded_at=now,
        late=False,
    ).model_copy(update=changes)
    return Fact(event, new_id("scan"), person.room if person else area, 1)


async def feverish(district: District, **changes: Any) -> tuple[Person, str, dict[str, str]]:
    """Make a resident with a confirmed fever; returns the case's id and a worker's headers."""
    person = somebody(district.new_compound())
    await district.publish(verified(person))
    await district.until(lambda: known(district, person))
    await district.publish(scanned(person, person.room, **changes))
    alert = await district.event(FeverAlert, area=person.room)
    return person, alert.subject, worker_of(district, person)


async def known(district: District, person: Person) -> bool:
    return await district.db("health").residents.find_one({"_id": person.resident}) is not None


def worker_of(district: District, person: Person) -> dict[str, str]:
    return district.staff((Role.COMMUNITY_WORKER, person.room.split(".b")[0]))


def about(district: District, kind: Any, person: Person) -> list[Any]:
    return [one for one in district.events(kind) if one.area == person.room]


async def visit(district: District, person: Person, worker: dict[str, str], **changes: Any) -> Any:
    body = {
        "resident": person.resident,
        "temperature_c": 36.5,
        "site": "ear",
        "measured_at": datetime.now(UTC).isoformat(),
        **changes,
    }
    return await district.http("health").post("/v1/temperatures", json=body, headers=worker)


async def readings_count(district: District, person: Person, wanted: int) -> bool:
    found: int = await district.db("health").readings.count_documents({"resident": person.resident})
    return found == wanted


async def heard(district: District, kind: Any, person: Person, wanted: int) -> bool:
    return len(about(district, kind, person)) == wanted


async def cases_in(district: District, area: str, wanted: int) -> bool:
    found: int = await district.db("health").fevers.count_documents({"area": area})
    return found == wanted
