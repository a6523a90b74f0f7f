"""A gate without network: it goes on deciding, forgets nothing, and what it did arrives as it was."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.gate import GateContradicted, GateScanned
from shared.contracts.health import FeverAlert
from tests.district import District
from tests.integration.gate_agent.boxes import Box, box_at
from tests.people import somebody
from tests.residents import add_gate, ask, settle, window

DELIVERED = 30
"""Seconds for a box to notice that its network is back, and to deliver."""


class Place:
    """A compound with residents who have passes, and a box at its gate."""

    box: Box

    def __init__(self, district: District) -> None:
        self.district = district
        self.compound = district.new_compound()

    async def open(self, residents: int = 1) -> "Place":
        people = [somebody(self.compound, f"b1.u1.r{number}") for number in range(residents)]
        await settle(self.district, self.compound, *people)
        self.gate = await add_gate(self.district, self.compound)
        exits = [await ask(self.district, person, **window(), reason="medical") for person in people]
        self.passes = [one["pass"] for one in exits]
        self.people = people
        return self

    async def stored(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (
            await self.district.db("gate").scans.find({"device": self.box.device.id}).to_list(None)
        )
        return sorted(rows, key=lambda row: row["sequence"])


@pytest.fixture
async def place(district: District, tmp_path: Path) -> AsyncIterator[Place]:
    one = await Place(district).open(residents=8)
    async with box_at(district, one.compound, one.gate, tmp_path / "box") as box:
        one.box = box
        yield one


class TestWithNetwork:
    async def test_the_service_decides(self, place: Place) -> None:
        """The box is the service's door at the gate: the same answer, the person's label with it."""
        answer = await place.box.scan(place.box.body(place.passes[0]["token"]))

        assert answer
        assert (answer["decision"], answer["decided_by"], answer["sequence"]) == ("allow", "service", 1)
        assert answer["resident"]["room"] == place.people[0].room


class TestWithoutNetwork:
    async def test_it_decides_and_delivers(self, place: Place) -> None:
        """Everybody goes out, some try twice; the network comes back: each scan is there once, in order, as it was."""
        box = place.box
        await box.cable.cut()

        answers = [await box.scan(box.body(one["token"])) for one in (*place.passes, *place.passes[:3])]
        home = await box.scan(box.body(place.passes[0]["token"], 36.6, direction="in"))
        waiting = await box.status()
        await box.cable.mend()
        await place.district.until(box.is_quiet, timeout=DELIVERED)

        decisions = [answer["decision"] for answer in answers if answer]
        assert decisions == ["allow"] * 8 + ["deny"] * 3
        assert home
        assert home["decision"] == "allow"
        assert waiting
        assert waiting["waiting"] == 12
        rows = await place.stored()
        assert [row["sequence"] for row in rows] == list(range(1, 13))
        assert [row["decision"] for row in rows] == [*decisions, "allow"]
        assert all(row["decided_by"] == "device" and not row["disputed"] for row in rows)
        assert not place.district.events(GateContradicted, place.passes[0]["id"])

    async def test_a_fever_of_then_still_alerts(self, place: Place) -> None:
        """Late, and marked so; the hold stands from now on."""
        box = place.box
        await box.cable.cut()

        answer = await box.scan(box.body(place.passes[1]["token"], 38.9))
        await box.cable.mend()
        alert = await place.district.event(FeverAlert, area=place.people[1].room, timeout=DELIVERED)

        assert answer
        assert (answer["decision"], answer["reasons"]) == ("deny", ["fever_confirmed"])
        assert alert.data.temperature_c == 38.9
        told = (await place.district.event(GateScanned, answer["id"])).data
        assert (told.decided_by_device, told.sequence) == (True, 1)

    async def test_two_gates_apart_let_one_pass_through(self, place: Place, tmp_path: Path) -> None:
        """Neither could know; both scans stay as they were, and somebody is told of both."""
        other_gate = await add_gate(place.district, place.compound)
        shown = place.passes[2]
        async with box_at(place.district, place.compound, other_gate, tmp_path / "other") as other:
            for box in (place.box, other):
                await box.cable.cut()
            answers = [await box.scan(box.body(shown["token"])) for box in (place.box, other)]
            for box in (place.box, other):
                await box.cable.mend()
                await place.district.until(box.is_quiet, timeout=DELIVERED)

        assert [answer["decision"] for answer in answers if answer] == ["allow", "allow"]
        told = (await place.district.event(GateContradicted, shown["id"])).data
        assert set(told.scans) == {answer["id"] for answer in answers if answer}
        assert set(told.gates) == {place.gate, other_gate}
        assert told.reasons == ["pass_already_used"]

    @pytest.mark.parametrize(
        "point", ["agent.after_store#2", "agent.before_answer#2", "agent.in_delivery", "agent.after_delivery"]
    )
    async def test_it_may_die_at_any_point(self, place: Place, point: str) -> None:
        """Killed there and started again, every scan arrives once, in its sequence, and as its reader was told."""
        box = place.box
        await box.cable.cut()
        await box.kill()
        await box.start(crash_at=point)
        bodies = [box.body(one["token"]) for one in place.passes[:4]]

        answers = [await box.scan(body) for body in bodies]
        await box.cable.mend()
        assert box.process
        assert await box.process.wait() == 137
        await box.start()
        again = [await box.scan(body) for body in bodies]
        await place.district.until(box.is_quiet, timeout=DELIVERED)

        assert all(one for one in again)
        rows = await place.stored()
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        by_nonce = {row["nonce"]: row["done"] for row in rows}
        assert len(by_nonce) == len(rows)
        for body, first, last in zip(bodies, answers, again, strict=True):
            assert last
            assert by_nonce[body["nonce"]] == last["decision"]
            assert first is None or first["decision"] == last["decision"]
