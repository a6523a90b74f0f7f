"""The main job, as it is meant: everybody through the gateway, with real sign-ins and a real roster file."""

from datetime import timedelta

from tests.roster import owner
from tests.sse import listening
from tests.town import Town, window


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
