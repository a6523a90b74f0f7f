"""One suite of scans over HTTP, AMQP and MQTT: whatever way a device comes, the same is answered and happens."""

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.gate import GateContradicted, GateScanned
from shared.ids import new_id
from shared.security.keys import Signer
from tests.district import District
from tests.integration.gate.test_scans import Post
from tests.integration.gate.ways import WAYS, Answer, Device, Way
from tests.residents import add_gate


class Lane(Post):
    """A gate with a device on one of the ways, and a resident with a pass."""

    way: Way

    async def connect(self, kind: str) -> "Lane":
        await self.open()
        self.device = await Device(self.district, self.compound, self.gate).make()
        self.way = await WAYS[kind](self.device).open()
        return self

    def expired(self) -> str:
        """Return the code of this pass as it was shown long enough ago."""
        _, payload, _ = self.token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        signer = Signer(self.district.environment["MENSHEN_PASS_KEYS"])
        return signer.sign(json.dumps({**claims, "exp": int(time.time()) - 1}).encode())

    async def present(self, temperature: float = 36.5, direction: str = "out", **other: Any) -> Answer:
        return await self.way.present(self.body(temperature, direction, **other))


@pytest.fixture(params=sorted(WAYS))
async def lane(request: pytest.FixtureRequest, district: District) -> AsyncIterator[Lane]:
    one = await Lane(district).connect(request.param)
    yield one
    await one.way.close()


def verdict(answer: Answer) -> tuple[str, list[str]]:
    assert answer["status"] == 200, answer
    return answer["scan"]["decision"], answer["scan"]["reasons"]


def fault(answer: Answer) -> tuple[int, str, str | None]:
    assert answer["scan"] is None
    return answer["status"], answer["error"]["code"], answer["error"]["field"]


class TestDecisions:
    async def test_out_and_home_again(self, lane: Lane) -> None:
        """The ordinary day: one exit, one return, and what the gate tells of them names the device."""
        out = await lane.present(sequence=1)
        home = await lane.present(36.6, "in", sequence=2)

        assert (verdict(out), verdict(home)) == (("allow", []), ("allow", []))
        assert out["scan"]["resident"] == {"label": "张**", "room": lane.person.room}
        told = (await lane.district.event(GateScanned, home["scan"]["id"])).data
        assert (told.device, told.sequence, told.decided_by_device) == (lane.device.id, 2, False)

    async def test_a_fever_is_measured_twice(self, lane: Lane) -> None:
        """The device's messages are taken in their order, so the second is the retest of the first."""
        first = await lane.present(38.2)
        retest = await lane.present(38.3)

        assert verdict(first) == ("recheck", ["fever_retest"])
        assert verdict(retest) == ("deny", ["fever_confirmed"])
        assert retest["scan"]["retest_of"] == first["scan"]["id"]

    async def test_an_ear_is_believed_at_once(self, lane: Lane) -> None:
        """A confirmed fever needs no second message."""
        assert verdict(await lane.present(38.2, site="ear")) == ("deny", ["fever_confirmed"])

    async def test_a_replay_is_refused(self, lane: Lane) -> None:
        """The pass that went out does not go out again."""
        await lane.present()

        assert verdict(await lane.present()) == ("deny", ["pass_already_used"])

    async def test_the_same_nonce_gets_the_same_answer(self, lane: Lane) -> None:
        """What is sent again because no answer came is the same scan."""
        body = lane.body()

        first, again = await lane.way.present(body), await lane.way.present(body)

        assert first == again
        assert await lane.district.db("gate").scans.count_documents({"gate": lane.gate}) == 1

    async def test_a_screenshot_is_too_old(self, lane: Lane) -> None:
        """A code of a minute and a half ago opens nothing, however it comes."""
        scans = lane.district.db("gate").scans
        old = await lane.present(token=lane.expired())

        assert verdict(old) == ("deny", ["qr_expired"])
        assert (await scans.find_one({"_id": old["scan"]["id"]}))["pass_id"] == lane.exit["pass"]["id"]

    async def test_an_unreadable_code_is_refused_and_kept(self, lane: Lane) -> None:
        """Refusals are scans too."""
        answer = await lane.present(token="not a code")

        assert verdict(answer) == ("deny", ["qr_unreadable"])
        assert await lane.district.db("gate").scans.find_one({"_id": answer["scan"]["id"]})


