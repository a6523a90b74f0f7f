"""Scans, from outside: what the guard's device sends and gets."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts import Fact
from shared.contracts.gate import GateScanned
from shared.contracts.health import HoldPlaced
from shared.contracts.values import HoldKind, HoldTarget, Role
from shared.ids import new_id
from tests.district import District
from tests.people import id_number, somebody, verified
from tests.residents import add_gate, ask, settle, window


class Post:
    """A gate with its guard, and a resident with a pass."""

    def __init__(self, district: District) -> None:
        self.district = district
        self.compound = district.new_compound()
        self.guard = district.staff((Role.GUARD, self.compound))
        self.person = somebody(self.compound)
        self.count = 0

    async def open(self, **exit_: Any) -> "Post":
        await settle(self.district, self.compound, self.person)
        self.gate = await add_gate(self.district, self.compound)
        self.exit = await ask(self.district, self.person, **(exit_ or window()))
        self.token = self.exit["pass"]["token"]
        return self

    def body(self, temperature: float = 36.5, direction: str = "out", **other: Any) -> dict[str, Any]:
        self.count += 1
        return {
            "token": self.token,
            "gate": self.gate,
            "direction": direction,
            "temperature_c": temperature,
            "nonce": f"n{self.count}",
            "scanned_at": datetime.now(UTC).isoformat(),
            **other,
        }

    async def post(self, body: dict[str, Any], path: str = "/v1/scans") -> Any:
        return await self.district.http("gate").post(path, json=body, headers=self.guard)

    async def scan(self, temperature: float = 36.5, direction: str = "out", **other: Any) -> dict[str, Any]:
        answer = await self.post(self.body(temperature, direction, **other))
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def post(district: District) -> Post:
    return await Post(district).open()


class TestScan:
    async def test_out_and_home_again(self, post: Post) -> None:
        """One exit and one return per outing; then the pass is spent both ways."""
        out = await post.scan()
        home = await post.scan(36.6, "in")
        again = await post.scan(36.6, "in")
        out_again = await post.scan()

        assert [out["decision"], home["decision"]] == ["allow", "allow"]
        assert out["resident"] == {"label": "张**", "room": post.person.room}
        assert again["reasons"] == out_again["reasons"] == ["pass_already_used"]

    async def test_holder_sees_when_the_pass_was_used(self, post: Post) -> None:
        """The phone shows whether one is outside, and stops showing a code that opens no gate any more."""
        me, path = post.district.phone(post.person.account), f"/v1/passes/{post.exit['pass']['id']}"
        asked = post.exit["pass"]
        out = await post.scan()
        outside = (await post.district.http("gate").get(path, headers=me)).json()
        home = await post.scan(36.6, "in")
        exit_ = (await post.district.http("gate").get(f"/v1/exits/{post.exit['id']}", headers=me)).json()

        assert (asked["out_at"], asked["in_at"]) == (None, None)
        assert (outside["out_at"], outside["in_at"]) == (out["recorded_at"], None)
        assert (exit_["pass"]["out_at"], exit_["pass"]["in_at"]) == (out["recorded_at"], home["recorded_at"])

    async def test_the_same_nonce_gets_the_same_answer(self, post: Post) -> None:
        """A device that heard nothing sends again; the person went out once, and the answer does not change."""
        body = post.body()
        first = await post.post(body)
        await post.scan(36.6, "in")

        second = await post.post(body)

        assert second.json() == first.json()
        assert len(post.district.events(GateScanned, first.json()["id"])) <= 1
        assert await post.district.db("gate").scans.count_documents({"gate": post.gate}) == 2

    async def test_a_nonce_belongs_to_one_scan(self, post: Post) -> None:
        """A device that counts from one again after a restart must not wave the second person through."""
        body = post.body()
        await post.post(body)

        answer = await post.post({**body, "temperature_c": 38.0})

        assert answer.status_code == 409
        assert answer.json()["code"] == "nonce_reused"

    async def test_fifty_at_once_let_one_through(self, post: Post) -> None:
        """A screenshot sent to fifty friends opens the gate once."""
        answers = await asyncio.gather(*(post.scan() for _ in range(50)))

        assert sorted(answer["decision"] for answer in answers) == ["allow"] + ["deny"] * 49
        assert {tuple(answer["reasons"]) for answer in answers} == {(), ("pass_already_used",)}

    async def test_a_fever_is_measured_twice(self, post: Post) -> None:
        """A forehead in the sun is no fever; its retest decides."""
        first = await post.scan(38.2)
        retest = await post.scan(38.3)

        assert (first["decision"], first["reasons"]) == ("recheck", ["fever_retest"])
        assert (retest["decision"], retest["reasons"]) == ("deny", ["fever_confirmed"])
        assert retest["retest_of"] == first["id"]

    async def test_a_normal_retest_lets_out(self, post: Post) -> None:
        """Then nothing was wrong."""
        await post.scan(38.2)

        assert (await post.scan(36.9))["decision"] == "allow"

    async def test_an_ear_is_believed_at_once(self, post: Post) -> None:
        """Only forehead and wrist are retested."""
        assert (await post.scan(37.3, site="ear"))["reasons"] == ["fever_confirmed"]

    async def test_winter_air_is_no_temperature(self, post: Post) -> None:
        """Below 35.0 nothing was measured; the pass is not used up by that."""
        assert (await post.scan(33.1))["reasons"] == ["temperature_low"]
        assert (await post.scan(36.4))["decision"] == "allow"

    async def test_nobody_is_locked_out_of_their_home(self, post: Post) -> None:
        """A fever on the way in: let in, told to isolate."""
        await post.scan()

        home = await post.scan(38.5, "in", site="ear")

        assert home["decision"] == "allow"
        assert home["reasons"] == ["fever_confirmed", "isolate_at_home"]

    async def test_a_hold_stops_a_pass_given_before(self, post: Post) -> None:
        """The pass was good this morning; the fever came at noon."""
        hold = new_id("hold")
        placed = HoldPlaced(
            kind=HoldKind.FEVER,
            target=HoldTarget.RESIDENT,
            target_id=post.person.resident,
            cause="fever",
            placed_by="machine",
        )
        await post.district.publish(Fact(placed, hold, post.person.room, 1))
        await post.district.until(lambda: post.district.db("gate").holds.find_one({"_id": hold}))

        assert (await post.scan())["reasons"] == ["fever_hold"]

    @pytest.mark.parametrize(
        ("token", "reason"),
        [("not a code", "qr_unreadable"), ("a.b", "qr_unreadable"), ("x" * 4000, "qr_unreadable")],
    )
    async def test_what_is_no_code_is_said_so(self, post: Post, token: str, reason: str) -> None:
        """Refused, in words for the guard, and stored: every refusal is."""
        answer = await post.scan(token=token)

        assert (answer["decision"], answer["reasons"], answer["resident"]) == ("deny", [reason], None)
        assert await post.district.db("gate").scans.find_one({"_id": answer["id"]})

    async def test_a_forged_code_is_never_merely_expired(self, post: Post) -> None:
        """A changed payload, another key, or none at all: the signature does not hold."""
        head, payload, signature = post.token.split(".")
        forged = f"{head}.{payload[:-2]}AA.{signature}"
        none = f"eyJhbGciOiJub25lIn0.{payload}."

        assert (await post.scan(token=forged))["reasons"] == ["qr_signature"]
        assert (await post.scan(token=none))["reasons"][0] in {"qr_signature", "qr_unreadable"}

    async def test_every_scan_is_told(self, post: Post) -> None:
        """Refusals too; the event has the person's room and no name."""
        answer = await post.scan(33.0)

        told = await post.district.event(GateScanned, answer["id"])
        assert told.area == post.person.room
        assert told.data.decision == "recheck"
        assert not told.data.late

    async def test_another_compounds_gate_is_not_there(self, post: Post) -> None:
        """Outside of one's areas nothing exists."""
        stranger = post.district.staff((Role.GUARD, post.district.new_compound()))

        answer = await post.district.http("gate").post("/v1/scans", json=post.body(), headers=stranger)

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestBatch:
    async def test_good_ones_are_kept_in_order(self, post: Post) -> None:
        """An offline gate delivers later; one bad scan takes no good one with it."""
        at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
        scans = [
            post.body(scanned_at=at),
            {**post.body(), "temperature_c": "hot"},
            post.body(36.6, "in", scanned_at=at),
        ]
        results = (await post.post({"scans": scans}, "/v1/scans/batch")).json()["results"]

        assert [one["status"] for one in results] == [200, 422, 200]
        assert results[1]["error"]["code"] == "temperature_type"
        assert results[1]["error"]["field"] == "temperature_c"
        assert [one["scan"]["decision"] for one in results[::2]] == ["allow", "allow"]
        assert results[0]["scan"]["late"]

    async def test_the_batch_again_changes_nothing(self, post: Post) -> None:
        """An upload cut in the middle is repeated whole."""
        scans = [post.body(), post.body(36.6, "in")]
        first = await post.post({"scans": scans}, "/v1/scans/batch")

        assert (await post.post({"scans": scans}, "/v1/scans/batch")).json() == first.json()

    async def test_a_clock_ahead_is_kept_and_marked(self, post: Post) -> None:
        """The device is wrong, the passage is not."""
        ahead = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
        body = post.body(scanned_at=ahead)

        assert (await post.post(body)).json()["code"] == "time_in_future"
        result = (await post.post({"scans": [body]}, "/v1/scans/batch")).json()["results"][0]
        assert result["scan"]["clock_skewed"]

    async def test_five_thousand_at_most(self, post: Post) -> None:
        """A batch is bounded."""
        answer = await post.post({"scans": [{}] * 5001}, "/v1/scans/batch")

        assert (answer.status_code, answer.json()["code"]) == (422, "batch_size")


