"""Silent gates, from outside: raised to the community and to the compound's management, who see nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts import Fact
from shared.contracts.alerts import AlertMoved
from shared.contracts.gate import GateHeard, GateSilent
from shared.contracts.reports import ClueReported
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import District
from tests.integration.alerts.officials import Official, fever, listening

SINCE = datetime(2020, 2, 10, 9, 0, tzinfo=UTC)


def silent(area: str, gate: str | None = None, *, sequence: int = 2) -> Fact:
    return Fact(GateSilent(gate_name="东门", last_heard=SINCE), gate or new_id("gate"), area, sequence)


def heard(gone: Fact, *, sequence: int = 3) -> Fact:
    return Fact(GateHeard(gate_name="东门", heard_at=datetime.now(UTC)), gone.subject, gone.area, sequence)


@pytest.fixture
async def manager(district: District, official: Official) -> Official:
    one = Official(district, official.area, role=Role.PROPERTY_MANAGER)
    await one.change(1)
    return one


class TestSilence:
    async def test_it_is_raised_with_the_gates_name(self, district: District, official: Official) -> None:
        """Somebody has to walk there: which gate, and since when."""
        gone = silent(official.area)
        await district.publish(gone)

        alert = await official.alert(gone.subject)

        assert (alert["kind"], alert["state"], alert["title"]) == ("gate_silent", "open", "A gate is silent")
        assert alert["facts"] == {"gate_name": "东门", "last_heard": SINCE.isoformat()}
        assert alert["label"] == "东门"

    async def test_it_ends_when_the_gate_is_heard(self, district: District, official: Official) -> None:
        """Nobody has to tidy up after a power cut; the next silence opens it again."""
        gone = silent(official.area)
        await district.publish(gone)
        await official.alert(gone.subject, state="open")
        await district.publish(heard(gone))
        ended = await official.alert(gone.subject, state="resolved")
        await district.publish(silent(official.area, gone.subject, sequence=4))

        again = await official.alert(gone.subject, state="open")

        assert (ended["outcome"], ended["resolved_by"]) == ("heard", "machine")
        assert again["count"] == 2

    async def test_heard_before_silent_is_no_open_alert(self, district: District, official: Official) -> None:
        """The two have queues of their own, which keep no order between them."""
        gone = silent(official.area)
        await district.publish(heard(gone))
        await district.until(lambda: district.db("alerts").endings.find_one({"_id": gone.subject}))
        await district.publish(gone)

        await official.alert(gone.subject, state="resolved")

    async def test_an_old_hearing_does_not_end_a_new_silence(self, district: District, official: Official) -> None:
        """Delivered late, it speaks of the silence before."""
        gone = silent(official.area, sequence=4)
        await district.publish(gone)
        await official.alert(gone.subject)
        await district.publish(heard(gone, sequence=3))
        await district.until(lambda: district.db("alerts").endings.find_one({"_id": gone.subject}))

        assert (await official.alert(gone.subject))["state"] == "open"


class TestManager:
    async def test_sees_silent_gates_and_nothing_else(
        self, district: District, official: Official, manager: Official
    ) -> None:
        """Not in the list, not by id, not by any step: a fever is none of the management's business."""
        sick, gone = fever(official.area), silent(official.area)
        clue = Fact(ClueReported(category="c", anonymous=True, photos=0), new_id("clue"), official.area, 1)
        for fact in (sick, clue, gone):
            await district.publish(fact)
            await official.alert(fact.subject)
        hidden = (await official.alert(sick.subject))["id"]

        everywhere = (await manager.call("GET", "/v1/alerts")).json()["items"]

        assert [one["cause"] for one in await manager.alerts()] == [gone.subject]
        assert [one["cause"] for one in everywhere] == [gone.subject]
        assert [one["cause"] for one in await manager.alerts(kind="gate_silent")] == [gone.subject]
        assert (await manager.call("GET", f"/v1/alerts/{everywhere[0]['id']}")).status_code == 200
        assert (await manager.call("GET", f"/v1/alerts/{hidden}")).status_code == 404
        for step, body in (("acknowledge", {}), ("assign", {"to": manager.account}), ("resolve", {})):
            answer = await manager.call("POST", f"/v1/alerts/{hidden}/{step}", json=body)
            assert answer.status_code == 404, step
        assert (await official.alert(sick.subject))["version"] == 1

    async def test_asking_for_more_is_refused_clearly(self, official: Official, manager: Official) -> None:
        """An empty list would read as: no fevers here."""
        area = official.area
        answers = [
            await manager.call("GET", "/v1/alerts", params={"kind": "fever"}),
            await manager.call("GET", "/v1/alerts", params={"area": area, "kind": "clue"}),
            await manager.call("GET", "/v1/alerts/stream", params={"area": area, "kinds": "gate_silent,fever"}),
            await manager.call("POST", "/v1/subscriptions", json={"area": area, "kinds": ["fever"]}),
        ]
        channel = {"kind": "webhook", "url": "https://hooks.example.com/x", "area": area, "kinds": ["gate_silent"]}

        assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "alert_kind_forbidden")] * 4
        assert "role" in answers[0].json()["detail"]
        assert (await manager.call("POST", "/v1/channels", json=channel)).status_code == 403

    async def test_beyond_the_compound_there_is_nothing(self, district: District, manager: Official) -> None:
        """404 as everywhere, also for the community above."""
        gone = silent(district.new_compound())
        await district.publish(gone)
        elsewhere = Official(district, gone.area)
        alert = (await elsewhere.alert(gone.subject))["id"]
        for area in (gone.area, manager.area.rpartition(".")[0]):
            for method, path, more in (
                ("GET", "/v1/alerts", {"params": {"area": area}}),
                ("GET", "/v1/alerts/stream", {"params": {"area": area}}),
                ("POST", "/v1/subscriptions", {"json": {"area": area}}),
            ):
                assert (await manager.call(method, path, **more)).status_code == 404, path
        assert (await manager.call("GET", f"/v1/alerts/{alert}")).status_code == 404

    async def test_moves_a_silent_gate(self, district: District, official: Official, manager: Official) -> None:
        """The management sends somebody, the community sees who."""
        gone = silent(official.area)
        await district.publish(gone)
        alert = (await official.alert(gone.subject))["id"]

        seen = await manager.call("POST", f"/v1/alerts/{alert}/acknowledge")
        given = await official.call("POST", f"/v1/alerts/{alert}/assign", json={"to": manager.account})
        done = await manager.call("POST", f"/v1/alerts/{alert}/resolve", json={})

        assert [one.status_code for one in (seen, given, done)] == [200] * 3
        assert (done.json()["acknowledged_by"], done.json()["assigned_to"]) == (manager.account, manager.account)

    async def test_is_given_no_fever(self, district: District, official: Official, manager: Official) -> None:
        """Who may not see it cannot be sent there."""
        sick = fever(official.area)
        await district.publish(sick)
        alert = (await official.alert(sick.subject))["id"]

        answer = await official.call("POST", f"/v1/alerts/{alert}/assign", json={"to": manager.account})

        assert (answer.status_code, answer.json()["code"]) == (422, "assignee_not_here")

    async def test_a_stream_tells_of_gates_alone(
        self, district: District, official: Official, manager: Official
    ) -> None:
        """Without kinds it is all one may see, numbered without a gap that would tell of what was left out."""
        async with listening(manager) as stream:
            gone = silent(official.area)
            for fact in (fever(official.area), gone, fever(official.area)):
                await district.publish(fact)
                await official.alert(fact.subject)
            await district.publish(heard(gone))
            events = await stream.take(2)
        own = (await manager.call("GET", "/v1/subscriptions")).json()["items"]

        assert [(one.id, one.event, one.data["what"]) for one in events] == [
            ("1", "gate_silent", "raised"),
            ("2", "gate_silent", "resolved"),
        ]
        assert [(one["kinds"], one["seq"]) for one in own] == [(["gate_silent"], 2)]

    async def test_a_worker_who_becomes_manager_hears_no_more_fevers(
        self, district: District, official: Official
    ) -> None:
        """A feed of kinds that one may not see any more gets no rows and its stream ends; the other goes on."""
        both = {"area": official.area, "kinds": ["fever", "gate_silent"]}
        await official.call("POST", "/v1/subscriptions", json=both)
        await official.call("POST", "/v1/subscriptions", json={**both, "kinds": ["gate_silent"]})
        colleague = Official(district, official.area)
        async with listening(official, kinds="fever") as stream:
            demoted = Official(district, official.area, account=official.account, role=Role.PROPERTY_MANAGER)
            await demoted.change(2)
            assert await stream.next() is None
        for fact in (fever(official.area), silent(official.area)):
            await district.publish(fact)
            await colleague.alert(fact.subject)

        own = (await demoted.call("GET", "/v1/subscriptions")).json()["items"]

        assert {(",".join(one["kinds"]), one["suspended"], one["seq"]) for one in own} == {
            ("fever,gate_silent", True, 0),
            ("gate_silent", False, 1),
            ("fever", True, 0),
        }


