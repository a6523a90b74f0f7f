"""Role x route x area: every cell of the matrix, on the services themselves, behind any gateway."""

import asyncio
import importlib
import io
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from services.identity.api.demo import router as demo_router
from shared.contracts import Fact
from shared.contracts.alerts import AlertRaised
from shared.contracts.gate import GateAdded
from shared.contracts.health import FeverAlert, HoldPlaced
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import SERVICES, District
from tests.e2e.access import BODIES, ROWS, STAFF
from tests.integration.gate.test_scans import Post
from tests.people import id_number, phone
from tests.residents import window

KINDS = ["resident", *STAFF]
PREFIXES = {
    "account_id": "acc",
    "device_id": "dev",
    "resident_id": "res",
    "exit_id": "exit",
    "pass_id": "pass",
    "gate_id": "gate",
    "fever_id": "fev",
    "hold_id": "hold",
    "clue_id": "clue",
    "alert_id": "alrt",
    "subscription_id": "sub",
    "channel_id": "chan",
}


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


PIXEL = picture()


def named(row: tuple[str, ...]) -> str:
    return f"{row[1]} {row[2]}"


async def call(district: District, row: tuple[str, ...], headers: dict[str, str], area: str, thing: str = "") -> Any:
    """Call a route on an area, about a thing, or about one that does not exist; streams are left at once."""
    service, method, path, _who, _bound = row
    values = {name: thing or new_id(prefix) for name, prefix in PREFIXES.items()}
    filled = path.format(**values, phone=phone(), area_id=thing or area, number=1)
    body = json.loads(json.dumps(BODIES.get(path, {})).replace("{area}", area))
    client = district.http(service)
    options: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": body}
    if path in {"/v1/rosters", "/v1/rosters/rejected", "/v1/clues"} and method == "POST":
        options = {"data": {"area": area}, "files": {"file": ("a.png", PIXEL)}}
    request = client.build_request(method, filled, headers=headers, params={"area": area}, **options)
    answer = await client.send(request, stream=True)
    if not answer.headers["content-type"].startswith("text/event-stream"):
        await answer.aread()
    await answer.aclose()
    return answer


def headers_of(district: District, kind: str, area: str) -> dict[str, str]:
    return district.phone() if kind == "resident" else district.staff((STAFF[kind], area))


def test_every_route_has_its_row() -> None:
    """A new route without a row is a route nobody has thought about."""
    routes = set()
    for name in SERVICES:
        service = importlib.import_module(f"services.{name}.main").service
        for router in [*service.routers, *([demo_router] if name == "identity" else [])]:
            routes |= {(name, method, route.path) for route in router.routes for method in route.methods}

    assert {row[:3] for row in ROWS} == routes


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_roles(district: District, row: tuple[str, ...]) -> None:
    """Nobody gets in without a sign-in; a role that may not is refused whether or not the thing exists."""
    who = row[3]
    area = district.new_compound()

    anonymous = await call(district, row, {}, area)
    answers = await asyncio.gather(*(call(district, row, headers_of(district, kind, area), area) for kind in KINDS))

    assert who == "anyone" or anonymous.status_code == 401
    for kind, answer in zip(KINDS, answers, strict=True):
        if who == "anyone":
            assert answer.status_code < 500, kind
        elif who == "signed_in":
            assert answer.status_code not in {401, 500}, kind
        elif kind == who or (who != "resident" and kind in who):
            assert answer.status_code not in {401, 403, 500}, kind
        else:
            assert answer.status_code == (404 if who.endswith("*") else 403), kind


@dataclass
class Things:
    """One thing of each kind in one compound, and those whose own it is."""

    compound: str
    samples: dict[str, str]
    owner: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
