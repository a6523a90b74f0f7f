"""Areas and their settings, from outside."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.identity import AreaChanged
from shared.contracts.values import Role
from tests.integration.identity.compound import Compound
from tests.roster import owner


async def put(compound: Compound, *settings: dict[str, Any], area: str | None = None, **headers: str) -> Any:
    path = f"/v1/areas/{area or compound.area}/settings"
    body = {"settings": list(settings)}
    return await compound.http.put(path, json=body, headers={**compound.official, **headers})


class TestSettings:
    async def test_the_nearest_area_wins(self, compound: Compound) -> None:
        """A compound's value before its subdistrict's, and that before the default."""
        await put(compound, {"key": "exit.max_hours", "value": 5}, area=compound.root)
        await put(compound, {"key": "exit.interval_days", "value": 3}, area=compound.root)
        seen = (await put(compound, {"key": "exit.max_hours", "value": 2})).json()["settings"]

        assert (seen["exit.max_hours"]["value"], seen["exit.max_hours"]["area"]) == (2, compound.area)
        assert (seen["exit.interval_days"]["value"], seen["exit.interval_days"]["area"]) == (3, compound.root)
        assert (seen["fever.threshold_c"]["value"], seen["fever.threshold_c"]["area"]) == (37.3, None)

    async def test_what_begins_tomorrow_is_told_today(self, compound: Compound) -> None:
        """The event carries history and future whole, so that nobody has to be told again at midnight."""
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()

        seen = (await put(compound, {"key": "exit.max_hours", "value": 2, "starts": tomorrow})).json()

        assert seen["settings"]["exit.max_hours"]["value"] == 3
        assert [one["value"] for one in seen["own"]] == [2]

        async def told() -> list[Any]:
            heard = compound.district.events(AreaChanged, compound.area)
            return [one for one in heard if one.sequence == 2]

        changed = (await compound.district.until(told))[0]
        assert [(one.key, one.value) for one in changed.data.settings] == [("exit.max_hours", 2)]

    async def test_the_past_is_not_changed(self, compound: Compound) -> None:
        """What was decided by a rule must stay explainable by it."""
        yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()

        answer = await put(compound, {"key": "exit.max_hours", "value": 2, "starts": yesterday})

        assert (answer.status_code, answer.json()["code"]) == (422, "setting_backdated")

    async def test_two_officials_do_not_overwrite_each_other(self, compound: Compound) -> None:
        """The second has to look first."""
        path = f"/v1/areas/{compound.area}"
        etag = (await compound.http.get(path, headers=compound.official)).headers["etag"]
        match = {"If-Match": etag}

        first = await put(compound, {"key": "exit.max_hours", "value": 2}, **match)
        second = await put(compound, {"key": "exit.max_hours", "value": 4}, **match)

        assert first.headers["etag"] != etag
        assert (second.status_code, second.json()["code"]) == (409, "version_conflict")

    async def test_every_fault_is_named_at_once(self, compound: Compound) -> None:
        """By its place in the list; nothing of it is stored."""
        bad = {"key": "exit.max_hours", "value": 99}, {"key": "nope", "value": 1}

        answer = await put(compound, {"key": "exit.interval_days", "value": 3}, *bad)

        assert {one["field"] for one in answer.json()["errors"]} == {"settings.1.value", "settings.2.key"}
        area = await compound.http.get(f"/v1/areas/{compound.area}", headers=compound.official)
        assert area.json()["version"] == 1


class TestTree:
    async def test_areas_need_one_above(self, compound: Compound) -> None:
        """A typing error must not start a second tree."""
        body = {"id": f"{compound.root}.nowhere.c01", "name": "x"}

        answer = await compound.http.post("/v1/areas", json=body, headers=compound.admin)

        assert (answer.status_code, answer.json()["code"]) == (404, "parent_unknown")

    async def test_outside_ones_areas_nothing_exists(self, compound: Compound) -> None:
        """Alike for what is there and what is not."""
        far = compound.district.staff((Role.OFFICIAL, compound.district.new_compound()))
        paths = f"/v1/areas/{compound.area}", f"/v1/areas?under={compound.area}", "/v1/areas/no.such"

        answers = [await compound.http.get(path, headers=far) for path in paths]

        assert [one.status_code for one in answers] == [404, 404, 404]

    async def test_a_tree_may_be_cut_above_its_rooms(self, compound: Compound) -> None:
        """A board names compounds; the thousands of rooms beneath them are not asked for."""
        await compound.import_roster(owner())
        path = f"/v1/areas?under={compound.root}&down_to="

        cut = await compound.http.get(path + "building", headers=compound.official)
        resident = await compound.http.get(path + "room", headers=compound.district.phone())
        odd = await compound.http.get(path + "planet", headers=compound.official)

        assert [one["level"] for one in cut.json()["items"]] == ["subdistrict", "community", "compound", "building"]
        assert resident.json()["items"][-1]["level"] == "compound"
        assert odd.status_code == 422

    async def test_residents_find_their_compound_and_no_room(self, compound: Compound) -> None:
        """Who lives behind which door is nobody's to list."""
        await compound.import_roster(owner())
        headers = compound.district.phone()

        listed = await compound.http.get(f"/v1/areas?under={compound.root}", headers=headers)

        assert [one["level"] for one in listed.json()["items"]] == ["subdistrict", "community", "compound"]