class TestTurn:
    async def test_a_manager_is_somebody_near_for_a_gate_alone(self, district: District) -> None:
        """Where only the management sits, a gate waits for it; a fever goes up at once, as if nobody were there."""
        manager = Official(district, district.new_compound(), role=Role.PROPERTY_MANAGER)
        await manager.change(1)
        above = Official(district, manager.area.split(".")[0])
        await above.change(1)
        sick, gone = fever(manager.area), silent(manager.area)
        for fact in (sick, gone):
            await district.publish(fact)

        passed = await above.alert(sick.subject, level=above.area)
        waiting = await above.alert(gone.subject)

        assert (await district.event(AlertMoved, passed["id"])).data.state == "escalated"
        assert (waiting["level"], waiting["version"]) == (manager.area, 1)

    async def test_what_the_management_leaves_goes_to_the_community(
        self, district: District, manager: Official
    ) -> None:
        """Level by level, like everything."""
        gone = silent(manager.area)
        await district.publish(gone)
        alert = await manager.alert(gone.subject)
        past = {"$set": {"escalate_at": datetime.now(UTC) - timedelta(seconds=1)}}
        await district.db("alerts").alerts.update_one({"_id": alert["id"]}, past)

        await manager.alert(gone.subject, level=manager.area.rpartition(".")[0])
