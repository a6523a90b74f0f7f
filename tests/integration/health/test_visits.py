"""Temperatures that workers take at the door, through the real service."""

from datetime import UTC, datetime, timedelta

from shared.ids import new_id
from tests.district import District
from tests.integration.health.fevers import known, readings_count, visit, worker_of
from tests.people import somebody, verified


class TestVisit:
    async def test_ear_fever_is_confirmed_and_forehead_waits(self, district: District) -> None:
        """The same rule at the door as at the gate."""
        person = somebody(district.new_compound())
        await district.publish(verified(person))
        await district.until(lambda: known(district, person))
        worker = worker_of(district, person)

        forehead = (await visit(district, person, worker, temperature_c=38.0, site="forehead")).json()
        retest = (await visit(district, person, worker, temperature_c=38.1, site="forehead", retest=True)).json()

        assert forehead["fever"] == "unconfirmed"
        assert forehead["retest_due"]
        assert retest["fever"] == "confirmed"
        assert retest["case"]
        first = await district.db("health").readings.find_one({"_id": forehead["id"]})
        assert first["retest_due"] is None

    async def test_same_idempotency_key_records_once(self, district: District) -> None:
        """A worker's phone in a stairwell sends twice."""
        person = somebody(district.new_compound())
        await district.publish(verified(person))
        await district.until(lambda: known(district, person))
        worker = {**worker_of(district, person), "Idempotency-Key": new_id("key")}
        at = datetime.now(UTC).isoformat()

        first = await visit(district, person, worker, measured_at=at)
        second = await visit(district, person, worker, measured_at=at)
        other = await visit(district, person, worker, measured_at=at, temperature_c=36.9)

        assert first.status_code == 201
        assert first.json() == second.json()
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        assert await readings_count(district, person, 1)

    async def test_readings_are_listed_newest_first(self, district: District) -> None:
        """By measuring time, not by arrival."""
        person = somebody(district.new_compound())
        await district.publish(verified(person))
        await district.until(lambda: known(district, person))
        worker, now = worker_of(district, person), datetime.now(UTC)
        for hours in (3, 1, 2):
            await visit(district, person, worker, measured_at=(now - timedelta(hours=hours)).isoformat())
        http = district.http("health")

        first = (await http.get(f"/v1/temperatures?resident={person.resident}&limit=2", headers=worker)).json()
        rest = (await http.get(f"/v1/temperatures?limit=2&after={first['next']}", headers=worker)).json()

        times = [one["measured_at"] for one in first["items"] + rest["items"]]
        assert len(times) == 3
        assert times == sorted(times, reverse=True)

    async def test_bad_temperatures_and_ids_are_refused(self, district: District) -> None:
        """No input is a 500."""
        person = somebody(district.new_compound())
        worker = worker_of(district, person)
        http = district.http("health")

        fahrenheit = await visit(district, person, worker, temperature_c=97.7)
        unknown = await visit(district, person, worker)
        odd = [await http.get(f"/v1/fevers/{bad}", headers=worker) for bad in ("x", "fever_1", "%00", "a" * 3000)]
        cursor = await http.get("/v1/temperatures?after=nonsense", headers=worker)

        assert (fahrenheit.status_code, fahrenheit.json()["code"]) == (422, "temperature_out_of_range")
        assert unknown.status_code == 404
        assert {one.status_code for one in odd} == {404}
        assert (cursor.status_code, cursor.json()["code"]) == (422, "cursor_invalid")
