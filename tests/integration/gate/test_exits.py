"""Exit requests, from outside."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.contracts import Fact
from shared.contracts.gate import ExitDecided, ExitRequested
from shared.contracts.health import HoldLifted, HoldPlaced
from shared.contracts.identity import AreaChanged, ResidentRemoved
from shared.contracts.values import DatedSetting, HoldKind, HoldTarget
from shared.ids import new_id
from tests.district import District
from tests.people import Person, somebody, verified
from tests.residents import ask, settle, window


@pytest.fixture
async def person(district: District) -> Person:
    compound = district.new_compound()
    one = somebody(compound)
    await settle(district, compound, one)
    return one


class TestRequestExit:
    async def test_only_the_window_is_needed(self, district: District, person: Person) -> None:
        """Afterwards only the time to go out is entered: that is the whole point of the system."""
        exit_ = await ask(district, person, **window())

        assert exit_["status"] == "approved"
        assert exit_["reasons"] == []
        assert exit_["pass"]["token"].count(".") == 2
        decided = await district.event(ExitDecided, exit_["id"])
        assert decided.data.approved
        assert decided.sequence == 2
        assert district.events(ExitRequested, exit_["id"])[0].area == person.room

    async def test_the_household_has_one_place(self, district: District, person: Person) -> None:
        """The second member learns who has the place and when the next exit opens."""
        other = somebody(person.room.rsplit(".", 3)[0])
        await settle(district, person.room.rsplit(".", 3)[0], other)
        await ask(district, person, **window())

        refused = await ask(district, other, **window())

        assert refused["reasons"] == ["household_quota_used"]
        params = refused["explanations"][0]["params"]
        assert params["used_by"] == "张**"
        assert datetime.fromisoformat(params["next_opens"]) > datetime.now(UTC)
        assert refused["pass"] is None

    async def test_after_the_interval_the_place_is_free(self, district: District, person: Person) -> None:
        """Every 2 days, not once for ever."""
        await ask(district, person, **window())

        later = await ask(district, person, **window(timedelta(days=2)))

        assert later["status"] == "approved"

    async def test_two_hundred_at_once_leave_one_each(self, district: District) -> None:
        """Two members of one household asking at the same instant never both get the last place."""
        compound = district.new_compound()
        couples = [(somebody(compound, f"b1.u1.r{n}"), somebody(compound, f"b1.u1.r{n}")) for n in range(100)]
        await settle(district, compound, *(one for couple in couples for one in couple))

        answers = await asyncio.gather(*(ask(district, one, **window()) for couple in couples for one in couple))

        approved = [one["status"] == "approved" for one in answers]
        assert [a + b for a, b in zip(approved[::2], approved[1::2], strict=True)] == [1] * 100

    async def test_medical_passes_quota_and_length(self, district: District, person: Person) -> None:
        """Nobody waits two days for a doctor."""
        await ask(district, person, **window())

        assert (await ask(district, person, **window(hours=8), reason="medical"))["status"] == "approved"

    async def test_each_rule_has_its_code(self, district: District, person: Person) -> None:
        """A refusal names every rule that stood against it, and takes no place."""
        refused = await ask(district, person, **window(hours=4), reason="work")

        assert refused["reasons"] == ["window_too_long", "certificate_missing"]
        assert (await ask(district, person, **window()))["status"] == "approved"

    async def test_closed_hours(self, district: District) -> None:
        """Not between 23:00 and 05:00, local time, unless the compound's setting says otherwise."""
        compound = district.new_compound()
        one = somebody(compound)
        await settle(district, compound, one)
        closed = DatedSetting(key="exit.closed_hours", value="23:00-05:00", starts=datetime(2020, 1, 1, tzinfo=UTC))
        changed = AreaChanged(level="compound", name="c", settings=[closed])
        await district.publish(Fact(changed, compound, compound, 2))
        await district.until(lambda: district.db("gate").areas.find_one({"_id": compound, "sequence": 2}))
        tomorrow = (datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)).date()

        night = {"start": f"{tomorrow}T22:30:00+08:00", "end": f"{tomorrow}T23:30:00+08:00"}
        day = {"start": f"{tomorrow}T05:00:00+08:00", "end": f"{tomorrow}T08:00:00+08:00"}

        assert (await ask(district, one, **night))["reasons"] == ["outside_hours"]
        assert (await ask(district, one, **day))["status"] == "approved"

    async def test_a_hold_stands_until_lifted(self, district: District, person: Person) -> None:
        """The gate obeys health's events; a placing that arrives after its lifting changes nothing."""
        hold, target = new_id("hold"), {"target": HoldTarget.RESIDENT, "target_id": person.resident}
        placed = HoldPlaced(kind=HoldKind.FEVER, **target, cause="fever", placed_by="machine")
        lifted = HoldLifted(kind=HoldKind.FEVER, **target, basis="medical_note", lifted_by="w")
        await district.publish(Fact(placed, hold, person.room, 1))
        await district.until(lambda: district.db("gate").holds.find_one({"_id": hold}))

        assert (await ask(district, person, **window()))["reasons"] == ["fever_hold"]
        emergency = await ask(district, person, **window(), reason="emergency")
        assert emergency["status"] == "approved"
        assert (await district.event(ExitDecided, emergency["id"])).data.alert

        await district.publish(Fact(lifted, hold, person.room, 2))
        await district.until(lambda: district.db("gate").holds.find_one({"_id": hold, "active": False}))
        await district.publish(Fact(placed, hold, person.room, 1))

        assert (await ask(district, person, **window()))["status"] == "approved"

    async def test_cancelling_frees_the_place(self, district: District, person: Person) -> None:
        """Plans change; the household should not pay two days for it."""
        exit_ = await ask(district, person, **window())
        phone = district.phone(person.account)

        for _ in range(2):
            cancelled = await district.http("gate").post(f"/v1/exits/{exit_['id']}/cancel", headers=phone)
            assert cancelled.json()["status"] == "cancelled"

        assert (await ask(district, person, **window()))["status"] == "approved"

    async def test_the_same_key_creates_once(self, district: District, person: Person) -> None:
        """A phone on a bad line sends twice; another body under the key is refused."""
        headers = {**district.phone(person.account), "Idempotency-Key": "k1"}
        body = window()

        first, second = [await district.http("gate").post("/v1/exits", json=body, headers=headers) for _ in range(2)]
        other = await district.http("gate").post("/v1/exits", json=window(hours=1), headers=headers)

        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        assert other.status_code == 409
        assert other.json()["code"] == "idempotency_key_reused"
        assert await district.db("gate").exits.count_documents({"resident": person.resident}) == 1

    async def test_a_removed_resident_is_unknown(self, district: District, person: Person) -> None:
        """Even if the news of the verification comes after that of the removal."""
        late = somebody(person.room.rsplit(".", 3)[0])
        await district.publish(Fact(ResidentRemoved(removed_by="acc"), late.resident, late.room, 2))
        await district.until(lambda: district.db("gate").residents.find_one({"_id": late.resident}))
        event = await district.publish(verified(late))
        await district.until(lambda: district.db("gate").inbox.find_one({"_id": f"gate.resident_verified/{event}"}))

        answer = await district.http("gate").post("/v1/exits", json=window(), headers=district.phone(late.account))

        assert answer.status_code == 409
        assert answer.json()["code"] == "not_verified"


