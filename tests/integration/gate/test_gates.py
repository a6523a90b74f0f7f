"""What a gate is told for an outage, how it says that it is there, and that its silence is noticed."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.gate.handlers import judge_gate
from services.gate.store import GateStore
from shared.clock import utc_now
from shared.contracts import Fact
from shared.contracts.gate import GateAdded, GateHeard, GateSilent
from shared.contracts.health import HoldLifted, HoldPlaced
from shared.contracts.identity import AreaChanged
from shared.contracts.values import DatedSetting, HoldKind, HoldTarget, Role
from shared.ids import new_id
from shared.mongo import Mongo
from shared.work import Work
from tests.district import District
from tests.integration.gate.test_late_scans import Box, ago
from tests.people import somebody, verified
from tests.residents import add_gate, ask, window


@pytest.fixture
async def box(district: District) -> Box:
    return await Box(district).boot()


class TestGateAdded:
    async def test_is_told_with_its_name(self, district: District) -> None:
        """Identity makes devices only for gates that it knows."""
        compound = district.new_compound()

        gate = await add_gate(district, compound)

        told = await district.event(GateAdded, gate)
        assert (told.area, told.sequence, told.data.gate_name) == (compound, 1, "East")


class TestHeartbeat:
    async def beat(self, box: Box, headers: dict[str, str] | None = None, **body: Any) -> Any:
        data = {"gate": box.gate, **body}
        return await box.district.http("gate").post("/v1/heartbeats", json=data, headers=headers or box.headers())

    async def test_tells_the_time_and_how_far_off_the_device_is(self, box: Box) -> None:
        """Without a network time service the gate's own clock is set by this."""
        ahead = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()

        answer = (await self.beat(box, waiting=3, data_age_s=12.5, clock=ahead)).json()

        assert 85 < answer["skew_s"] < 91
        assert abs(datetime.fromisoformat(answer["server_time"]) - datetime.now(UTC)) < timedelta(seconds=10)
        kept = await box.district.db("gate").heard.find_one({"gate": box.gate})
        assert (kept["sender"], kept["waiting"], kept["data_age_s"]) == (box.device, 3, 12.5)
        assert (await self.beat(box)).json()["skew_s"] is None

    async def test_is_of_the_devices_own_gate(self, box: Box) -> None:
        """Or a stolen device could keep a gate from being missed."""
        west = await add_gate(box.district, box.compound)
        stranger = box.district.staff((Role.GUARD, box.district.new_compound()))

        assert (await self.beat(box, gate=west)).json()["code"] == "device_mismatch"
        assert (await self.beat(box, stranger)).status_code == 404
        assert (await self.beat(box, box.guard)).status_code == 200

    @pytest.mark.parametrize(
        "bad", [{"waiting": -1}, {"waiting": "3"}, {"data_age_s": 1e12}, {"clock": "noon"}, {"x": 1}]
    )
    async def test_bad_input_is_named(self, box: Box, bad: dict[str, Any]) -> None:
        """One field at a time."""
        answer = await self.beat(box, **bad)

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(bad)))


