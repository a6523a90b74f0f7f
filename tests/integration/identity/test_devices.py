"""Device accounts, from outside: who may make them, what their secret opens, and how it ends."""

import asyncio
import base64
import json
from typing import Any

import pytest

from shared.contracts.identity import AccountChanged, DeviceChanged
from shared.contracts.values import Grant, Role
from shared.ids import new_id
from tests.integration.identity.compound import Compound
from tests.integration.identity.fleet import Fleet


@pytest.fixture
async def fleet(compound: Compound) -> Fleet:
    return await Fleet(compound).open()


class TestAdd:
    async def test_says_where_the_device_speaks(self, fleet: Fleet) -> None:
        """Whoever installs the device needs nothing else: keys, topics, queue, name and secret."""
        made = await fleet.add(kind="turnstile", label="north gate, left")

        one, area = made["id"], fleet.area
        path = area.replace(".", "/")
        assert (made["kind"], made["gate"], made["area"], made["label"]) == (
            "turnstile",
            fleet.gate,
            area,
            "north gate, left",
        )
        assert (made["active"], made["version"], made["provisioned"]) == (True, 1, True)
        assert made["amqp"] == {
            "exchange": "menshen.devices",
            "scans": f"gate.scans.{area}.{one}",
            "heartbeats": f"gate.heartbeats.{area}.{one}",
            "decisions": f"menshen.device.{one}",
        }
        assert made["mqtt"] == {
            "client_id": one,
            "scans": f"gate/scans/{path}/{one}",
            "heartbeats": f"gate/heartbeats/{path}/{one}",
            "decisions": f"gate/decisions/{one}",
        }

    async def test_tells_the_others(self, fleet: Fleet) -> None:
        """The gate refuses devices that it has not heard of, every service the tokens of one that is gone."""
        made = await fleet.add()

        device = await fleet.district.event(DeviceChanged, made["id"])
        account = await fleet.district.event(AccountChanged, made["id"])

        assert (device.area, device.sequence) == (fleet.area, 1)
        assert (device.data.kind, device.data.gate, device.data.active) == ("reader", fleet.gate, True)
        assert (account.area, account.sequence, account.data.active) == (fleet.area, 1, True)
        assert account.data.grants == [Grant(role=Role.DEVICE, area=fleet.area)]

    async def test_the_same_key_makes_one_device_with_one_secret(self, fleet: Fleet) -> None:
        """The answer was lost on the way: without it again the device would have to be made twice."""
        headers = {**fleet.manager, "Idempotency-Key": new_id("key")}

        first, again = [await fleet.post(json=fleet.body(), headers=headers) for _ in range(2)]

        assert first.json() == again.json()
        assert await fleet.district.db("identity").devices.count_documents({"area": fleet.area}) == 1
        assert (await fleet.sign_in(first.json()["id"], again.json()["secret"])).status_code == 200

    @pytest.mark.parametrize("role", [Role.GUARD, Role.VOLUNTEER, Role.COMMUNITY_WORKER, Role.OFFICIAL, Role.DEVICE])
    async def test_is_for_managers_and_admins(self, fleet: Fleet, role: Role) -> None:
        """A device's word counts as a guard's, so not everybody makes one."""
        answer = await fleet.post(json=fleet.body(), headers=fleet.district.staff((role, fleet.area)))

        assert answer.status_code == 403

    async def test_other_compounds_do_not_exist(self, fleet: Fleet) -> None:
        """Nor do their devices: alike for one of others and for one that was never made."""
        made = await fleet.add()
        stranger = fleet.district.staff((Role.PROPERTY_MANAGER, fleet.district.new_compound()))

        answers = [await fleet.post(json=fleet.body(), headers=stranger)]
        for one in (made["id"], new_id("dev"), "dev_x"):
            answers += [await fleet.post(f"/{one}/{what}", headers=stranger) for what in ("rotate", "revoke")]
            answers.append(await fleet.http.get(f"/v1/devices/{one}", headers=stranger))
        answers.append(await fleet.http.get(f"/v1/devices?area={fleet.area}", headers=stranger))

        assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "not_found")}

    async def test_a_gate_is_one_of_the_compound(self, fleet: Fleet) -> None:
        """A reader that says it stands at another's gate would open it."""
        elsewhere = new_id("gate")
        await fleet.know(elsewhere, fleet.district.new_compound())

        for gate in (elsewhere, new_id("gate"), "x"):
            answer = await fleet.post(json=fleet.body(gate=gate))
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "gate")
            assert answer.json()["code"] == "gate_unknown"

    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"kind": "door"}, "field_value", "kind"),
            ({"gate": None}, "text_type", "gate"),
            ({"area": "A b"}, "area_format", "area"),
            ({"label": ""}, "field_length", "label"),
            ({"label": "\u202ex"}, "text_characters", "label"),
            ({"secret": "mine"}, "unknown_field", "secret"),
        ],
    )
    async def test_a_fault_names_its_field(self, fleet: Fleet, change: dict[str, Any], code: str, field: str) -> None:
        """And nobody brings a secret of their own."""
        answer = await fleet.post(json={**fleet.body(), **change})

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert [one["field"] for one in answer.json()["errors"]] == [field]

    async def test_a_device_belongs_to_a_compound(self, fleet: Fleet) -> None:
        """Not to a whole subdistrict, whose every gate it could then speak for."""
        answer = await fleet.post(json=fleet.body(area=fleet.compound.root), headers=fleet.compound.admin)

        assert (answer.status_code, answer.json()["code"]) == (422, "device_area")