async def quota(district: District, person: Person, **query: str) -> Any:
    asked = {"start": window()["start"], **query}
    return await district.http("gate").get("/v1/exits/quota", params=asked, headers=district.phone(person.account))


class TestQuota:
    async def test_everybody_of_a_household_sees_the_same_truth_before_asking(
        self, district: District, person: Person
    ) -> None:
        """Word for word what a request would be told; looking takes nothing, and cancelling shows at once."""
        compound = person.room.rsplit(".", 3)[0]
        other, neighbour = somebody(compound), somebody(compound, "b1.u1.r102")
        await settle(district, compound, other, neighbour)
        for one in (person, other, person):
            assert (await quota(district, one)).json() == {"free": True, "explanations": []}
        exit_ = await ask(district, person, **window())

        mine, theirs = [(await quota(district, one)).json() for one in (person, other)]
        refused = await ask(district, other, **window())

        assert mine == theirs == {"free": False, "explanations": refused["explanations"]}
        assert (await quota(district, neighbour)).json()["free"]
        opens = refused["explanations"][0]["params"]["next_opens"]
        assert (await quota(district, other, start=opens)).json()["free"]
        phone = district.phone(person.account)
        await district.http("gate").post(f"/v1/exits/{exit_['id']}/cancel", headers=phone)
        assert (await quota(district, other)).json()["free"]

    async def test_households_of_others_do_not_exist(self, district: District, person: Person) -> None:
        """Who of a household is out tells a burglar when nobody is at home."""
        stranger = somebody(person.room.rsplit(".", 3)[0], "b1.u1.r102")
        await settle(district, person.room.rsplit(".", 3)[0], stranger)
        await ask(district, person, **window())

        theirs = await quota(district, stranger, resident=person.resident)
        nobodys = await quota(district, stranger, resident=new_id("res"))
        unknown = await quota(district, somebody(district.new_compound()))

        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json()["code"] == nobodys.json()["code"]
        assert (unknown.status_code, unknown.json()["code"]) == (409, "not_verified")

    @pytest.mark.parametrize(
        ("start", "code"),
        [
            ("tomorrow", "time_format"),
            ("2026-02-07T12:00:00", "time_zone_missing"),
            ("2020-02-07T12:00:00Z", "period_invalid"),
            ("9999-12-31T23:59:59Z", "period_invalid"),
            ("0001-01-01T00:00:00Z", "period_invalid"),
        ],
    )
    async def test_what_no_rule_needs_to_see(self, district: District, person: Person, start: str, code: str) -> None:
        """The same starts as a request may have, and no others."""
        answer = await quota(district, person, start=start)

        assert answer.status_code == 422
        assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [("start", code)]
