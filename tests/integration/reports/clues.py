"""How people report: forms and photos, and those who work on what comes in."""

import io
from datetime import UTC, datetime
from typing import Any

from PIL import Image, ImageDraw

from shared.contracts import Fact
from shared.contracts.gate import GateContradicted
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import District
from tests.people import Person

AT = datetime(2026, 2, 7, 12, 0, tzinfo=UTC)


def contradiction(area: str, subject: str | None = None, **changes: Any) -> Fact:
    """Tell, as the gate does, of a pass that two gates let through while they were apart."""
    event = GateContradicted(
        resident=new_id("res"),
        label="张**",
        reasons=["pass_already_used"],
        scans=[new_id("scan"), new_id("scan")],
        gates=["gate_east", "gate_west"],
        happened_at=AT,
    ).model_copy(update=changes)
    return Fact(event, subject or new_id("pass"), area, 1)


def form(area: str, **changes: str) -> dict[str, str]:
    return {"category": "gathering", "text": "六个人在打牌", "place": "3号楼下", "area": area, **changes}


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **extra: Any) -> bytes:
    image = Image.new("RGB", size, "teal")
    ImageDraw.Draw(image).rectangle((10, 10, 100, 100), fill="red")
    drawn = io.BytesIO()
    image.save(drawn, kind, **extra)
    return drawn.getvalue()


def photos(*contents: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photos", ("../../etc/passwd", content, "text/html")) for content in contents]


async def report(district: District, headers: dict[str, str], area: str, *contents: bytes, **changes: str) -> Any:
    files: list[Any] = photos(*contents) or [("category", (None, changes.pop("category", "gathering")))]
    fields = form(area, **changes)
    if not contents:
        fields.pop("category")
    return await district.http("reports").post("/v1/clues", data=fields, files=files, headers=headers)


def compound(person: Person) -> str:
    return ".".join(person.room.split(".")[:3])


def worker(district: District, person: Person) -> dict[str, str]:
    return district.staff((Role.COMMUNITY_WORKER, compound(person)))
