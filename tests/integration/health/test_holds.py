"""Holds through the real service: lifted by clearance, placed by order, explained to those they bind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts import Fact
from shared.contracts.health import FeverAlert, HoldLifted, HoldPlaced
from shared.contracts.identity import AreaChanged
from shared.contracts.values import DatedSetting, Role
from tests.district import District
from tests.integration.health.fevers import (
    feverish,
    heard,
    known,
    visit,
)
from tests.people import somebody, verified


class TestClearance:
    async def test_medical_note_lifts_once(self, district: District) -> None:
        """Two workers clearing at once lift one hold and tell it once."""
        person, _case, worker = await feverish(district)
        hold = (await district.event(HoldPlaced, area=person.room)).subject
        body = {"basis": "medical_note", "note": "clinic, negative"}
        http = district.http("health")

        first = await http.post(f"/v1/holds/{hold}/clear", json=body, headers=worker)
        second = await http.post(f"/v1/holds/{hold}/clear", json=body, headers=worker)

        assert first.json() == second.json()
        assert first.json()["active"] is False
        await district.event(HoldLifted, subject=hold)
        assert len(district.events(HoldLifted, hold)) == 1

    async def test_two_readings_must_be_there_and_apart(self, district: District) -> None:
        """A single cool forehead clears nobody."""
        now = datetime.now(UTC)
        person, _case, worker = await feverish(district, scanned_at=now - timedelta(hours=9))
        hold = (await district.event(HoldPlaced, area=person.room)).subject
        clear: dict[str, Any] = {"url": f"/v1/holds/{hold}/clear", "json": {"basis": "two_readings"}, "headers": worker}
        http = district.http("health")

        await visit(district, person, worker, measured_at=(now - timedelta(hours=2)).isoformat())
        await visit(district, person, worker, measured_at=now.isoformat())
        refused = await http.post(**clear)
        await visit(district, person, worker, measured_at=(now - timedelta(hours=5)).isoformat())
        cleared = await http.post(**clear)

        assert (refused.status_code, refused.json()["code"]) == (409, "readings_missing")
        assert cleared.json()["basis"] == "two_readings"
        assert (await district.event(HoldLifted, subject=hold)).data.basis == "two_readings"

    async def test_hours_apart_are_the_areas_setting(self, district: District) -> None:
        """Nine cities had eight rules."""
        now = datetime.now(UTC)
        person, _case, worker = await feverish(district, scanned_at=now - timedelta(hours=3))
        hold = (await district.event(HoldPlaced, area=person.room)).subject
        compound = person.room.split(".b")[0]
        setting = DatedSetting(key="hold.clear_hours", value=1, starts=now - timedelta(days=1))
        changed = AreaChanged(level="compound", name="x", settings=[setting])
        await district.publish(Fact(changed, compound, compound, 1))
        await district.until(lambda: settings_of(district, compound))

        await visit(district, person, worker, measured_at=(now - timedelta(hours=2)).isoformat())
        await visit(district, person, worker, measured_at=now.isoformat())
        cleared = await district.http("health").post(
            f"/v1/holds/{hold}/clear", json={"basis": "two_readings"}, headers=worker
        )

        assert cleared.status_code == 200

    async def test_next_fever_in_an_open_case_holds_again(self, district: District) -> None:
        """Cleared at noon, feverish at night: the case is the same, the hold is a new one."""
        person, _case, worker = await feverish(district)
        hold = (await district.event(HoldPlaced, area=person.room)).subject
        body = {"basis": "medical_note", "note": "well"}
        await district.http("health").post(f"/v1/holds/{hold}/clear", json=body, headers=worker)

        await visit(district, person, worker, temperature_c=38.4)
        await district.until(lambda: heard(district, FeverAlert, person, 2))

        standing = (await district.http("health").get("/v1/holds", headers=worker)).json()["items"]
        assert len(standing) == 1
        assert standing[0]["id"] != hold


async def settings_of(district: District, area: str) -> Any:
    return await district.db("health").areas.find_one({"_id": area})


class TestOwnHolds:
    async def test_resident_sees_what_holds_them_and_why(self, district: District) -> None:
        """A restriction that cannot explain itself cannot be appealed."""
        person, _case, _worker = await feverish(district)
        await district.event(HoldPlaced, area=person.room)
        http = district.http("health")

        own = (await http.get("/v1/holds/me", headers=district.phone(person.account))).json()["items"]
        other = (await http.get("/v1/holds/me", headers=district.phone())).json()["items"]

        assert [one["kind"] for one in own] == ["fever_hold"]
        assert "fever" in own[0]["message"]
        assert other == []


class TestOrders:
    async def test_official_seals_a_compound_and_releases_it(self, district: District) -> None:
        """Everybody in it sees the order and its reason; a worker cannot release it."""
        compound = district.new_compound()
        person = somebody(compound)
        await district.publish(verified(person))
        await district.until(lambda: known(district, person))
        official = district.staff((Role.OFFICIAL, compound))
        worker = district.staff((Role.COMMUNITY_WORKER, compound))
        http = district.http("health")
        order = {"kind": "compound_sealed", "target": "compound", "target_id": compound, "reason": "three cases"}
        release = {"basis": "released", "note": "over"}

        placed = await http.post("/v1/holds", json=order, headers=official)
        again = await http.post("/v1/holds", json=order, headers=official)
        own = (await http.get("/v1/holds/me", headers=district.phone(person.account))).json()["items"]
        by_worker = await http.post(f"/v1/holds/{placed.json()['id']}/clear", json=release, headers=worker)
        by_note = await http.post(
            f"/v1/holds/{placed.json()['id']}/clear", json={"basis": "medical_note", "note": "x"}, headers=official
        )
        released = await http.post(f"/v1/holds/{placed.json()['id']}/clear", json=release, headers=official)

        assert placed.status_code == 201
        assert (again.status_code, again.json()["code"]) == (409, "already_exists")
        assert [one["reason"] for one in own] == ["three cases"]
        assert by_worker.status_code == 403
        assert (by_note.status_code, by_note.json()["code"]) == (409, "hold_basis")
        assert released.json()["active"] is False

    async def test_wrong_level_wrong_role_and_foreign_area_are_refused(self, district: District) -> None:
        """A building is neither a household nor a compound."""
        compound = district.new_compound()
        http = district.http("health")
        order = {"kind": "under_observation", "target": "household", "target_id": f"{compound}.b1", "reason": "x"}

        level = await http.post("/v1/holds", json=order, headers=district.staff((Role.OFFICIAL, compound)))
        role = await http.post("/v1/holds", json=order, headers=district.staff((Role.COMMUNITY_WORKER, compound)))
        area = await http.post(
            "/v1/holds", json=order, headers=district.staff((Role.OFFICIAL, district.new_compound()))
        )
        person = replace(somebody(compound), resident="res_x")
        fever = await http.post(
            "/v1/holds",
            json={**order, "kind": "fever_hold", "target": "resident", "target_id": person.resident},
            headers=district.staff((Role.OFFICIAL, compound)),
        )

        assert (level.status_code, level.json()["code"]) == (422, "hold_target")
        assert (role.status_code, area.status_code, fever.status_code) == (403, 404, 422)