class TestLook:
    async def test_shows_no_secret(self, fleet: Fleet) -> None:
        """It was shown once; whoever reads the list later cannot be the device."""
        made = await fleet.add()
        secret = made.pop("secret")

        one = await fleet.http.get(f"/v1/devices/{made['id']}", headers=fleet.compound.worker)
        listed = await fleet.http.get(f"/v1/devices?area={fleet.area}", headers=fleet.compound.official)

        assert one.json() == made
        assert listed.json() == {"items": [made], "next": None}
        assert secret not in one.text + listed.text

    async def test_comes_in_pages(self, fleet: Fleet) -> None:
        """A district has hundreds of gates."""
        ids = [(await fleet.add())["id"] for _ in range(3)]

        first = await fleet.http.get(f"/v1/devices?area={fleet.area}&limit=2", headers=fleet.manager)
        after = first.json()["next"]
        second = await fleet.http.get(f"/v1/devices?area={fleet.area}&limit=2&after={after}", headers=fleet.manager)

        assert [one["id"] for page in (first, second) for one in page.json()["items"]] == sorted(ids)
        assert second.json()["next"] is None


class TestSignIn:
    async def test_gives_an_access_token_alone(self, fleet: Fleet) -> None:
        """It names the device and its compound; the secret stays to sign in again, so there is nothing to refresh."""
        made = await fleet.add()

        answer = await fleet.sign_in(made["id"], made["secret"])

        assert answer.status_code == 200
        assert {**answer.json(), "access_token": ""} == {"access_token": "", "token_type": "Bearer", "expires_in": 900}
        claims = json.loads(_decoded(answer.json()["access_token"]))
        assert (claims["sub"], claims["grants"]) == (made["id"], [["device", fleet.area]])

    async def test_every_failure_reads_the_same(self, fleet: Fleet) -> None:
        """Wrong secret, another's, no such device, a revoked one: nobody learns which."""
        made, other, revoked = [await fleet.add() for _ in range(3)]
        await fleet.post(f"/{revoked['id']}/revoke")
        tries = [
            (made["id"], "wrong"),
            (made["id"], other["secret"]),
            (new_id("dev"), made["secret"]),
            ("", ""),
            (revoked["id"], revoked["secret"]),
        ]

        answers = [await fleet.sign_in(*one) for one in tries]

        assert {(one.status_code, one.json()["code"]) for one in answers} == {(401, "credentials_wrong")}

    async def test_is_limited_like_passwords(self, fleet: Fleet) -> None:
        """Ten wrong tries from one place; signing in rightly begins the count afresh."""
        made = await fleet.add()
        for _ in range(12):
            assert (await fleet.sign_in(made["id"], made["secret"])).status_code == 200

        answers = await asyncio.gather(*(fleet.sign_in(made["id"], "wrong") for _ in range(11)))

        assert sorted(one.status_code for one in answers) == [401] * 10 + [429]
        assert (await fleet.sign_in(made["id"], made["secret"])).status_code == 429

    async def test_takes_its_own_fields_only(self, fleet: Fleet) -> None:
        """And tells each that is missing or too much."""
        body = {"grant": "device", "device": "x", "refresh_token": "y"}

        answer = await fleet.http.post("/v1/auth/tokens", json=body)

        faults = [(one["field"], one["code"]) for one in answer.json()["errors"]]
        assert faults == [("secret", "field_missing"), ("refresh_token", "unknown_field")]


