"""What gates did without network, told afterwards: it stays as it happened, and what does not fit is told."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts import Fact
from shared.contracts.gate import GateContradicted, GateScanned
from shared.contracts.health import HoldPlaced
from shared.contracts.identity import DeviceChanged
from shared.contracts.values import DeviceKind, HoldKind, HoldTarget, Role
from shared.ids import new_id
from tests.district import District
from tests.integration.gate.test_scans import Post
from tests.people import somebody
from tests.residents import add_gate, ask, settle, window


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


class Box(Post):
    """A gate with a device that goes on deciding while its network is away."""

    async def boot(self) -> "Box":
        await self.open(**window(timedelta(minutes=-50)))
        self.device = await self.stand(self.gate)
        return self

    async def stand(self, gate: str, *, active: bool = True, sequence: int = 1, device: str | None = None) -> str:
        """Put a device at a gate, as identity would tell."""
        one = device or new_id("dev")
        changed = DeviceChanged(kind=DeviceKind.AGENT, gate=gate, active=active)
        await self.district.publish(Fact(changed, one, self.compound, sequence))
        devices = self.district.db("gate").devices
        await self.district.until(lambda: devices.find_one({"_id": one, "sequence": sequence}))
        return one

    def headers(self, device: str | None = None) -> dict[str, str]:
        return self.district.staff((Role.DEVICE, self.compound), account=device or self.device)

    async def deliver(self, *scans: dict[str, Any], device: str | None = None) -> list[dict[str, Any]]:
        answer = await self.district.http("gate").post(
            "/v1/scans/batch", json={"scans": list(scans)}, headers=self.headers(device)
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def was(self, decided: str, minutes: float, direction: str = "out", **other: Any) -> dict[str, Any]:
        """Return a scan that this gate decided some minutes ago."""
        at = {"scanned_at": ago(minutes).isoformat(), "decided": decided}
        return self.body(direction=direction, **{**at, **other})

    async def pass_(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.district.db("gate").passes.find_one({"_id": self.exit["pass"]["id"]})
        return found

    async def outside(self) -> list[str]:
        worker = self.district.staff((Role.COMMUNITY_WORKER, self.compound))
        query = {"area": self.compound}
        answer = await self.district.http("gate").get("/v1/outings", params=query, headers=worker)
        return [one["pass_id"] for one in answer.json()["items"]]


@pytest.fixture
async def box(district: District) -> Box:
    return await Box(district).boot()


class TestEventTime:
    async def test_an_exit_told_after_the_return_contradicts_nothing(self, box: Box) -> None:
        """Out without network, home at a gate with one, the exit told at last: one outing, whole."""
        home = await box.scan(direction="in")
        [out] = await box.deliver(box.was("allow", 30))

        assert home["reasons"] == ["no_exit_recorded"]
        assert out["scan"]["disputed"] == []
        after = await box.pass_()
        assert after["out_at"] == datetime.fromisoformat(out["scan"]["scanned_at"])
        assert after["in_at"] == datetime.fromisoformat(home["recorded_at"])
        assert await box.outside() == []

    async def test_whoever_was_let_out_again_is_outside(self, box: Box) -> None:
        """The spent pass opened an offline gate: that is disputed, but the person is out and must be known to be."""
        results = await box.deliver(
            box.was("allow", 30), box.was("allow", 20, "in"), box.was("allow", 10), box.was("allow", 5, "in")
        )

        assert [one["scan"]["disputed"] for one in results] == [[], [], ["pass_already_used"], []]
        assert await box.outside() == []
        [again] = await box.deliver(box.was("allow", 1))
        assert again["scan"]["disputed"] == ["pass_already_used"]
        assert await box.outside() == [box.exit["pass"]["id"]]

    @pytest.mark.parametrize(("minutes", "disputed"), [(20, []), (5, ["fever_hold"])])
    async def test_a_hold_binds_from_when_it_was_placed(self, box: Box, minutes: int, disputed: list[str]) -> None:
        """Of what was placed later the gate could not know, for nobody did."""
        hold = HoldPlaced(
            kind=HoldKind.FEVER,
            target=HoldTarget.RESIDENT,
            target_id=box.person.resident,
            cause="fever",
            placed_by="machine",
        )
        placed = new_id("hold")
        await box.district.publish(Fact(hold, placed, box.person.room, 1), ago(10))
        await box.district.until(lambda: box.district.db("gate").holds.find_one({"_id": placed}))

        [out] = await box.deliver(box.was("allow", minutes))

        assert out["scan"]["disputed"] == disputed
        assert await box.outside() == [box.exit["pass"]["id"]]


class TestContradiction:
    async def test_names_every_gate_that_let_the_pass_through(self, box: Box) -> None:
        """Two gates without network, one screenshot: the official sees both scans, the latest last."""
        west = await add_gate(box.district, box.compound)
        there = await box.stand(west)
        [first] = await box.deliver(box.was("allow", 20))

        [second] = await box.deliver(box.was("allow", 10, gate=west), device=there)

        told = await box.district.event(GateContradicted, box.exit["pass"]["id"])
        assert told.data.scans == [first["scan"]["id"], second["scan"]["id"]]
        assert told.data.gates == [box.gate, west]
        assert told.data.resident == box.person.resident
        assert told.area == box.person.room
        assert told.data.happened_at == datetime.fromisoformat(second["scan"]["scanned_at"])

    async def test_a_forged_code_that_was_let_through(self, box: Box) -> None:
        """Nobody's pass: the contradiction is the scan's own. The temperature counts all the same."""
        head, payload, signature = box.token.split(".")
        scan = box.was("allow", 3, token=f"{head}.{payload[:-2]}AA.{signature}", temperature_c=38.5, site="ear")

        [kept] = await box.deliver(scan)

        assert (kept["scan"]["decision"], kept["scan"]["disputed"]) == ("allow", ["qr_signature"])
        told = await box.district.event(GateContradicted, kept["scan"]["id"])
        assert (told.data.resident, told.data.scans) == (None, [kept["scan"]["id"]])
        scanned = (await box.district.event(GateScanned, kept["scan"]["id"])).data
        assert (scanned.fever, scanned.late, scanned.decided_by_device) == ("confirmed", True, True)

    async def test_a_refusal_is_none(self, box: Box) -> None:
        """A gate that refuses whom the service would have let out is careful, not contradictory."""
        [kept] = await box.deliver(box.was("deny", 3, reasons=["list_too_old"]))

        assert (kept["scan"]["reasons"], kept["scan"]["disputed"]) == (["list_too_old"], [])
        assert (await box.pass_())["out_at"] is None

    async def test_an_answer_that_was_not_waited_for(self, box: Box) -> None:
        """The service asked for a retest, the gate had opened: the answer stays, and the difference is told once."""
        body = box.body(33.0)
        asked = await box.post(body)
        did = {**body, "decided": "allow"}

        results = await box.deliver(did, did)

        assert asked.json()["decision"] == "recheck"
        assert [one["scan"] for one in results] == [asked.json()] * 2
        told = await box.district.event(GateContradicted, box.exit["pass"]["id"])
        assert (told.data.reasons, told.data.scans) == (["answer_ignored"], [asked.json()["id"]])
        assert await box.outside() == [box.exit["pass"]["id"]]
        [home] = await box.deliver(box.was("allow", 0, "in"))
        assert home["scan"]["disputed"] == []
        assert len(box.district.events(GateContradicted, box.exit["pass"]["id"])) == 1

    async def test_nobody_went_out_who_was_held_back(self, box: Box) -> None:
        """The service had let them out, the gate had not: the pass is good again."""
        body = box.body()
        assert (await box.post(body)).json()["decision"] == "allow"

        await box.deliver({**body, "decided": "deny", "reasons": ["fever_confirmed"]})

        assert await box.outside() == []
        assert (await box.scan())["decision"] == "allow"


class TestMarks:
    async def test_a_number_counted_twice_loses_no_scan(self, box: Box) -> None:
        """A device that was reset counts from one again; both scans are kept, the second is marked."""
        first, gap, again = await box.deliver(
            box.was("deny", 9, sequence=1), box.was("deny", 8, sequence=3), box.was("deny", 7, sequence=1)
        )

        assert [one["scan"]["marks"] for one in (first, gap, again)] == [[], ["sequence_gap"], ["sequence_repeated"]]
        assert await box.district.db("gate").scans.count_documents({"device": box.device}) == 3

    async def test_a_clock_that_is_known_to_be_off(self, box: Box) -> None:
        """The gate said by how much: from a minute on the scan is marked, either way."""
        results = await box.deliver(*(box.was("deny", 1, skew_s=skew) for skew in (60, -61, 0)))

        assert [one["scan"]["clock_skewed"] for one in results] == [False, True, False]

    async def test_nothing_happens_in_the_future(self, box: Box) -> None:
        """A clock hours ahead: the passage is kept at its own time, and counts as of now."""
        [out] = await box.deliver(box.was("allow", -180))

        assert (out["scan"]["clock_skewed"], out["scan"]["disputed"]) == (True, [])
        assert (await box.pass_())["out_at"] <= datetime.now(UTC)

    async def test_nothing_is_older_than_a_fortnight(self, box: Box) -> None:
        """No gate keeps a scan for that long; it takes no other with it."""
        old, young = await box.deliver(box.was("deny", 15 * 24 * 60), box.was("deny", 1))

        assert (old["status"], old["error"]["code"], old["error"]["field"]) == (422, "time_too_old", "scanned_at")
        assert young["status"] == 200


class TestWhoTookIt:
    async def test_is_kept_beside_who_delivered_it(self, box: Box) -> None:
        """A phone is handed on with what it has not delivered yet: nobody answers for another's scans."""
        guard, stranger = new_id("acc"), "a name"

        results = await box.deliver(
            box.was("allow", 30, taken_by=guard), box.was("allow", 10, "in"), box.was("deny", 5, taken_by=stranger)
        )

        kept = [await box.district.db("gate").scans.find_one({"_id": one["scan"]["id"]}) for one in results[:2]]
        assert [(one["scanned_by"], one["taken_by"]) for one in kept] == [(box.device, guard), (box.device, None)]
        assert (results[2]["status"], results[2]["error"]["field"]) == (422, "taken_by")


