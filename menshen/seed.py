"""Fills a demo district, modelled on where it all began: Wannianbu subdistrict, its Jindou community, one compound.

Everything goes through the gateway as any client would do it, but for the first admin. Nobody in it exists.
"""

import csv
import io
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from stdnum.cn import ric

from menshen.secrets import write_private
from menshen.supervisor import CannotStart
from shared.contracts.settings import SETTINGS
from shared.security.masking import mask_id_number

SUBDISTRICT, COMMUNITY, COMPOUND = "wannianbu", "wannianbu.jindou", "wannianbu.jindou.c01"
AREAS = {SUBDISTRICT: "万年埠街道", COMMUNITY: "金斗社区", COMPOUND: "金斗花园"}
GATE = "东门"
ROLES = {
    "property_manager": COMPOUND,
    "guard": COMPOUND,
    "community_worker": COMPOUND,
    "official": SUBDISTRICT,
}
ZONE = ZoneInfo("Asia/Shanghai")
EVENING, MORNING = 19, 5
"""Between these hours an outing of the examples could meet the closed hours."""
HEADER = ("楼栋", "单元", "房号", "面积", "卧室", "客厅", "姓名", "身份证号", "电话", "关系")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙"
_GIVEN = ("建国", "秀英", "志强", "丽华", "晓明", "桂兰", "海涛", "玉梅")


@dataclass(frozen=True)
class Person:
    """An invented resident, as the roster has them."""

    building: str
    unit: str
    room: str
    name: str
    id_number: str
    phone: str
    relation: str

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the roster."""
        place = (self.building, self.unit, self.room, "89.5", "2", "1")
        return (*place, self.name, self.id_number, self.phone, self.relation)


@dataclass(frozen=True)
class DemoFacts:
    """Where the demo district is and who may enter; `guest` has not registered yet and is for the examples."""

    gateway: str
    amqp: str
    mongo: str
    gate: str
    accounts: Mapping[str, Mapping[str, str]]
    guest: Person

    def json(self) -> dict[str, Any]:
        """Return what scripts need to know."""
        return {
            "gateway": self.gateway,
            "amqp": self.amqp,
            "mongo": self.mongo,
            "subdistrict": SUBDISTRICT,
            "community": COMMUNITY,
            "compound": COMPOUND,
            "gate": self.gate,
            "accounts": {role: dict(account) for role, account in self.accounts.items()},
        }

    def lines(self) -> list[str]:
        """Return what to print: addresses, accounts, and five calls that work when pasted."""
        width = max(len(role) for role in self.accounts)
        accounts = (
            f"  {role:<{width}}  {account['username']}  {account['password']}"
            for role, account in self.accounts.items()
        )
        return [
            f"Documentation: {self.gateway}/docs   RabbitMQ: {self.amqp}   MongoDB: {self.mongo}",
            f"Demo accounts of {COMPOUND}, by role, username and password:",
            *accounts,
            f"The main job, to be pasted line by line ({self.guest.name} of {self.guest.building} goes out):",
            *self._calls(),
        ]

    def _calls(self) -> Iterator[str]:
        json_type, phone, guard = "Content-Type: application/json", self.guest.phone, self.accounts["guard"]
        pick = """sed -E 's/.*"access_token":"([^"]*)".*/\\1/'"""
        yield f"""curl -s {self.gateway}/v1/auth/codes -H '{json_type}' -d '{{"phone":"{phone}"}}'"""
        code = f"""$(curl -s {self.gateway}/v1/demo/codes/{phone} | sed -E 's/.*"code":"([0-9]*)".*/\\1/')"""
        yield (
            f"""RESIDENT=$(curl -s {self.gateway}/v1/auth/tokens -H '{json_type}' """
            f"""-d '{{"grant":"code","phone":"{phone}","code":"'{code}'"}}' | {pick})"""
        )
        yield (
            f"""PASS=$(curl -s {self.gateway}/v1/residents -H "Authorization: Bearer $RESIDENT" -H '{json_type}' """
            f"""-d '{self._registration()}' | tee /dev/stderr | sed -E 's/.*"token":"([^"]*)".*/\\1/')"""
        )
        signing_in = json.dumps({"grant": "password", **guard}, separators=(",", ":"))
        yield f"GUARD=$(curl -s {self.gateway}/v1/auth/tokens -H '{json_type}' -d '{signing_in}' | {pick})"
        yield (
            f"""curl -s {self.gateway}/v1/scans -H "Authorization: Bearer $GUARD" -H '{json_type}' -d """
            f"""'{{"token":"'$PASS'","gate":"{self.gate}","direction":"out","temperature_c":36.5,"""
            f""""nonce":"'$(date +%s%N)'","scanned_at":"'$(date -u +%FT%TZ)'"}}'"""
        )

    def _registration(self) -> str:
        one = self.guest
        room = {"building": one.building, "unit": one.unit, "room": one.room}
        window = {"start": "'$(date -u +%FT%TZ)'", "end": "'$(date -u -d +2hours +%FT%TZ)'", "reason": "supplies"}
        body = {"name": one.name, "area": COMPOUND, "room": room, "id_number": one.id_number, "exit": window}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


