"""A town as an admin sets it up, everything through the gateway: staff who sign in, a roster, residents, scans."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.district import District
from tests.roster import Owner, xlsx


def window(start_in: timedelta = timedelta(), hours: float = 2) -> dict[str, str]:
    start = datetime.now(UTC) + start_in
    return {"start": start.isoformat(), "end": (start + timedelta(hours=hours)).isoformat()}


@dataclass
class Town:
    """A fresh compound below the demo community, with its staff, as an admin sets it up."""

    district: District
    facts: dict[str, Any]
    compound: str
    gate: str = ""
    staff: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """User name and password of each role."""
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
        # A phone asks from the beginning of this minute on, and at night that must be open already.
        since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        always = {"settings": [{"key": "exit.closed_hours", "value": None, "starts": since}]}
        settings = await self.call("PUT", f"/v1/areas/{self.compound}/settings", official, json=always)
        assert settings.status_code == 200, settings.text
        for role in ("property_manager", "guard", "community_worker"):
            secret = {"username": f"{role}-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
            grants = [{"role": role, "area": self.compound}]
            made = await self.call("POST", "/v1/staff", admin, json={**secret, "grants": grants})
            assert made.status_code == 201, made.text
            self.staff[role] = await self.sign_in(**secret)
            self.secrets[role] = secret
        self.staff["official"] = official
        self.secrets["official"] = accounts["official"]
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
