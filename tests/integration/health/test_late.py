"""Fevers of gates that had no network, through the real service: told once, marked late, whatever came before them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.health import FeverAlert, HoldLifted, HoldPlaced, TemperatureRecorded
from shared.contracts.values import Decision, Fever
from shared.ids import derived_id
from tests.district import District
from tests.integration.health.fevers import about, feverish, heard, known, scanned, visit, worker_of
from tests.people import Person, somebody, verified

BY_DEVICE: dict[str, Any] = {
    "late": True,
    "decided_by_device": True,
    "device": "dev_1",
    "sequence": 7,
    "decision": Decision.ALLOW,
    "reasons": [],
}
"""What a gate without network let through, though it would have been refused."""


def ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


async def hold_of(district: District, person: Person, worker: dict[str, str]) -> list[Any]:
    items = (await district.http("health").get("/v1/holds", headers=worker)).json()["items"]
    return [one for one in items if one["target_id"] == person.resident]


async def cleared(district: District, person: Person, worker: dict[str, str], **basis: str) -> None:
    hold = (await district.event(HoldPlaced, area=person.room)).subject
    body = basis or {"basis": "medical_note", "note": "clinic, negative"}
    answer = await district.http("health").post(f"/v1/holds/{hold}/clear", json=body, headers=worker)
    assert answer.status_code == 200, answer.text
    await district.event(HoldLifted, subject=hold)


class TestLateFever:
    async def test_a_devices_own_decision_is_told_once_marked_late(self, district: District) -> None:
        """The gate let them in; the community learns of it as soon as the gate is back, and the person is held."""
        person = somebody(district.new_compound())
        await district.publish(verified(person))
        await district.until(lambda: known(district, person))
        fact = scanned(person, person.room, scanned_at=ago(8), **BY_DEVICE)

        await district.publish(fact)
        await district.publish(fact)  # under another event id: the gate's outbox sent it again
        await district.event(HoldPlaced, area=person.room)
        await district.publish(scanned(person, person.room, fever=Fever.NONE, temperature_c=36.5))
        await district.until(lambda: heard(district, TemperatureRecorded, person, 2))

        alert, reading = about(district, FeverAlert, person), about(district, TemperatureRecorded, person)[0]
        assert [(one.data.late, one.data.reading) for one in alert] == [(True, derived_id("read", fact.subject))]
        assert reading.data.late is True

    async def test_a_late_one_joins_the_open_case_behind_the_newest(self, district: District) -> None:
        """Told late, and the case goes on showing how the person is now."""
        person, case, worker = await feverish(district, temperature_c=38.3)

        await district.publish(scanned(person, person.room, temperature_c=39.9, scanned_at=ago(6), **BY_DEVICE))
        await district.until(lambda: heard(district, FeverAlert, person, 2))

        seen = (await district.http("health").get(f"/v1/fevers/{case}", headers=worker)).json()
        late = [one for one in about(district, FeverAlert, person) if one.data.late]
        assert [(one.subject, one.data.temperature_c) for one in late] == [(case, 39.9)]
        assert seen["fever"]["temperature_c"] == 38.3
        assert len(about(district, HoldPlaced, person)) == 1

    async def test_nobody_measured_it_again_and_it_is_raised_late(self, district: District) -> None:
        """The minutes for the retest run from when it became known; what was late stays late."""
        person = somebody(district.new_compound())
        unconfirmed = {**BY_DEVICE, "fever": Fever.UNCONFIRMED, "scanned_at": ago(5)}
        fact = scanned(person, person.room, **unconfirmed)
        reading = derived_id("read", fact.subject)
        await district.publish(fact)
        await district.event(TemperatureRecorded, subject=reading)
        row = await district.db("health").readings.find_one({"_id": reading})
        assert row["retest_due"] > datetime.now(UTC)
        assert not about(district, FeverAlert, person)

        due = {"$set": {"retest_due": ago(0.1)}}
        await district.db("health").readings.update_one({"_id": reading}, due)

        assert (await district.event(FeverAlert, area=person.room)).data.late is True


class TestAfterClearance:
    async def test_older_than_a_medical_note_it_is_told_and_holds_nobody(self, district: District) -> None:
        """In the order of measuring it would have been part of what the clinic looked at."""
        person, case, worker = await feverish(district, scanned_at=ago(9))
        await cleared(district, person, worker)

        await district.publish(scanned(person, person.room, scanned_at=ago(4), **BY_DEVICE))
        await district.until(lambda: heard(district, FeverAlert, person, 2))

        late = next(one for one in about(district, FeverAlert, person) if one.data.late)
        assert late.subject == case
        assert await hold_of(district, person, worker) == []
        assert len(about(district, HoldPlaced, person)) == 1

    async def test_newer_than_the_clearance_it_holds_again(self, district: District) -> None:
        """Late or not: measured afterwards, it is a new fever."""
        person, _case, worker = await feverish(district, scanned_at=ago(9))
        await cleared(district, person, worker)

        await district.publish(scanned(person, person.room, scanned_at=datetime.now(UTC), **BY_DEVICE))
        await district.until(lambda: heard(district, HoldPlaced, person, 2))

        assert len(await hold_of(district, person, worker)) == 1

    async def test_before_the_two_readings_that_cleared_it_holds_nobody(self, district: District) -> None:
        """The readings clear it too: both were taken after it."""
        person = await self.cleared_by_readings(district)

        await district.publish(scanned(person, person.room, scanned_at=ago(8), **BY_DEVICE))
        await district.until(lambda: heard(district, FeverAlert, person, 2))

        assert await hold_of(district, person, worker_of(district, person)) == []

    async def test_between_the_two_readings_and_the_clearance_it_holds_again(self, district: District) -> None:
        """Had it come in time, the readings before it would have cleared nobody."""
        person = await self.cleared_by_readings(district)

        await district.publish(scanned(person, person.room, scanned_at=ago(0.5), **BY_DEVICE))
        await district.until(lambda: heard(district, HoldPlaced, person, 2))

        assert len(await hold_of(district, person, worker_of(district, person))) == 1

    async def cleared_by_readings(self, district: District) -> Person:
        person, _case, worker = await feverish(district, scanned_at=ago(9))
        for hours in (6, 1):
            await visit(district, person, worker, measured_at=ago(hours).isoformat())
        await cleared(district, person, worker, basis="two_readings")
        return person

    async def test_older_than_a_dismissal_it_is_a_case_of_its_own_without_a_hold(self, district: District) -> None:
        """Somebody must look at it, for the one dismissed was another measurement; nobody is locked in meanwhile."""
        person, case, worker = await feverish(district, scanned_at=ago(3))
        await district.http("health").post(f"/v1/fevers/{case}/dismiss", json={}, headers=worker)
        await district.event(HoldLifted, area=person.room)

        await district.publish(scanned(person, person.room, scanned_at=ago(2), **BY_DEVICE))
        await district.until(lambda: heard(district, FeverAlert, person, 2))

        late = next(one for one in about(district, FeverAlert, person) if one.data.late)
        seen = (await district.http("health").get(f"/v1/fevers/{late.subject}", headers=worker)).json()
        assert late.subject != case
        assert (seen["fever"]["state"], seen["fever"]["late"]) == ("suspected", True)
        assert await hold_of(district, person, worker) == []