class TestSilence:
    async def listed(self, box: Box) -> dict[str, Any]:
        manager = box.district.staff((Role.PROPERTY_MANAGER, box.compound))
        answer = await box.district.http("gate").get("/v1/gates", headers=manager)
        [one] = [one for one in answer.json()["items"] if one["id"] == box.gate]
        return one

    async def hush(self, box: Box, minutes: float) -> None:
        """Make all that was heard of a gate so long ago."""
        db = box.district.db("gate")
        await db.scans.update_many({"gate": box.gate}, {"$set": {"recorded_at": ago(minutes)}})
        await db.heard.update_many({"gate": box.gate}, {"$set": {"at": ago(minutes)}})

    async def test_a_quiet_gate_is_told_once_and_again_when_it_is_heard(self, box: Box) -> None:
        """A scan or a heartbeat is a sign of life; none for too long is an alert, and the next ends it."""
        await box.scan()
        assert (await self.listed(box))["silent_since"] is None
        await self.hush(box, 61)

        silent = await box.district.event(GateSilent, box.gate)

        assert (silent.area, silent.data.gate_name) == (box.compound, "East")
        listed = await self.listed(box)
        assert listed["silent_since"] == listed["last_heard"]
        assert datetime.fromisoformat(listed["last_heard"]) == silent.data.last_heard
        beat = {"gate": box.gate}
        await box.district.http("gate").post("/v1/heartbeats", json=beat, headers=box.headers())
        heard = await box.district.event(GateHeard, box.gate)
        assert heard.sequence == silent.sequence + 1
        assert heard.data.heard_at > silent.data.last_heard
        assert (await self.listed(box))["silent_since"] is None
        assert len(box.district.events(GateSilent, box.gate)) == 1

    async def test_a_gate_that_was_never_heard_is_not_missed(self, box: Box) -> None:
        """A gate is announced before anybody stands there; the other one tells that the sweep has been."""
        other = await Box(box.district).boot()
        await other.scan()
        await self.hush(other, 61)
        await box.district.event(GateSilent, other.gate)

        assert (await self.listed(box))["last_heard"] is None
        assert box.district.events(GateSilent, box.gate) == []

    async def test_a_compound_has_its_own_patience(self, box: Box) -> None:
        """The setting of the nearest area counts."""
        setting = DatedSetting(key="gate.silent_minutes", value=120, starts=ago(999))
        night = DatedSetting(key="gate.night_hours", value=None, starts=ago(999))
        area = AreaChanged(level="compound", name="c", settings=[setting, night])
        await box.district.publish(Fact(area, box.compound, box.compound, 2))
        await box.district.until(lambda: box.district.db("gate").areas.find_one({"_id": box.compound, "sequence": 2}))
        other = await Box(box.district).boot()
        for one in (box, other):
            await one.scan()
            await self.hush(one, 61)
        await box.district.event(GateSilent, other.gate)
        assert box.district.events(GateSilent, box.gate) == []

        await self.hush(box, 121)

        await box.district.event(GateSilent, box.gate)

    async def test_several_processes_tell_it_once(self, box: Box) -> None:
        """Each of them sweeps and finds the same; whoever comes second judges anew."""
        district, zone = box.district, ZoneInfo("Asia/Shanghai")
        await box.scan()
        await self.hush(box, 61)
        mongo = Mongo(district.urls.mongo, district.prefix + "gate")
        work = Work(mongo, GateStore, utc_now)

        await asyncio.gather(*(work.run(partial(judge_gate, zone), box.gate) for _ in range(5)))

        mongo.close()
        silent = await district.event(GateSilent, box.gate)
        gate = await district.db("gate").gates.find_one({"_id": box.gate})
        assert (gate["version"], gate["silent_since"]) == (2, silent.data.last_heard)
        assert len(district.events(GateSilent, box.gate)) == 1
        assert district.events(GateHeard, box.gate) == []