async def seed(gateway: str, folder: Path, environment: Mapping[str, str]) -> DemoFacts:
    """Make what is missing of the demo district, write `demo.json`, and return what to tell; repeating is harmless.

    Raises `CannotStart` with one sentence when a service refuses.
    """
    accounts = _accounts(folder / "demo-accounts.json")
    mongo = environment.get("MENSHEN_MONGO_URL") or environment["MONGO_URL"]
    told = folder / "demo.json"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        seeding = _Seeding(gateway, http, accounts)
        there = await seeding.has_admin()
        if not there:
            # Loads all of a service, which takes two seconds: not at every start.
            from services.identity.main import create_admin  # noqa: PLC0415

            admin, prefix = accounts["admin"], environment.get("MENSHEN_DB_PREFIX", "menshen_")
            await create_admin(mongo, prefix, admin["username"], admin["password"], SUBDISTRICT)
        if not (there and told.exists()):  # what is told was made before, to its end
            await seeding.make()
        gate, guest = await seeding.open()
    amqp = environment.get("MENSHEN_AMQP_URL") or environment["AMQP_URL"]
    facts = DemoFacts(gateway, amqp, mongo, gate, accounts, guest)
    write_private(told, json.dumps(facts.json(), indent=2, ensure_ascii=False))
    return facts


def _accounts(path: Path) -> dict[str, dict[str, str]]:
    # Kept before any account is made: a start that was cut short goes on with the same passwords.
    if path.exists():
        kept: dict[str, dict[str, str]] = json.loads(path.read_text())
        return kept
    mark = secrets.token_hex(2)
    made = {role: {"username": f"{role}-{mark}", "password": secrets.token_urlsafe(12)} for role in (*ROLES, "admin")}
    write_private(path, json.dumps(made, indent=2))
    return made


