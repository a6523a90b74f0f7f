"""A canary goes through the main job and every kind of error; then everything kept or written is searched for it."""

import json
from typing import Any

from tests.district import SERVICES
from tests.roster import cells, owner, xlsx
from tests.town import Town, window


async def dump(town: Town, service: str) -> str:
    """Return every document of a service's database as text, keys and all."""
    db = town.district.db(service)
    rows: list[Any] = []
    for name in await db.list_collection_names():
        rows += await db[name].find({}).to_list(None)
    return "\n".join(repr(row) for row in rows)


class TestCanary:
    async def test_is_nowhere_in_clear(self, town: Town) -> None:
        """ID number and phone are sealed wherever they rest; a name stays with identity; no log has any of them."""
        canary = owner("金丝雀鸟")
        await town.import_roster(canary)
        phone = await town.sign_in_by_phone(canary.phone)
        registered = await town.register(canary, phone, exit={**window(), "reason": "medical"})
        token = registered.json()["exit"]["pass"]["token"]
        await town.scan(token, 38.5, "out")
        await town.scan(token, 38.5, "out")
        wrong = {"name": canary.name, "id_number": canary.number, "phone": canary.phone, "extra": canary.number}
        errors = [
            await town.call("POST", "/v1/residents", phone, json=wrong),
            await town.call("POST", "/v1/scans", town.staff["guard"], json=wrong),
            await town.call("POST", "/v1/exits", phone, content=json.dumps(wrong)[:-1]),
            await town.call("POST", f"/v1/residents/{canary.number}/verify", town.staff["property_manager"], json={}),
            await town.call("POST", "/v1/lookups", town.staff["guard"], json={"gate": town.gate, **wrong}),
        ]
        mine = await town.call("GET", "/v1/residents/me", phone)

        texts = {"error": "".join(answer.text for answer in errors), "own view": mine.text}
        texts |= {f"log of {name}": town.district.log(name) for name in (*SERVICES, "gateway")}
        texts |= {f"database of {name}": await dump(town, name) for name in SERVICES}
        for where, text in texts.items():
            assert canary.number not in text, where
            assert canary.phone not in text, where
            if where != "database of identity":
                assert canary.name not in text, where
        assert all(answer.status_code in {400, 404, 415, 422} for answer in errors)
        assert len(texts["log of gate"]) > 0

    async def test_a_roster_row_in_error_is_not_repeated(self, town: Town) -> None:
        """The answer names row and column; the number that was wrong stays with whoever has the file, in no log."""
        canary = owner("金丝雀鸟")
        broken = type(canary)(
            canary.name, canary.number[:-1] + ("1" if canary.number[-1] != "1" else "2"), canary.phone
        )
        manager = town.staff["property_manager"]
        roster = {"data": {"area": town.compound}, "files": {"file": ("名册.xlsx", xlsx(broken))}}
        answer = await town.call("POST", "/v1/rosters", manager, **roster)
        given_back = await town.call("POST", "/v1/rosters/rejected", manager, **roster)
        logs = [town.district.log(name) for name in ("identity", "gateway")]

        rejected = answer.json()["rejected"]
        assert (rejected[0]["row"], rejected[0]["code"]) == (2, "id_number_checksum")
        assert cells(given_back.content)[1][7] == broken.number
        for text in (answer.text, *logs):
            assert broken.number not in text
            assert canary.name not in text