class TestOfflineData:
    async def fetch(self, box: Box, etag: str | None = None, headers: dict[str, str] | None = None) -> Any:
        sent = {**(headers or box.headers()), **({"If-None-Match": etag} if etag else {})}
        return await box.district.http("gate").get(f"/v1/gates/{box.gate}/offline-data", headers=sent)

    async def test_is_all_that_a_gate_needs(self, box: Box) -> None:
        """The keys, the rules, and when they are too old to be decided with."""
        data = (await self.fetch(box)).json()

        assert (data["gate"], data["area"]) == (box.gate, box.compound)
        assert (data["threshold_c"], data["retest_minutes"], data["fever_locks_out"]) == (37.3, 10, False)
        fresh, at = (datetime.fromisoformat(data[one]) for one in ("fresh_until", "at"))
        assert fresh - at == timedelta(hours=12)
        keys = await box.district.http("gate").get("/v1/passes/keys")
        assert data["keys"] == keys.json()
        assert [data[one] for one in ("revoked", "held", "outside", "ended")] == [[], [], [], []]

    async def test_names_whose_code_is_not_good_any_more(self, box: Box) -> None:
        """Who is out and may only come home, who is home, who was revoked."""
        used = box.exit["pass"]["id"]
        await box.scan()
        out = (await self.fetch(box)).json()
        await box.scan(direction="in")
        home = (await self.fetch(box)).json()
        worker = box.district.staff((Role.COMMUNITY_WORKER, box.compound))
        body = {"resident": box.person.resident, "reason": "lost phone"}
        await box.district.http("gate").post("/v1/passes/revoke", json=body, headers=worker)
        later = await ask(box.district, box.person, **window(timedelta(hours=1)), reason="medical")
        phone = box.district.phone(box.person.account)
        cancelled = await box.district.http("gate").post(f"/v1/exits/{later['id']}/cancel", headers=phone)
        assert cancelled.status_code == 200
        revoked = (await self.fetch(box)).json()

        assert (out["outside"], out["ended"]) == ([used], [])
        assert (home["outside"], home["ended"]) == ([], [used])
        assert [one["holder"] for one in revoked["revoked"]] == [box.person.resident.removeprefix("res_")]
        assert set(revoked["ended"]) == {used, later["pass"]["id"]}

    async def test_holds_are_resolved_to_holders(self, box: Box) -> None:
        """A pass names its holder only: holds on a household or on the compound are of everybody there."""
        district, gate = box.district, box.district.db("gate")
        partner, neighbour = somebody(box.compound), somebody(box.compound, "b1.u1.r102")
        abroad = somebody(district.new_compound())
        for one in (partner, neighbour, abroad):
            await district.publish(verified(one))
            await district.until(lambda one=one: gate.residents.find_one({"_id": one.resident}))

        async def hold(kind: HoldKind, target: HoldTarget, target_id: str, area: str) -> str:
            placed = HoldPlaced(kind=kind, target=target, target_id=target_id, cause="order", placed_by="acc_1")
            one = new_id("hold")
            await district.publish(Fact(placed, one, area, 1))
            await district.until(lambda: gate.holds.find_one({"_id": one, "active": True}))
            return one

        async def held() -> dict[str, list[str]]:
            return {f"res_{one['holder']}": one["kinds"] for one in (await self.fetch(box)).json()["held"]}

        await hold(HoldKind.FEVER, HoldTarget.RESIDENT, box.person.resident, box.person.room)
        await hold(HoldKind.OBSERVATION, HoldTarget.HOUSEHOLD, box.person.room, box.person.room)
        await hold(HoldKind.FEVER, HoldTarget.RESIDENT, abroad.resident, abroad.room)
        sealed = await hold(HoldKind.SEALED, HoldTarget.COMPOUND, box.compound, box.compound)
        everybody = await held()
        lifted = HoldLifted(
            kind=HoldKind.SEALED,
            target=HoldTarget.COMPOUND,
            target_id=box.compound,
            basis="dismissed",
            lifted_by="acc_1",
        )
        await district.publish(Fact(lifted, sealed, box.compound, 2))
        await district.until(lambda: gate.holds.find_one({"_id": sealed, "active": False}))

        assert everybody[box.person.resident] == ["compound_sealed", "fever_hold", "under_observation"]
        assert everybody[neighbour.resident] == ["compound_sealed"]
        assert abroad.resident not in everybody
        assert await held() == {
            box.person.resident: ["fever_hold", "under_observation"],
            partner.resident: ["under_observation"],
        }

    async def test_is_not_sent_twice(self, box: Box) -> None:
        """A gate asks every minute; only the time has changed, and that is in the header."""
        first = await self.fetch(box)
        same = await self.fetch(box, first.headers["etag"])
        await box.scan()
        changed = await self.fetch(box, first.headers["etag"])

        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["fresh-until"] >= first.headers["fresh-until"]
        assert (changed.status_code, changed.json()["outside"]) == (200, [box.exit["pass"]["id"]])

    async def test_is_for_those_at_the_gate(self, box: Box) -> None:
        """A guard of the compound, and the gate's own active device."""
        west = await box.stand(await add_gate(box.district, box.compound))
        answers = [
            await self.fetch(box, headers=headers)
            for headers in (
                box.guard,
                box.headers(west),
                box.headers(new_id("dev")),
                box.district.staff((Role.GUARD, box.district.new_compound())),
            )
        ]

        assert [one.status_code for one in answers] == [200, 403, 403, 404]
