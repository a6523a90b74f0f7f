"""Clues through the real service: reporting, named and anonymous."""

from shared.contracts.reports import ClueReported
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import District
from tests.integration.reports.clues import compound, form, picture, report, worker
from tests.people import Person


class TestReport:
    async def test_clue_reaches_the_office_and_the_reporter_sees_progress(
        self, district: District, person: Person
    ) -> None:
        """Reporting is worth it only if something visibly follows."""
        me, office = district.phone(person.account), worker(district, person)
        clue = (await report(district, me, compound(person), picture())).json()
        told = await district.event(ClueReported, subject=clue["id"])

        listed = (await district.http("reports").get(f"/v1/clues?area={told.area}&state=new", headers=office)).json()
        await district.http("reports").post(f"/v1/clues/{clue['id']}/verify", json={"note": "seen"}, headers=office)
        mine = (await district.http("reports").get("/v1/clues/mine", headers=me)).json()["items"]

        assert told.area == compound(person)
        assert told.data.photos == 1
        assert [one["reporter"]["account"] for one in listed["items"]] == [person.account]
        assert [one["state"] for one in mine[0]["progress"]] == ["new", "verified"]
        assert "note" not in str(mine)

    async def test_words_and_photos_are_in_no_event(self, district: District, person: Person) -> None:
        """Everybody may bind a queue; what a neighbour wrote is for the office alone."""
        clue = (await report(district, district.phone(person.account), compound(person))).json()
        await district.event(ClueReported, subject=clue["id"])

        rows = await district.db("reports").outbox.find({"subject": clue["id"]}).to_list(None)

        assert rows
        assert not any("打牌".encode() in row["body"] or "3号楼".encode() in row["body"] for row in rows)

    async def test_resident_reports_only_from_their_own_compound(self, district: District, person: Person) -> None:
        """Where the compound is known, a clue about another is a slip or a grudge."""
        me = district.phone(person.account)

        other = await report(district, me, district.new_compound())
        unknown = await report(district, district.phone(), district.new_compound())

        assert (other.status_code, other.json()["code"]) == (422, "clue_area")
        assert unknown.status_code == 201

    async def test_staff_report_from_their_areas(self, district: District) -> None:
        """A guard sees more than anybody; a device reports nothing."""
        area = district.new_compound()

        inside = await report(district, district.staff((Role.GUARD, area)), area)
        outside = await report(district, district.staff((Role.GUARD, district.new_compound())), area)
        device = await report(district, district.staff((Role.DEVICE, area)), area)

        assert (inside.status_code, outside.status_code, device.status_code) == (201, 404, 403)

    async def test_same_key_reports_once_whatever_the_boundary(self, district: District, person: Person) -> None:
        """A phone that lost the answer sends the form again, and every form has another boundary."""
        me = {**district.phone(person.account), "Idempotency-Key": new_id("key")}
        content = picture()

        first = await report(district, me, compound(person), content)
        second = await report(district, me, compound(person), content)
        other = await report(district, me, compound(person), content, text="something else")

        assert first.status_code == 201
        assert first.json() == second.json()
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")

    async def test_bad_forms_are_refused(self, district: District, person: Person) -> None:
        """No input is a 500, and each fault has its code."""
        me, area, http = district.phone(person.account), compound(person), district.http("reports")

        as_json = await http.post("/v1/clues", json=form(area), headers=me)
        unsigned = await report(district, {}, area)
        category = await report(district, me, area, category="gossip")
        extra = await report(district, me, area, state="resolved")
        control = await report(district, me, area, text="a\u202eb")
        broken = await http.post(
            "/v1/clues", content=b"--x", headers={**me, "Content-Type": "multipart/form-data; boundary=y"}
        )

        assert (as_json.status_code, as_json.json()["code"]) == (415, "content_type")
        assert unsigned.status_code == 401
        assert (category.status_code, category.json()["code"]) == (422, "field_value")
        assert (extra.status_code, extra.json()["code"]) == (422, "unknown_field")
        assert (control.status_code, control.json()["code"]) == (422, "text_characters")
        assert broken.status_code == 400


class TestAnonymity:
    async def test_nobody_can_read_who_reported(self, district: District, person: Person) -> None:
        """Who fears a neighbour reports only if nobody can leak the name: not even the database has it."""
        me = district.phone(person.account)
        clue = (await report(district, me, compound(person), anonymous="true")).json()

        seen = (await district.http("reports").get(f"/v1/clues/{clue['id']}", headers=worker(district, person))).json()
        mine = (await district.http("reports").get("/v1/clues/mine", headers=me)).json()["items"]
        row = await district.db("reports").clues.find_one({"_id": clue["id"]})

        assert seen["reporter"] is None
        assert [one["id"] for one in mine] == [clue["id"]]
        assert person.account not in str(row)
        assert person.resident not in str(row)
        assert "张**" not in str(row)


class TestAppeal:
    async def test_appeal_names_its_matter_and_reaches_the_office_by_the_same_way(
        self, district: District, person: Person
    ) -> None:
        """Whoever is kept at home by a rule must find somebody who looks at it, within the same clocks as any clue."""
        me, office = district.phone(person.account), worker(district, person)
        matter = new_id("exit")

        clue = (await report(district, me, compound(person), category="appeal", about=matter)).json()
        told = await district.event(ClueReported, subject=clue["id"])
        seen = (await district.http("reports").get(f"/v1/clues/{clue['id']}", headers=office)).json()
        mine = (await district.http("reports").get("/v1/clues/mine", headers=me)).json()["items"]

        assert told.data.category == "appeal"
        assert (seen["about"], seen["reporter"]["account"]) == (matter, person.account)
        assert (mine[0]["about"], mine[0]["verify_due"] > mine[0]["reported_at"]) == (matter, True)

    async def test_appeal_against_nothing_or_by_nobody_is_refused(self, district: District, person: Person) -> None:
        """Nobody can put right what is not named, or what was decided about somebody they do not know."""
        me, area, matter = district.phone(person.account), compound(person), new_id("hold")

        nothing = await report(district, me, area, category="appeal")
        other = await report(district, me, area, category="appeal", about=new_id("acc"))
        gossip = await report(district, me, area, category="gathering", about=matter)
        nobody = await report(district, me, area, category="appeal", about=matter, anonymous="true")

        assert [(one.status_code, one.json()["code"]) for one in (nothing, other, gossip, nobody)] == [
            (422, "appeal_about"),
            (422, "appeal_about"),
            (422, "appeal_about"),
            (422, "appeal_anonymous"),
        ]
