"""Registration and its review, from outside."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.contracts.identity import ResidentPending, ResidentRejected, ResidentRemoved, ResidentVerified
from shared.contracts.values import Role
from tests.integration.identity.compound import Compound
from tests.people import phone
from tests.residents import window
from tests.roster import owner


class TestRegister:
    async def test_who_agrees_with_the_roster_is_verified_at_once(self, compound: Compound) -> None:
        """No human involved; every service learns a masked label and hashes, and no more."""
        wang = owner()
        await compound.import_roster(wang)

        answer = await compound.register(wang, await compound.sign_in(wang.phone))

        assert (answer.status_code, answer.json()["status"]) == (201, "verified")
        told = await compound.district.event(ResidentVerified, answer.json()["id"])
        assert (told.area, told.data.label) == (f"{compound.area}.b3.u1.r502", "王**")
        assert told.data.id_lookup == compound.district.id_lookup(wang.number)
        assert wang.name not in told.data.model_dump_json()

    async def test_the_pass_comes_in_the_same_breath(self, compound: Compound) -> None:
        """With a window, the answer holds the gate's decision and the pass."""
        wang = owner()
        await compound.import_roster(wang)
        headers = await compound.sign_in(wang.phone)

        exit_ = {**window(), "reason": "medical"}
        first = (await compound.register(wang, headers, exit=exit_)).json()
        again = await compound.register(wang, headers, exit=exit_)

        assert first["exit"]["pass"]["token"]
        assert (again.status_code, again.json()["id"]) == (200, first["id"])
        assert again.json()["exit"]["id"] == first["exit"]["id"]

    async def test_a_senseless_window_stores_nothing(self, compound: Compound) -> None:
        """Both fields are named, and the registration can be sent again."""
        wang = owner()
        await compound.import_roster(wang)
        headers = await compound.sign_in(wang.phone)
        now = datetime.now(UTC)
        reversed_ = {"start": now.isoformat(), "end": (now - timedelta(hours=1)).isoformat()}

        answer = await compound.register(wang, headers, exit=reversed_)

        assert answer.status_code == 422
        assert {one["field"] for one in answer.json()["errors"]} == {"exit.start", "exit.end"}
        assert (await compound.register(wang, headers)).status_code == 201

    async def test_twenty_at_once_are_one(self, compound: Compound) -> None:
        """An impatient thumb makes one registration: an index settles it."""
        wang = owner()
        await compound.import_roster(wang)
        headers = await compound.sign_in(wang.phone)

        answers = await asyncio.gather(*(compound.register(wang, headers) for _ in range(20)))

        assert sorted({one.status_code for one in answers}) == [200, 201], [one.text for one in answers]
        assert len({one.json()["id"] for one in answers}) == 1
        assert sum(one.status_code == 201 for one in answers) == 1

    async def test_an_idempotency_key_gives_the_first_answer(self, compound: Compound) -> None:
        """Whoever lost the answer gets the same one."""
        wang = owner()
        await compound.import_roster(wang)
        headers = {**await compound.sign_in(wang.phone), "Idempotency-Key": "k1"}

        first, again = [await compound.register(wang, headers) for _ in range(2)]

        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()

    async def test_a_stranger_cannot_take_a_registration(self, compound: Compound) -> None:
        """A wrong phone only waits; the owner with the right one takes the place."""
        wang = owner()
        await compound.import_roster(wang)
        thief, self_ = await compound.sign_in(phone()), await compound.sign_in(wang.phone)

        pending = (await compound.register(wang, thief)).json()
        owned = (await compound.register(wang, self_)).json()
        back = await compound.register(wang, thief)

        assert (pending["status"], pending["reasons"]) == ("pending", ["phone_differs"])
        assert (owned["id"], owned["status"]) == (pending["id"], "verified")
        assert (back.status_code, back.json()["code"]) == (409, "registered_already")

    async def test_an_unknown_compound_is_named(self, compound: Compound) -> None:
        """404 with the missing thing named, not a registration in the air."""
        headers = await compound.sign_in(phone())
        body = {"name": "王", "area": "no.such.place", "room": {"building": "1", "room": "1"}}

        answer = await compound.http.post("/v1/residents", json={**body, "id_number": owner().number}, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (404, "area_unknown")


class TestOnBehalf:
    async def test_family_registers_who_has_no_phone(self, compound: Compound) -> None:
        """Phones are common, not universal: grandmother must get out too."""
        wang, grandmother = owner(), replace(owner("李秀英", relation="家属"), phone="")
        await compound.import_roster(wang, grandmother)
        headers = await compound.sign_in(wang.phone)
        await compound.register(wang, headers)

        answer = await compound.register(grandmother, headers, on_behalf=True)

        assert answer.json()["status"] == "verified", answer.text
        mine = (await compound.http.get("/v1/residents/me", headers=headers)).json()
        assert [one["id"] for one in mine["others"]] == [answer.json()["id"]]

    async def test_strangers_do_not(self, compound: Compound) -> None:
        """Another household's account speaks for nobody here."""
        wang, chen = owner(), owner("陈大文", room="601室")
        await compound.import_roster(wang, chen)
        headers = await compound.sign_in(wang.phone)
        await compound.register(wang, headers)

        answer = await compound.register(chen, headers, on_behalf=True)

        assert (answer.status_code, answer.json()["code"]) == (403, "not_of_household")

    async def test_a_volunteer_does_in_their_area_alone(self, compound: Compound) -> None:
        """Outside of it nothing exists."""
        wang = owner()
        await compound.import_roster(wang)
        near = compound.district.staff((Role.VOLUNTEER, compound.area))
        far = compound.district.staff((Role.VOLUNTEER, compound.district.new_compound()))

        refused = await compound.register(wang, far, on_behalf=True)
        taken = await compound.register(wang, near, on_behalf=True)

        assert refused.status_code == 404
        assert taken.json()["status"] == "verified"


class TestReview:
    async def test_what_waits_is_shown_beside_what_looks_alike(self, compound: Compound) -> None:
        """The manager sees masked values and what agrees; nothing more is needed to decide."""
        chen = owner("陈大文")
        await compound.import_roster(chen)
        registered = await compound.register(replace(chen, name="陈大"), await compound.sign_in(chen.phone))

        path = f"/v1/residents?status=pending&area={compound.area}"
        listed = await compound.http.get(path, headers=compound.manager)

        item = listed.json()["items"][0]
        assert (item["id"], item["reasons"]) == (registered.json()["id"], ["name_differs"])
        assert item["alike"][0]["same"] == ["id_number", "phone", "room"]
        assert chen.number not in listed.text
        assert chen.phone not in listed.text
        assert (await compound.district.event(ResidentPending, item["id"])).data.reasons == ["name_differs"]

    async def test_a_decision_is_made_once(self, compound: Compound) -> None:
        """Verified is verified; the same word again is harmless, the opposite one refused."""
        chen = owner("陈大文")
        waiting = (await compound.register(chen, await compound.sign_in(chen.phone))).json()["id"]

        async def say(word: str, **body: str) -> int:
            path = f"/v1/residents/{waiting}/{word}"
            return (await compound.http.post(path, json=body or None, headers=compound.manager)).status_code

        assert [await say("verify"), await say("verify"), await say("reject", reason="no")] == [200, 200, 409]
        told = await compound.district.event(ResidentVerified, waiting)
        assert told.data.verified_by.startswith("acc_")

    async def test_the_rejected_see_why_and_may_try_again(self, compound: Compound) -> None:
        """A mistake must not lock anybody out."""
        chen = owner("陈大文")
        headers = await compound.sign_in(chen.phone)
        waiting = (await compound.register(chen, headers)).json()["id"]

        path = f"/v1/residents/{waiting}/reject"
        await compound.http.post(path, json={"reason": "请到物业"}, headers=compound.manager)

        assert (await compound.http.get("/v1/residents/me", headers=headers)).json()["note"] == "请到物业"
        assert (await compound.district.event(ResidentRejected, waiting)).data.rejected_by
        assert (await compound.register(chen, headers)).json()["id"] != waiting

    async def test_a_better_roster_verifies_who_waits(self, compound: Compound) -> None:
        """The manager mends the list instead of clicking through it."""
        chen = owner("陈大文")
        waiting = (await compound.register(chen, await compound.sign_in(chen.phone))).json()
        await compound.import_roster(chen)

        told = await compound.district.event(ResidentVerified, waiting["id"])

        assert (waiting["reasons"], told.data.verified_by, told.sequence) == (["not_on_roster"], "roster", 2)

    async def test_it_is_the_managers_of_that_compound_alone(self, compound: Compound) -> None:
        """404 for managers elsewhere, alike for what exists and what does not; 403 for other roles."""
        chen = owner("陈大文")
        waiting = (await compound.register(chen, await compound.sign_in(chen.phone))).json()["id"]
        far = compound.district.staff((Role.PROPERTY_MANAGER, compound.district.new_compound()))

        path = f"/v1/residents/{waiting}/verify"
        answers = [await compound.http.post(path, headers=who) for who in (far, compound.worker)]
        listed = await compound.http.get(f"/v1/residents?area={compound.area}", headers=far)

        assert [one.status_code for one in answers] == [404, 403]
        assert listed.status_code == 404


class TestPersonalValues:
    async def test_a_registration_is_shown_masked_within_ones_areas(self, compound: Compound) -> None:
        """Whoever is called to a fever sees whom it is about; elsewhere the person does not exist."""
        wang = owner()
        made = (await compound.register(wang, await compound.sign_in(wang.phone))).json()["id"]
        elsewhere = compound.district.staff((Role.OFFICIAL, compound.district.new_compound()))

        path = f"/v1/residents/{made}"
        shown = await compound.http.get(path, headers=compound.worker)
        answers = [
            (await compound.http.get(asked, headers=who)).status_code
            for asked, who in (
                (path, compound.manager),
                (path, elsewhere),
                ("/v1/residents/res_01KGT0000000000000000000Z9", compound.worker),
                ("/v1/residents/x", compound.worker),
            )
        ]

        assert (shown.json()["name"], shown.json()["household"]) == ("王**", f"{compound.area}.b3.u1.r502")
        assert not [value for value in (wang.name, wang.number, wang.phone) if value in shown.text]
        assert answers == [200, 404, 404, 404]

    async def test_a_look_is_written_down_before_it_is_answered(self, compound: Compound) -> None:
        """One person at a time, with a reason, and it stays on record who looked."""
        wang = owner()
        made = (await compound.register(wang, await compound.sign_in(wang.phone))).json()["id"]

        path = f"/v1/residents/{made}/reveal"
        shown = await compound.http.post(path, json={"reason": "家访需要"}, headers=compound.worker)
        refused = await compound.http.post(path, json={"reason": "家访需要"}, headers=compound.manager)

        assert shown.json() == {"id": made, "name": wang.name, "id_number": wang.number, "phone": wang.phone}
        assert refused.status_code == 403
        rows = await compound.district.db("identity").audit.find({"resident": made}).to_list(None)
        assert [(row["action"], row["reason"]) for row in rows] == [("reveal", "家访需要")]

    async def test_nothing_lies_open_in_the_database(self, compound: Compound) -> None:
        """Roster and registration: no name, ID number or phone in any collection or event."""
        wang = owner("王贰叁肆伍陆")
        await compound.import_roster(wang)
        await compound.register(wang, await compound.sign_in(wang.phone))

        database = compound.district.db("identity")
        dumped = ""
        for name in await database.list_collection_names():
            dumped += str(await database[name].find().to_list(None))

        assert f"{compound.area}.b3" in dumped
        assert not [value for value in (wang.name, wang.number, wang.phone) if value in dumped]

    async def test_who_left_is_forgotten(self, compound: Compound) -> None:
        """Every service is told, and what remains opens to nobody."""
        wang = owner()
        await compound.import_roster(wang)
        headers = await compound.sign_in(wang.phone)
        made = (await compound.register(wang, headers)).json()["id"]

        path = f"/v1/residents/{made}/remove"
        gone = await compound.http.post(path, json={"reason": "moved"}, headers=compound.manager)

        assert (gone.json()["status"], gone.json()["name"], gone.json()["phone"]) == ("removed", None, None)
        assert (await compound.district.event(ResidentRemoved, made)).sequence == 2
        assert (await compound.register(wang, headers)).status_code == 201
