"""The main job, as it is meant: everybody through the gateway, with real sign-ins and a real roster file."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from menshen.seed import seed
from tests.district import District
from tests.roster import Owner, owner, xlsx
from tests.sse import listening


@dataclass
class Town:
    """A fresh compound below the demo community, with its staff, as an admin sets it up."""

    district: District
    facts: dict[str, Any]
    compound: str
    gate: str = ""
    staff: dict[str, dict[str, str]] = field(default_factory=dict)
    nonces: Any = field(default_factory=lambda: (f"n{number}" for number in itertools.count()))

    async def call(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        return await self.district.http().request(method, path, headers=headers, **options)

    async def sign_in(self, username: str, password: str) -> dict[str, str]:
        body = {"grant": "password", "username": username, "password": password}
        answer = await self.call("POST", "/v1/auth/tokens", json=body)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def sign_in_by_phone(self, phone: str) -> dict[str, str]:
        assert (await self.call("POST", "/v1/auth/codes", json={"phone": phone})).status_code == 202
        code = (await self.call("GET", f"/v1/demo/codes/{phone}")).json()["code"]
        answer = await self.call("POST", "/v1/auth/tokens", json={"grant": "code", "phone": phone, "code": code})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def open(self) -> "Town":
        accounts = self.facts["accounts"]
        admin = await self.sign_in(**accounts["admin"])
        official = await self.sign_in(**accounts["official"])
        area = {"id": self.compound, "name": "测试小区"}
        assert (await self.call("POST", "/v1/areas", admin, json=area)).status_code == 201
        always = {"settings": [{"key": "exit.closed_hours", "value": None}]}
        settings = await self.call("PUT", f"/v1/areas/{self.compound}/settings", official, json=always)
        assert settings.status_code == 200, settings.text
        for role in ("property_manager", "guard", "community_worker"):
            secret = {"username": f"{role}-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
            grants = [{"role": role, "area": self.compound}]
            made = await self.call("POST", "/v1/staff", admin, json={**secret, "grants": grants})
            assert made.status_code == 201, made.text
            self.staff[role] = await self.sign_in(**secret)
        self.staff["official"] = official
        gate = {"area": self.compound, "name": "东门"}
        made = await self.call("POST", "/v1/gates", self.staff["property_manager"], json=gate)
        self.gate = made.json()["id"]
        return self

    async def import_roster(self, *owners: Owner) -> dict[str, Any]:
        answer = await self.call(
            "POST",
            "/v1/rosters",
            self.staff["property_manager"],
            data={"area": self.compound},
            files={"file": ("名册.xlsx", xlsx(*owners))},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def register(self, one: Owner, headers: dict[str, str], **more: Any) -> Any:
        room = {"building": one.building, "unit": one.unit, "room": one.room}
        body = {"name": one.name, "area": self.compound, "room": room, "id_number": one.number, **more}
        return await self.call("POST", "/v1/residents", headers, json=body)

    async def ask(self, headers: dict[str, str], **body: Any) -> dict[str, Any]:
        answer = await self.call("POST", "/v1/exits", headers, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def scan(self, token: str, temperature: float, direction: str, nonce: str | None = None) -> dict[str, Any]:
        body = {
            "token": token,
            "gate": self.gate,
            "direction": direction,
            "temperature_c": temperature,
            "nonce": nonce or next(self.nonces),
            "scanned_at": datetime.now(UTC).isoformat(),
        }
        answer = await self.call("POST", "/v1/scans", self.staff["guard"], json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask_until(self, headers: dict[str, str], wanted: str) -> dict[str, Any]:
        """Ask for supplies until the gate has heard the news; a refusal takes no place, so asking is harmless."""

        async def asked() -> dict[str, Any] | None:
            answer = await self.call("POST", "/v1/exits", headers, json=window())
            body: dict[str, Any] = answer.json()
            return body if wanted in (body.get("status"), *body.get("reasons", ())) else None

        found: dict[str, Any] = await self.district.until(asked, timeout=5)
        return found

    async def clear(self) -> None:
        """Lift the compound's one hold: the worker has seen the doctor's note."""
        worker = self.staff["community_worker"]
        holds = (await self.call("GET", "/v1/holds", worker, params={"area": self.compound})).json()["items"]
        note = {"basis": "medical_note", "note": "influenza"}
        answer = await self.call("POST", f"/v1/holds/{holds[0]['id']}/clear", worker, json=note)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
async def demo(district: District, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("demo")
    return (await seed(district.url("gateway"), folder, district.environment)).json()


@pytest.fixture
async def town(district: District, demo: dict[str, Any]) -> Town:
    return await Town(district, demo, f"{demo['community']}.t{secrets.token_hex(4)}").open()


def window(start_in: timedelta = timedelta(), hours: float = 2) -> dict[str, str]:
    start = datetime.now(UTC) + start_in
    return {"start": start.isoformat(), "end": (start + timedelta(hours=hours)).isoformat()}


class TestStory:
    async def test_of_the_seed(self, town: Town) -> None:
        """Import, register, go out, come home; a fever is stopped, told, cleared. No call leaves the gateway."""
        wang, li = owner("王小明"), owner("李小红", relation="家属")
        chen = owner("陈大文", room="601室")
        assert (await town.import_roster(wang, li, chen))["imported"] == 3
        again = await town.import_roster(wang, li, chen)
        assert (again["imported"], again["unchanged"]) == (0, 3)

        phone = await town.sign_in_by_phone(wang.phone)
        registered = await town.register(wang, phone, exit={**window(), "reason": "supplies"})
        assert registered.status_code == 201, registered.text
        first = registered.json()
        assert (first["status"], first["reasons"]) == ("verified", [])
        assert first["exit"]["status"] == "approved", first
        token = first["exit"]["pass"]["token"]
        repeated = await town.register(wang, phone, exit={**window(), "reason": "supplies"})
        assert (repeated.status_code, repeated.json()["id"]) == (200, first["id"])

        second = await town.ask(phone, **window(timedelta(days=2)))
        assert second["status"] == "approved"

        out = await town.scan(token, 36.5, "out", "out-1")
        home = await town.scan(token, 36.6, "in")
        assert (out["decision"], home["decision"]) == ("allow", "allow")
        assert await town.scan(token, 36.5, "out", "out-1") == out
        used = await town.scan(token, 36.5, "out")
        assert (used["decision"], used["reasons"]) == ("deny", ["pass_already_used"])

        other = await town.sign_in_by_phone(li.phone)
        assert (await town.register(li, other)).json()["status"] == "verified"
        refused = await town.ask_until(other, "household_quota_used")
        assert refused["reasons"] == ["household_quota_used"]
        assert refused["explanations"][0]["params"]["used_by"] == "王**"
        assert refused["explanations"][0]["params"]["next_opens"]

        patient = await town.sign_in_by_phone(chen.phone)
        ill = (await town.register(chen, patient, exit={**window(), "reason": "medical"})).json()["exit"]
        stream_of = {"area": town.compound, "kinds": "fever,clue"}
        async with listening(town.district.http(), town.staff["official"], **stream_of) as stream:
            hot = await town.scan(ill["pass"]["token"], 38.2, "out")
            retest = await town.scan(ill["pass"]["token"], 38.3, "out")
            assert (hot["decision"], retest["decision"]) == ("recheck", "deny")
            alert = (await stream.next())[0]
        assert alert.event == "fever"
        assert town.compound in str(alert.data)
        assert chen.name not in str(alert.data)

        assert (await town.ask_until(patient, "fever_hold"))["status"] == "refused"
        await town.clear()
        assert (await town.ask_until(patient, "approved"))["reasons"] == []

    async def test_a_stream_misses_nothing_and_repeats_nothing(self, town: Town) -> None:
        """Cut anywhere, resumed by `Last-Event-ID`: the union of what came is the feed, in order."""
        people = [owner(f"王小{digit}") for digit in "一二三四五六"]
        await town.import_roster(*people)
        tokens = []
        for one in people:
            headers = await town.sign_in_by_phone(one.phone)
            answer = await town.register(one, headers, exit={**window(), "reason": "medical"})
            tokens.append(answer.json()["exit"]["pass"]["token"])
        where = {"area": town.compound, "kinds": "fever"}
        official, client = town.staff["official"], town.district.http()

        async def fever(token: str) -> None:
            await town.scan(token, 38.5, "out")
            await town.scan(token, 38.5, "out")

        async with listening(client, official, **where) as stream:
            for token in tokens[:2]:
                await fever(token)
            seen = list(await stream.next(2))
        for token in tokens[2:4]:
            await fever(token)
        async with listening(client, official, last=seen[-1].id, **where) as stream:
            for token in tokens[4:]:
                await fever(token)
            seen += await stream.next(4)
        async with listening(client, official, last=seen[2].id, **where) as stream:
            repeated = await stream.next(3)

        assert [int(item.id) for item in seen] == list(range(int(seen[0].id), int(seen[0].id) + 6))
        assert len({item.data["cause"] for item in seen}) == 6
        assert repeated == seen[3:]