class _Seeding:
    def __init__(self, gateway: str, http: aiohttp.ClientSession, accounts: Mapping[str, Mapping[str, str]]) -> None:
        self._gateway = gateway
        self._http = http
        self._accounts = accounts

    async def has_admin(self) -> bool:
        """Tell whether the first admin was made already."""
        return "access_token" in await self._sign_in_answer("admin", also=401)

    async def make(self) -> None:
        """Make what is missing of areas, staff and the roster."""
        admin = await self._sign_in("admin")
        for area, name in AREAS.items():
            await self._call("POST", "/v1/areas", admin, {"id": area, "name": name}, also=409)
        for role, area in ROLES.items():
            body = {**self._accounts[role], "grants": [{"role": role, "area": area}]}
            await self._call("POST", "/v1/staff", admin, body, also=409)
        await self._import(await self._sign_in("property_manager"), list(_people()))

    async def open(self) -> tuple[str, Person]:
        """Let the examples work tonight too; return the gate's id and somebody who has not registered yet."""
        await self._open_tonight(await self._sign_in("official"))
        manager = await self._sign_in("property_manager")
        return await self._gate(manager), await self._guest(manager, list(_people()))

    async def _sign_in(self, role: str) -> str:
        return str((await self._sign_in_answer(role))["access_token"])

    async def _sign_in_answer(self, role: str, also: int | None = None) -> dict[str, Any]:
        return await self._call("POST", "/v1/auth/tokens", None, {"grant": "password", **self._accounts[role]}, also)

    async def _open_tonight(self, official: str) -> None:
        now = datetime.now(ZONE)
        if MORNING <= now.hour < EVENING:
            return
        area = await self._call("GET", f"/v1/areas/{COMPOUND}", official)
        if area["settings"]["exit.closed_hours"]["value"] is None:
            return
        day = now.date() + timedelta(days=1 if now.hour >= EVENING else 0)
        morning = datetime(day.year, day.month, day.day, MORNING, tzinfo=ZONE).astimezone(UTC)
        usual = SETTINGS["exit.closed_hours"].default
        settings = [
            {"key": "exit.closed_hours", "value": None},
            {"key": "exit.closed_hours", "value": usual, "starts": morning.isoformat()},
        ]
        await self._call("PUT", f"/v1/areas/{COMPOUND}/settings", official, {"settings": settings})

    async def _import(self, manager: str, people: list[Person]) -> None:
        table = io.StringIO()
        csv.writer(table).writerows([HEADER, *(person.row for person in people)])
        form = aiohttp.FormData({"area": COMPOUND})
        form.add_field("file", table.getvalue().encode("utf-8-sig"), filename="roster.csv", content_type="text/csv")
        await self._call("POST", "/v1/rosters", manager, form)

    async def _gate(self, manager: str) -> str:
        gates = await self._call("GET", "/v1/gates", manager)
        for gate in gates["items"]:
            if gate["area"] == COMPOUND and gate["name"] == GATE:
                return str(gate["id"])
        made = await self._call("POST", "/v1/gates", manager, {"area": COMPOUND, "name": GATE})
        return str(made["id"])

    async def _guest(self, manager: str, people: list[Person]) -> Person:
        path = f"/v1/residents?area={COMPOUND}&status=verified&limit=200"
        verified = (await self._call("GET", path, manager))["items"]
        homes, numbers = {one["household"] for one in verified}, {one["id_number"] for one in verified}
        fresh = [one for one in people if mask_id_number(one.id_number) not in numbers]
        alone = [one for one in fresh if _household(one) not in homes]
        return (alone or fresh or people)[0]

    async def _call(
        self, method: str, path: str, token: str | None, body: Any = None, also: int | None = None
    ) -> dict[str, Any]:
        headers = {"Accept-Language": "en", **({"Authorization": f"Bearer {token}"} if token else {})}
        content = {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body} if body else {}
        async with self._http.request(method, self._gateway + path, headers=headers, **content) as answer:
            if answer.status >= 300 and answer.status != also:
                raise CannotStart(f"the demo district cannot be seeded: {method} {path} gave {await answer.text()}")
            said: dict[str, Any] = await answer.json(content_type=None)
            return said


def _people() -> Iterator[Person]:
    """Invent the same families every time: three buildings, two units, four floors, two rooms on each.

    The numbers follow the rules and belong to nobody on purpose: order numbers from 900 on.
    """
    for home in range(48):
        building, rest = divmod(home, 16)
        unit, rest = divmod(rest, 8)
        floor, side = divmod(rest, 2)
        place = (f"{building + 1}栋", f"{unit + 1}单元", f"{floor + 1}0{side + 1}室")
        surname = _SURNAMES[home % len(_SURNAMES)]
        for member, relation in enumerate(("业主", "家属")):
            born = f"{1950 + home}{member * 6 + 1:02d}{home % 28 + 1:02d}"
            head = f"340111{born}{900 + home * 2 + member}"
            number = head + ric.calc_check_digit(head + "0")
            name = surname + _GIVEN[(home * 2 + member) % len(_GIVEN)]
            yield Person(*place, name, number, f"199{home:04d}{member:04d}", relation)


def _household(person: Person) -> str:
    digits = ("".join(filter(str.isdigit, part)) for part in (person.building, person.unit, person.room))
    building, unit, room = digits
    return f"{COMPOUND}.b{building}.u{unit}.r{room}"
