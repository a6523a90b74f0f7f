"""A fever at the gate: reading, case, alert, hold, and the case's life, through the real service."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from shared.contracts.health import FeverAlert, FeverMoved, HoldLifted, HoldPlaced, TemperatureRecorded
from shared.contracts.values import Decision, Fever, Role
from shared.ids import derived_id
from tests.district import District
from tests.integration.health.fevers import about, cases_in, feverish, heard, readings_count, scanned, visit
from tests.people import somebody


class TestScanWithFever:
    async def test_confirmed_fever_becomes_reading_case_alert_and_hold(self, district: District) -> None:
        """The chain the whole product stands for: nobody has to carry the news by hand."""
        person, case, worker = await feverish(district)

        hold = await district.event(HoldPlaced, area=person.room)
        recorded = await district.event(TemperatureRecorded, area=person.room)
        alert = await district.event(FeverAlert, subject=case)
        whole = (await district.http("health").get(f"/v1/fevers/{case}", headers=worker)).json()

        assert (hold.data.target_id, hold.data.cause) == (person.resident, case)
        assert alert.data.reading == recorded.subject == derived_id("read", recorded.data.source_id)
        assert whole["fever"]["state"] == "suspected"
        assert [one["id"] for one in whole["readings"]] == [recorded.subject]
        assert whole["hold"]["active"] is True

    async def test_same_scan_under_another_event_id_counts_once(self, district: District) -> None:
        """Exactly one alert for each confirmed reading, however often its scan is told."""
        person = somebody(district.new_compound())
        fact = scanned(person, person.room)

        await district.publish(fact)
        await district.publish(fact)
        await district.publish(scanned(person, person.room, fever=Fever.NONE, temperature_c=36.5))
        await district.until(lambda: heard(district, TemperatureRecorded, person, 2))

        assert await readings_count(district, person, 2)
        assert len(about(district, FeverAlert, person)) == 1

    async def test_next_fever_joins_the_open_case(self, district: District) -> None:
        """One person, one case, one hold: officials see a person, not a row per scan."""
        person, case, _worker = await feverish(district)

        await district.publish(scanned(person, person.room, temperature_c=38.9))
        await district.until(lambda: heard(district, FeverAlert, person, 2))

        assert {one.subject for one in about(district, FeverAlert, person)} == {case}
        assert len(about(district, HoldPlaced, person)) == 1

    async def test_stranger_gets_a_case_and_no_hold(self, district: District) -> None:
        """Whoever cannot be named still needs a worker at the gate; there is nobody to hold."""
        compound = district.new_compound()

        await district.publish(scanned(None, compound))
        await district.publish(scanned(None, compound))
        await district.until(lambda: cases_in(district, compound, 2))

        assert not [one for one in district.events(HoldPlaced) if one.area == compound]

    async def test_late_fever_alerts_marked_late(self, district: District) -> None:
        """An offline gate's fever is old news, but news."""
        person, case, _worker = await feverish(district, late=True, scanned_at=datetime.now(UTC) - timedelta(hours=8))

        assert (await district.event(FeverAlert, subject=case)).data.late is True
        assert person


class TestRetest:
    unconfirmed: ClassVar = {"fever": Fever.UNCONFIRMED, "decision": Decision.RECHECK, "reasons": ["fever_retest"]}

    async def make_overdue(self, district: District, reading: str) -> None:
        # The clock of a real process cannot be moved by hand; what it waits for can.
        past = datetime.now(UTC) - timedelta(minutes=1)
        await district.db("health").readings.update_one({"_id": reading}, {"$set": {"retest_due": past}})

    async def test_fever_nobody_measured_again_is_raised_once(self, district: District) -> None:
        """Walking away from the thermometer must not be the way out."""
        person = somebody(district.new_compound())
        fact = scanned(person, person.room, **self.unconfirmed)
        await district.publish(fact)
        await district.event(TemperatureRecorded, subject=derived_id("read", fact.subject))
        assert not about(district, FeverAlert, person)

        await self.make_overdue(district, derived_id("read", fact.subject))
        alert = await district.event(FeverAlert, area=person.room)

        case = await district.db("health").fevers.find_one({"_id": alert.subject})
        assert case["not_retested"] is True
        assert len(about(district, FeverAlert, person)) == 1

    async def test_normal_retest_settles_it(self, district: District) -> None:
        """The first number was the cold thermometer; nobody is held for it."""
        person = somebody(district.new_compound())
        first = scanned(person, person.room, **self.unconfirmed)
        again = scanned(person, person.room, fever=Fever.NONE, temperature_c=36.6, retest_of=first.subject)

        await district.publish(first)
        await district.publish(again)
        await district.event(TemperatureRecorded, subject=derived_id("read", again.subject))

        waiting = await district.db("health").readings.find_one({"_id": derived_id("read", first.subject)})
        assert waiting["retest_due"] is None
        assert not about(district, FeverAlert, person)

    async def test_retest_that_came_before_its_first_scan_settles_it_too(self, district: District) -> None:
        """Queues promise no order across retries."""
        person = somebody(district.new_compound())
        first = scanned(person, person.room, **self.unconfirmed)
        again = scanned(person, person.room, fever=Fever.NONE, temperature_c=36.6, retest_of=first.subject)
        reading = derived_id("read", first.subject)
        await district.publish(again)
        await district.event(TemperatureRecorded, subject=derived_id("read", again.subject))
        await district.publish(first)
        await district.event(TemperatureRecorded, subject=reading)

        await self.make_overdue(district, reading)
        await district.until(lambda: self.settled(district, reading))

        assert not about(district, FeverAlert, person)

    async def settled(self, district: District, reading: str) -> bool:
        row = await district.db("health").readings.find_one({"_id": reading})
        return bool(row["retest_due"] is None)