class TestEnd:
    async def test_a_new_secret_voids_all_of_the_old(self, fleet: Fleet) -> None:
        """The device was opened by a stranger: from now on only the new secret is it."""
        made = await fleet.add()
        token = await bearer(fleet, made)

        rotated = (await fleet.post(f"/{made['id']}/rotate")).json()

        assert (rotated["version"], rotated["active"], rotated["provisioned"]) == (2, True, True)
        assert (await fleet.sign_in(made["id"], made["secret"])).status_code == 401
        await fleet.district.until(lambda: void(fleet, token), timeout=5)
        assert not await void(fleet, await bearer(fleet, rotated))

    async def test_a_revoked_device_is_out_for_good(self, fleet: Fleet) -> None:
        """Its token too, within seconds and everywhere; repeating changes nothing, and there is no way back."""
        made = await fleet.add()
        token = await bearer(fleet, made)

        first, again = [await fleet.post(f"/{made['id']}/revoke") for _ in range(2)]
        back = await fleet.post(f"/{made['id']}/rotate")

        assert first.json() == again.json()
        assert (first.json()["active"], first.json()["version"], first.json()["provisioned"]) == (False, 2, True)
        assert (back.status_code, back.json()["code"]) == (409, "device_revoked")
        await fleet.district.until(lambda: void(fleet, token), timeout=5)
        told = [one for one in fleet.district.events(DeviceChanged, made["id"]) if one.sequence == 2]
        assert [one.data.active for one in told] == [False]


class TestSecrecy:
    async def test_a_secret_is_kept_nowhere(self, fleet: Fleet) -> None:
        """Not in any collection, kept answers and outbox included, and not in the log, whatever was asked for."""
        headers = {**fleet.manager, "Idempotency-Key": new_id("key")}
        made = (await fleet.post(json=fleet.body(), headers=headers)).json()
        await fleet.sign_in(made["id"], made["secret"])
        await fleet.sign_in(made["secret"], made["secret"])
        rotated = (await fleet.post(f"/{made['id']}/rotate")).json()

        database = fleet.district.db("identity")
        rows = [
            repr(row)
            for name in await database.list_collection_names()
            for row in await database[name].find().to_list(None)
        ]
        places = "\n".join(rows) + fleet.district.log("identity")
        assert made["id"] in places
        assert made["secret"] not in places
        assert rotated["secret"] not in places


async def bearer(fleet: Fleet, device: dict[str, Any]) -> dict[str, str]:
    answer = await fleet.sign_in(device["id"], device["secret"])
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def void(fleet: Fleet, headers: dict[str, str]) -> bool:
    return (await fleet.http.get("/v1/areas", headers=headers)).status_code == 401


def _decoded(token: str) -> bytes:
    payload = token.split(".")[1]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
