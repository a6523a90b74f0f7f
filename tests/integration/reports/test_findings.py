"""What machines find becomes a clue like any other, through the real service: gates that contradict each other."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts import Fact
from shared.contracts.reports import ClueMoved, ClueReported
from shared.contracts.values import Role
from shared.ids import new_id
from shared.messaging.codec import envelope_of
from shared.texts import sentence
from tests.district import District
from tests.integration.reports.clues import AT, contradiction, report


def office(district: District, area: str, language: str = "en") -> dict[str, str]:
    return {**district.staff((Role.COMMUNITY_WORKER, area)), "Accept-Language": language}


async def clues(district: District, area: str, language: str = "en") -> list[dict[str, Any]]:
    answer = await district.http("reports").get(f"/v1/clues?area={area}", headers=office(district, area, language))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def found(district: District, area: str, count: int) -> dict[str, Any]:
    """Wait until the newest clue of an area has so many findings."""

    async def there() -> dict[str, Any] | None:
        newest = next(iter(await clues(district, area)), None)
        return newest if newest and newest["finding"] and newest["finding"]["count"] == count else None

    clue: dict[str, Any] = await district.until(there)
    return clue


class TestFind:
    async def test_a_contradiction_is_a_clue_of_the_machine(self, district: District) -> None:
        """With all that a person needs to look into it, and nobody as its reporter."""
        area = district.new_compound()
        fact = contradiction(f"{area}.b1.u1.r101")
        await district.publish(fact)

        clue = await found(district, area, 1)

        told = await district.event(ClueReported, subject=clue["id"])
        data = fact.event.model_dump(mode="json")
        assert (told.area, told.data.category, told.data.anonymous) == (fact.area, "gate_contradiction", False)
        assert (clue["category"], clue["state"], clue["reporter"]) == ("gate_contradiction", "new", None)
        assert [step["by"] for step in clue["steps"]] == ["machine"]
        assert clue["finding"]["subject"] == fact.subject
        assert datetime.fromisoformat(clue["finding"]["last_at"]) == AT
        assert {key: clue["finding"]["evidence"][key] for key in ("scans", "gates", "reasons", "happened_at")} == {
            key: data[key] for key in ("scans", "gates", "reasons", "happened_at")
        }

    async def test_its_words_are_made_from_codes_for_whoever_reads(self, district: District) -> None:
        """No person wrote it, so it is in the language of the one who reads."""
        area = district.new_compound()
        await district.publish(contradiction(area))
        await found(district, area, 1)

        english, chinese = (await clues(district, area, "en"))[0], (await clues(district, area, "zh"))[0]

        reason = {language: sentence("pass_already_used", language) for language in ("en", "zh")}
        assert english["text"] == f"What gates report does not fit together (1 times). {reason['en']}"
        assert chinese["text"] == f"大门的记录互相矛盾（1 次）。{reason['zh']}"

    async def test_it_goes_through_triage_like_any_clue(self, district: District) -> None:
        """With its clocks, and its steps told."""
        area = district.new_compound()
        await district.publish(contradiction(area))
        clue = await found(district, area, 1)
        path, headers = f"/v1/clues/{clue['id']}", office(district, area)
        http = district.http("reports")

        verified = await http.post(f"{path}/verify", json={}, headers=headers)
        await http.post(f"{path}/assign", json={"to": "acc_1"}, headers=headers)
        done = await http.post(f"{path}/resolve", json={"outcome": "clock of the west gate set"}, headers=headers)

        due = datetime.fromisoformat(clue["verify_due"]) - datetime.fromisoformat(clue["reported_at"])
        assert due == timedelta(hours=24)
        assert verified.headers["etag"] == '"2"'
        assert done.json()["state"] == "resolved"
        assert (await district.event(ClueMoved, subject=clue["id"])).data.state == "verified"

    async def test_evidence_is_for_the_office_alone(self, district: District) -> None:
        """Who went where and when is nobody else's to read."""
        area = district.new_compound()
        await district.publish(contradiction(area))
        path = f"/v1/clues/{(await found(district, area, 1))['id']}"
        http = district.http("reports")
        others = [
            district.phone(),
            district.staff((Role.PROPERTY_MANAGER, area)),
            district.staff((Role.OFFICIAL, district.new_compound())),
        ]

        answers = [await http.get(path, headers=one) for one in others]

        assert [one.status_code for one in answers] == [403, 403, 404]

    async def test_nobody_reports_it_by_hand(self, district: District) -> None:
        """A clue that looks like a machine's must be one."""
        area = district.new_compound()

        answer = await report(district, district.phone(), area, category="gate_contradiction")

        assert (answer.status_code, answer.json()["code"]) == (422, "field_value")