class TestRefusals:
    async def test_another_gate_is_not_the_devices_own(self, lane: Lane) -> None:
        """A device speaks for its own gate, and hears the same of gates that are there and that are not."""
        other = await add_gate(lane.district, lane.compound)

        answers = [await lane.present(gate=gate) for gate in (other, new_id("gate"))]

        assert [fault(one) for one in answers] == [(403, "device_mismatch", None)] * 2
        assert await lane.district.db("gate").scans.count_documents({"area": lane.compound}) == 0

    @pytest.mark.parametrize(
        ("bad", "code", "field"),
        [
            ({"temperature_c": 97.7}, "temperature_out_of_range", "temperature_c"),
            ({"temperature_c": "36.5"}, "temperature_type", "temperature_c"),
            ({"direction": "up"}, "field_value", "direction"),
            ({"role": "official"}, "unknown_field", "role"),
            ({"scanned_at": "2026-02-07"}, "time_format", "scanned_at"),
            ({"scanned_at": "2099-02-07T09:00:00Z"}, "time_in_future", "scanned_at"),
            ({"token": None}, "field_type", "token"),
            ({"sequence": 0}, "number_out_of_range", "sequence"),
            ({"sequence": "7"}, "field_type", "sequence"),
            ({"skew_s": 1e12}, "number_out_of_range", "skew_s"),
            ({"clock": "good"}, "field_value", "clock"),
        ],
        ids=lambda one: next(iter(one)) if isinstance(one, dict) else None,
    )
    async def test_bad_input_is_named(self, lane: Lane, bad: dict[str, Any], code: str, field: str) -> None:
        """The field and its code, the same words everywhere."""
        assert fault(await lane.present(**bad)) == (422, code, field)

    async def test_a_nonce_belongs_to_one_scan(self, lane: Lane) -> None:
        """Another scan under a used nonce waves nobody through."""
        body = lane.body()
        await lane.way.present(body)

        assert fault(await lane.way.present({**body, "temperature_c": 38.0})) == (409, "nonce_reused", None)


class TestDecidedAlready:
    async def test_what_happened_stays(self, lane: Lane) -> None:
        """A gate that had no network let the same pass out twice: both are kept, and the second is told."""
        at = datetime.now(UTC) - timedelta(minutes=5)
        offline = {"scanned_at": at.isoformat(), "decided": "allow"}
        first = await lane.present(**offline, sequence=1)
        again = await lane.present(**offline, sequence=2, clock="unverified", skew_s=-90.5)

        assert (verdict(first), verdict(again)) == (("allow", []), ("allow", []))
        assert (first["scan"]["disputed"], again["scan"]["disputed"]) == ([], ["pass_already_used"])
        assert again["scan"]["decided_by"] == "device"
        assert (first["scan"]["clock_skewed"], again["scan"]["clock_skewed"]) == (False, True)
        told = (await lane.district.event(GateContradicted, lane.exit["pass"]["id"])).data
        assert told.scans == [first["scan"]["id"], again["scan"]["id"]]
        assert told.reasons == ["pass_already_used"]

    async def test_its_refusals_too(self, lane: Lane) -> None:
        """The gate's own codes, whatever they are."""
        answer = await lane.present(decided="recheck", reasons=["list_too_old"])

        assert verdict(answer) == ("recheck", ["list_too_old"])

    async def test_reasons_belong_to_a_decision(self, lane: Lane) -> None:
        """Codes of nothing are a device's mistake."""
        assert fault(await lane.present(decided="let in")) == (422, "field_value", "decided")
        assert fault(await lane.present(decided="deny", reasons=["NO!"]))[:2] == (422, "field_type")