class TestCaseLife:
    async def test_steps_carry_person_and_time(self, district: District) -> None:
        """Who decided what about a person's fever can be asked later."""
        _person, case, worker = await feverish(district)
        http = district.http("health")

        for step in ("confirm", "hand-over", "close"):
            answer = await http.post(f"/v1/fevers/{case}/{step}", json={"note": f"see {step}"}, headers=worker)
            assert answer.status_code == 200, answer.text

        steps = answer.json()["steps"]
        assert [one["state"] for one in steps] == ["suspected", "confirmed", "handed_over", "closed"]
        assert steps[0]["by"] == "machine"
        assert all(one["by"].startswith("acc_") and one["note"] for one in steps[1:])
        assert (await district.until(lambda: moves(district, case, 4)))[-1].data.state == "closed"

    async def test_step_out_of_order_is_refused_and_repeated_step_is_not(self, district: District) -> None:
        """Two workers pressing the same button agree; skipping a step does not pass."""
        _person, case, worker = await feverish(district)
        http = district.http("health")

        skipped = await http.post(f"/v1/fevers/{case}/close", json={}, headers=worker)
        first = await http.post(f"/v1/fevers/{case}/confirm", json={}, headers=worker)
        second = await http.post(f"/v1/fevers/{case}/confirm", json={}, headers=worker)

        assert (skipped.status_code, skipped.json()["code"]) == (409, "fever_state")
        assert first.json() == second.json()

    async def test_dismissing_lifts_the_hold(self, district: District) -> None:
        """No fever, no reason to stay in."""
        person, case, worker = await feverish(district)

        answer = await district.http("health").post(f"/v1/fevers/{case}/dismiss", json={}, headers=worker)

        lifted = await district.event(HoldLifted, area=person.room)
        assert answer.json()["state"] == "dismissed"
        assert lifted.data.basis == "dismissed"

    async def test_fever_outside_the_area_does_not_exist(self, district: District) -> None:
        """Nobody learns of another district's sick."""
        person, case, _worker = await feverish(district)
        stranger = district.staff((Role.OFFICIAL, district.new_compound()))
        http = district.http("health")

        listed = await http.get("/v1/fevers", headers=stranger)
        answers = [
            await http.get(f"/v1/fevers/{case}", headers=stranger),
            await http.post(f"/v1/fevers/{case}/confirm", json={}, headers=stranger),
            await http.get(f"/v1/fevers?area={person.room}", headers=stranger),
            await http.get(f"/v1/temperatures?resident={person.resident}", headers=stranger),
            await visit(district, person, stranger),
        ]

        assert listed.json()["items"] == []
        assert [one.status_code for one in answers] == [404] * 5

    async def test_list_filters_by_state_and_pages(self, district: District) -> None:
        """The list is what a worker works through."""
        compound = district.new_compound()
        worker = district.staff((Role.COMMUNITY_WORKER, compound))
        for _ in range(3):
            await district.publish(scanned(None, compound))
        await district.until(lambda: cases_in(district, compound, 3))
        http = district.http("health")

        first = (await http.get(f"/v1/fevers?area={compound}&state=suspected&limit=2", headers=worker)).json()
        rest = (await http.get(f"/v1/fevers?area={compound}&limit=2&after={first['next']}", headers=worker)).json()
        none = (await http.get(f"/v1/fevers?area={compound}&state=closed", headers=worker)).json()

        ids = [one["id"] for one in first["items"] + rest["items"]]
        assert len(set(ids)) == 3
        assert ids == sorted(ids, reverse=True)
        assert rest["next"] is None
        assert none["items"] == []


async def moves(district: District, case: str, wanted: int) -> Any:
    found = sorted(district.events(FeverMoved, case), key=lambda one: one.sequence)
    return found if len(found) == wanted else None