class TestMerge:
    async def test_further_findings_join_the_open_clue(self, district: District) -> None:
        """One person looks at one pass once; each finding is told, so that the alert counts it too."""
        area, pass_ = district.new_compound(), new_id("pass")
        later = contradiction(area, pass_, happened_at=AT + timedelta(hours=1), reasons=["curfew"])
        await district.publish(contradiction(area, pass_))
        first = await found(district, area, 1)
        await district.publish(later)

        clue = await found(district, area, 2)

        assert [one["id"] for one in await clues(district, area)] == [first["id"]]
        assert clue["finding"]["evidence"]["reasons"] == ["curfew"]

        async def told() -> bool:
            return [one.sequence for one in district.events(ClueReported, first["id"])] == [1, 2]

        await district.until(told)

    async def test_an_older_one_counts_and_leaves_the_latest(self, district: District) -> None:
        """Gates deliver late: what is shown goes by when it happened."""
        area, pass_ = district.new_compound(), new_id("pass")
        await district.publish(contradiction(area, pass_))
        await found(district, area, 1)
        await district.publish(contradiction(area, pass_, happened_at=AT - timedelta(hours=5), reasons=["curfew"]))

        clue = await found(district, area, 2)

        assert clue["finding"]["evidence"]["reasons"] == ["pass_already_used"]
        assert datetime.fromisoformat(clue["finding"]["last_at"]) == AT

    async def test_many_at_once_are_one_clue(self, district: District) -> None:
        """However they fall into batches."""
        area, pass_ = district.new_compound(), new_id("pass")

        await asyncio.gather(*(district.publish(contradiction(area, pass_)) for _ in range(30)))

        assert (await found(district, area, 30))["version"] == 30
        assert len(await clues(district, area)) == 1

    async def test_another_subject_is_another_clue(self, district: District) -> None:
        """Two passes, two people."""
        area = district.new_compound()
        await district.publish(contradiction(area))
        await district.publish(contradiction(area))

        async def both() -> bool:
            return len(await clues(district, area)) == 2

        await district.until(both)

    async def test_after_its_end_a_finding_opens_a_new_one(self, district: District) -> None:
        """Found false on Monday says nothing about Tuesday."""
        area, pass_ = district.new_compound(), new_id("pass")
        await district.publish(contradiction(area, pass_))
        first = await found(district, area, 1)
        rejected = await district.http("reports").post(
            f"/v1/clues/{first['id']}/reject", json={}, headers=office(district, area)
        )
        await district.publish(contradiction(area, pass_))

        async def second() -> Any:
            found_ = await clues(district, area)
            return found_ if len(found_) == 2 else None

        newest, old = await district.until(second)
        assert rejected.status_code == 200
        assert (newest["state"], newest["finding"]["count"]) == ("new", 1)
        assert (old["id"], old["state"], old["finding"]["count"]) == (first["id"], "false", 1)

    async def test_the_same_event_twice_counts_once(self, district: District) -> None:
        """The broker delivers at least once."""
        area, pass_ = district.new_compound(), new_id("pass")
        fact = contradiction(area, pass_)
        event_id = await district.publish(fact)
        await found(district, area, 1)
        await district.publish_raw(again(fact, event_id), f"gate.GateContradicted.{area}")
        await district.publish(contradiction(area, pass_))

        clue = await found(district, area, 2)

        assert clue["version"] == 2


def again(fact: Fact, event_id: str) -> bytes:
    envelope = envelope_of(fact, datetime.now(UTC), None).model_copy(update={"id": event_id})
    return envelope.model_dump_json(exclude_none=True).encode()
