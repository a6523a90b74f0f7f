"""Clues at the office, through the real service: triage and its clocks."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.reports import ClueMoved
from shared.contracts.values import Role
from tests.district import District
from tests.integration.reports.clues import compound, report, worker
from tests.people import Person


class TestTriage:
    async def test_clue_goes_from_new_to_resolved(self, district: District, person: Person) -> None:
        """Each step says who and when; the events tell the alerts."""
        office, http = worker(district, person), district.http("reports")
        clue = (await report(district, district.phone(), compound(person))).json()["id"]
        steps: list[tuple[str, dict[str, str]]] = [
            ("verify", {"note": "true"}),
            ("assign", {"to": "acc_1"}),
            ("assign", {"to": "acc_2"}),
            ("resolve", {"outcome": "sent home"}),
        ]

        answers = [await http.post(f"/v1/clues/{clue}/{step}", json=body, headers=office) for step, body in steps]

        async def moves() -> Any:
            found = sorted(district.events(ClueMoved, clue), key=lambda one: one.sequence)
            return found if len(found) == 4 else None

        moved = await district.until(moves)
        assert [one.status_code for one in answers] == [200] * 4
        assert answers[-1].json()["assignee"] == "acc_2"
        assert answers[-1].json()["outcome"] == "sent home"
        assert [one.data.state for one in moved] == ["verified", "assigned", "assigned", "resolved"]

    async def test_step_the_state_does_not_admit_is_refused(self, district: District, person: Person) -> None:
        """A false clue stays false."""
        office, http = worker(district, person), district.http("reports")
        clue = (await report(district, district.phone(), compound(person))).json()["id"]

        early = await http.post(f"/v1/clues/{clue}/resolve", json={"outcome": "x"}, headers=office)
        false = await http.post(f"/v1/clues/{clue}/reject", json={}, headers=office)
        late = await http.post(f"/v1/clues/{clue}/verify", json={}, headers=office)

        assert (early.status_code, early.json()["code"]) == (409, "clue_state")
        assert false.json()["state"] == "false"
        assert (late.status_code, late.json()["code"]) == (409, "clue_state")

    async def test_who_looked_before_a_change_is_told(self, district: District, person: Person) -> None:
        """Two workers on one clue do not overwrite each other."""
        office, http = worker(district, person), district.http("reports")
        clue = (await report(district, district.phone(), compound(person))).json()["id"]
        seen = (await http.get(f"/v1/clues/{clue}", headers=office)).headers["etag"]
        headers = {**office, "If-Match": seen}

        first = await http.post(f"/v1/clues/{clue}/verify", json={}, headers=headers)
        second = await http.post(f"/v1/clues/{clue}/assign", json={"to": "acc_1"}, headers=headers)

        assert first.headers["etag"] != seen
        assert (second.status_code, second.json()["code"]) == (409, "version_conflict")

    async def test_of_ten_opposite_steps_at_once_one_wins(self, district: District, person: Person) -> None:
        """One atomic change settles it."""
        office, http = worker(district, person), district.http("reports")
        clue = (await report(district, district.phone(), compound(person))).json()["id"]

        answers = await asyncio.gather(
            *(http.post(f"/v1/clues/{clue}/{step}", json={}, headers=office) for step in ("verify", "reject") * 5)
        )

        assert sorted(one.status_code for one in answers) == [200] + [409] * 9

    async def test_clue_outside_the_area_does_not_exist(self, district: District, person: Person) -> None:
        """Not to be listed, read or moved."""
        stranger, http = district.staff((Role.OFFICIAL, district.new_compound())), district.http("reports")
        clue = (await report(district, district.phone(), compound(person))).json()["id"]

        listed = (await http.get("/v1/clues", headers=stranger)).json()["items"]
        answers = [
            await http.get(f"/v1/clues?area={compound(person)}", headers=stranger),
            await http.get(f"/v1/clues/{clue}", headers=stranger),
            await http.post(f"/v1/clues/{clue}/verify", json={}, headers=stranger),
            await http.get("/v1/clues/nonsense", headers=stranger),
        ]
        resident = await http.get(f"/v1/clues/{clue}", headers=district.phone())

        assert listed == []
        assert [one.status_code for one in answers] == [404] * 4
        assert resident.status_code == 403


class TestClocks:
    async def test_each_missed_clock_is_told_once(self, district: District, person: Person) -> None:
        """Nobody may forget a clue quietly; nobody is nagged twice for the same."""
        clue = (await report(district, district.phone(), compound(person))).json()
        at = datetime.fromisoformat(clue["reported_at"])
        assert datetime.fromisoformat(clue["verify_due"]) - at == timedelta(hours=24)
        assert datetime.fromisoformat(clue["resolve_due"]) - at == timedelta(hours=48)

        # The clock of a real process cannot be moved by hand; what it waits for can.
        past = datetime.now(UTC) - timedelta(minutes=1)
        due = {"verify_due": past, "resolve_due": past, "next_due": past}
        await district.db("reports").clues.update_one({"_id": clue["id"]}, {"$set": due})

        async def both() -> bool:
            return len(district.events(ClueMoved, clue["id"])) >= 2

        await district.until(both, timeout=40)
        seen = await district.http("reports").get(f"/v1/clues/{clue['id']}", headers=worker(district, person))

        assert [one.data.state for one in district.events(ClueMoved, clue["id"])] == ["overdue", "overdue"]
        assert seen.json()["overdue"] == ["verify", "resolve"]