async def things(district: District) -> Things:
    post = Post(district)
    compound, subdistrict = post.compound, post.compound.split(".")[0]
    community = compound.rpartition(".")[0]
    admin = district.staff((Role.ADMIN, subdistrict))
    identity, reports, alerts = (district.http(name) for name in ("identity", "reports", "alerts"))
    for area in (subdistrict, community, compound):
        made = await identity.post("/v1/areas", json={"id": area, "name": "x"}, headers=admin)
        assert made.status_code == 201, made.text
    secret = {"username": f"u{compound.replace('.', '')}", "password": "a long enough secret"}
    grants = [{"role": "guard", "area": compound}]
    staff = await identity.post("/v1/staff", json={**secret, "grants": grants}, headers=admin)
    somebody = {"name": "王小明", "area": compound, "room": {"building": "1", "room": "101"}, "id_number": id_number()}
    worker = district.staff((Role.COMMUNITY_WORKER, compound))
    resident = await identity.post("/v1/residents", json={**somebody, "on_behalf": True}, headers=worker)
    assert resident.status_code == 201, resident.text
    official = district.staff((Role.OFFICIAL, compound))
    # Identity has told of this area already, so it is closed at night; a doctor is not.
    await post.open(**window(), reason="medical")
    await district.publish(Fact(GateAdded(gate_name="x"), post.gate, compound, 1))
    known = district.db("identity").gates
    await district.until(lambda: known.find_one({"_id": post.gate}))
    reader = {"kind": "reader", "gate": post.gate, "area": compound}
    device = await identity.post("/v1/devices", json=reader, headers=admin)
    assert device.status_code == 201, device.text
    clue = await reports.post(
        "/v1/clues",
        data={"category": "gathering", "text": "x", "place": "y", "area": compound},
        files={"photos": ("a.png", PIXEL)},
        headers=district.phone(post.person.account),
    )
    assert clue.status_code == 201, clue.text
    watch = {"area": compound, "kinds": ["fever"]}
    subscription = await alerts.post("/v1/subscriptions", json=watch, headers=official)
    hook = {**watch, "kind": "webhook", "url": "https://example.com/hook"}
    channel = await alerts.post("/v1/channels", json=hook, headers=official)
    assert channel.status_code == 201, channel.text
    await post.scan(38.5, site="ear")
    fever = await district.event(FeverAlert, area=post.person.room)
    hold = await district.event(HoldPlaced, area=post.person.room)
    alert = await district.event(AlertRaised, area=post.person.room)
    samples = {
        "area": compound,
        "staff": staff.json()["id"],
        "device": device.json()["id"],
        "resident": resident.json()["id"],
        "exit": post.exit["id"],
        "pass": post.exit["pass"]["id"],
        "gate": post.gate,
        "fever": fever.subject,
        "hold": hold.subject,
        "alert": alert.subject,
        "clue": clue.json()["id"],
        "subscription": subscription.json()["id"],
        "channel": channel.json()["id"],
    }
    mine = district.phone(post.person.account)
    owner = {"exit": mine, "pass": mine, "subscription": official, "channel": official}
    return Things(compound, samples, owner)


@pytest.mark.parametrize("row", [row for row in ROWS if row[4].startswith("id:")], ids=named)
async def test_things_of_others_do_not_exist(district: District, things: Things, row: tuple[str, ...]) -> None:
    """Another compound's staff, with the right role, gets the same answer as for an id that was never given."""
    kind = row[4].removeprefix("id:")
    elsewhere = district.new_compound()
    role = "resident" if row[3] in {"resident", "signed_in"} else row[3][0]
    stranger = headers_of(district, role, elsewhere)

    theirs = await call(district, row, stranger, elsewhere, things.samples[kind])
    nobodys = await call(district, row, stranger, elsewhere)

    assert theirs.status_code == 404, theirs.text
    if kind != "area":
        assert without_id(theirs.text) == without_id(nobodys.text)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row[4].startswith("id:") and row[1] == "GET" and "number" not in row[2]], ids=named
)
async def test_things_in_ones_area_do(district: District, things: Things, row: tuple[str, ...]) -> None:
    """The counterpart: the same thing is there for those it concerns, so 404 above is about the area."""
    kind = row[4].removeprefix("id:")
    headers = things.owner.get(kind) or headers_of(district, row[3][0], things.compound)

    answer = await call(district, row, headers, things.compound, things.samples[kind])

    assert answer.status_code == 200


@pytest.mark.parametrize("row", [row for row in ROWS if row[4] == "area"], ids=named)
async def test_areas_of_others_do_not_exist(district: District, things: Things, row: tuple[str, ...]) -> None:
    """An area outside of one's own is not there; inside, it is."""
    role = next(letter for letter in row[3] if letter != "*")
    stranger = headers_of(district, role, district.new_compound())
    insider = headers_of(district, role, things.compound)

    assert (await call(district, row, stranger, things.compound)).status_code == 404
    assert (await call(district, row, insider, things.compound)).status_code in {200, 201, 409, 422}


def without_id(text: str) -> str:
    return re.sub(r"req_[0-9A-Z]{26}", "", text)