class TestWhoMaySpeak:
    async def test_a_device_of_its_own_gate(self, box: Box) -> None:
        """Any other gate is refused alike, whether it is there or not; a guard may stand at every gate."""
        west = await add_gate(box.district, box.compound)
        gate = box.district.http("gate")

        for other in (west, new_id("gate")):
            answer = await gate.post("/v1/scans", json=box.body(gate=other), headers=box.headers())
            assert (answer.status_code, answer.json()["code"]) == (403, "device_mismatch")
        found = await gate.post(
            "/v1/lookups", json={"gate": west, "id_number": "11010519491231002X"}, headers=box.headers()
        )
        assert found.json()["code"] == "device_mismatch"
        assert (await box.post(box.body(gate=west))).status_code == 200

    async def test_a_device_that_is_known_and_active(self, box: Box) -> None:
        """A token outlives its device by minutes; the gate does not wait for that."""
        gate = box.district.http("gate")
        stranger = box.headers(new_id("dev"))
        unknown = await gate.post("/v1/scans", json=box.body(), headers=stranger)
        await box.stand(box.gate, active=False, sequence=2, device=box.device)

        revoked = await gate.post("/v1/scans", json=box.body(), headers=box.headers())

        assert [one.json()["code"] for one in (unknown, revoked)] == ["device_unknown"] * 2
        assert [one.status_code for one in (unknown, revoked)] == [403, 403]
        [item] = await box.deliver(box.was("allow", 1))
        assert (item["status"], item["error"]["code"]) == (403, "device_unknown")

    async def test_late_news_of_a_device_change_nothing(self, box: Box) -> None:
        """A revoked device does not come back with an event that was delayed."""
        await box.stand(box.gate, active=False, sequence=3, device=box.device)
        await box.district.publish(
            Fact(DeviceChanged(kind=DeviceKind.AGENT, gate=box.gate, active=True), box.device, box.compound, 2)
        )
        marker = await box.stand(box.gate)

        assert marker
        answer = await box.district.http("gate").post("/v1/scans", json=box.body(), headers=box.headers())
        assert answer.status_code == 403


class TestExempt:
    async def test_a_medical_pass_says_so(self, district: District) -> None:
        """A gate without network has no other way to know that this pass passes holds."""
        compound, claims = district.new_compound(), []
        person = somebody(compound)
        await settle(district, compound, person)
        for reason in ("medical", "supplies"):
            exit_ = await ask(district, person, **window(), reason=reason)
            claims.append(claims_of(exit_["pass"]["token"]))

        assert [one.get("exm") for one in claims] == [True, None]


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found