class TestPass:
    async def test_drawn_and_printed(self, post: Post) -> None:
        """The phone is never the only way; paper shows no full name."""
        phone, path = post.district.phone(post.person.account), f"/v1/passes/{post.exit['pass']['id']}"
        gate = post.district.http("gate")
        current, svg, png, paper = [
            await gate.get(path + end, headers=phone) for end in ("", "/qr.svg", "/qr.png", "/print")
        ]

        assert current.json()["token"]
        assert svg.headers["content-type"] == "image/svg+xml"
        assert svg.text.startswith("<svg")
        assert png.content.startswith(b"\x89PNG")
        assert "张**" in paper.text
        assert all(one.headers["cache-control"] == "no-store" for one in (current, svg, png, paper))

    async def test_of_others_is_not_there(self, post: Post) -> None:
        """A pass is its holder's alone."""
        path = f"/v1/passes/{post.exit['pass']['id']}"

        assert (await post.district.http("gate").get(path, headers=post.district.phone())).status_code == 404

    async def test_revoked_before_an_instant(self, post: Post) -> None:
        """Everything of this holder before t is void, whoever has a copy of it; what comes after is not."""
        worker = post.district.staff((Role.COMMUNITY_WORKER, post.compound))
        body = {"resident": post.person.resident, "reason": "lost phone"}
        answer = await post.district.http("gate").post("/v1/passes/revoke", json=body, headers=worker)

        assert answer.status_code == 200
        assert (await post.scan())["reasons"] == ["pass_revoked"]
        lists = await post.district.http("gate").get(
            "/v1/passes/revocations", params={"area": post.compound}, headers=post.guard
        )
        assert [one["holder"] for one in lists.json()["holders"]] == [post.person.resident.removeprefix("res_")]
        fresh = await ask(post.district, post.person, **window(), reason="medical")
        assert (await post.scan(token=fresh["pass"]["token"]))["decision"] == "allow"

    async def test_looked_up_by_id_number(self, district: District) -> None:
        """Without a phone the ID card leads to the same decision."""
        post, number = Post(district), id_number()
        await post.open()
        lookup = district.id_lookup(number)
        await district.publish(verified(post.person, lookup=lookup, sequence=2))
        await district.until(lambda: district.db("gate").residents.find_one({"id_lookup": lookup}))

        found = await post.post({"gate": post.gate, "id_number": number}, "/v1/lookups")
        unknown = await post.post({"gate": post.gate, "id_number": id_number()}, "/v1/lookups")

        assert found.json()["pass"]["id"] == post.exit["pass"]["id"]
        assert (await post.scan(token=found.json()["pass"]["token"]))["decision"] == "allow"
        assert unknown.status_code == 404


class TestOutings:
    async def test_who_is_outside(self, post: Post) -> None:
        """Who is outside now is known at any time."""
        manager = post.district.staff((Role.PROPERTY_MANAGER, post.compound))

        async def outside() -> list[str]:
            answer = await post.district.http("gate").get(
                "/v1/outings", params={"area": post.compound}, headers=manager
            )
            return [one["pass_id"] for one in answer.json()["items"]]

        before = await outside()
        await post.scan()
        during = await outside()
        await post.scan(36.6, "in")

        assert (before, during, await outside()) == ([], [post.exit["pass"]["id"]], [])
