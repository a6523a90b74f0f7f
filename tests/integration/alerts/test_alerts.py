"""Alerts, from outside: raised by events, moved by officials."""

from datetime import UTC, datetime

import pytest

from shared.contracts import Event, Fact
from shared.contracts.alerts import AlertMoved, AlertRaised
from shared.contracts.gate import ExitDecided
from shared.contracts.health import FeverMoved
from shared.contracts.reports import ClueMoved, ClueReported
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import District
from tests.integration.alerts.officials import Official, fever


class TestRaise:
    async def test_a_fever_becomes_an_open_alert(self, district: District, official: Official) -> None:
        """It stays on the officials' list until somebody has dealt with it."""
        room = f"{official.area}.b1.u1.r101"
        told = fever(room)
        await district.publish(told)

        alert = await official.alert(told.subject)

        assert (alert["kind"], alert["state"], alert["area"], alert["count"]) == ("fever", "open", room, 1)
        assert alert["label"] == "王**"
        assert alert["facts"]["temperature_c"] == 38.2
        assert alert["title"] == "Fever"
        raised = await district.event(AlertRaised, alert["id"])
        assert (raised.data.kind, raised.data.cause, raised.area) == ("fever", told.subject, room)

    async def test_readings_of_one_case_are_one_alert(self, district: District, official: Official) -> None:
        """Ten measurements of one person must not bury the other person's one."""
        first = fever(official.area)
        await district.publish(first)
        await official.alert(first.subject, count=1)
        await district.publish(fever(official.area, first.subject, sequence=3, celsius=39.1))

        alert = await official.alert(first.subject, count=2)

        assert alert["facts"]["temperature_c"] == 39.1
        assert len(await official.alerts()) == 1
        assert len(district.events(AlertRaised, alert["id"])) == 1

    async def test_a_late_reading_counts_but_does_not_overwrite(self, district: District, official: Official) -> None:
        """An offline gate delivers old temperatures; the list must show how the person is now."""
        first = fever(official.area, celsius=38.0)
        await district.publish(first)
        await official.alert(first.subject)
        await district.publish(fever(official.area, first.subject, sequence=3, celsius=40.0, ago=3600))

        alert = await official.alert(first.subject, count=2)

        assert alert["facts"]["temperature_c"] == 38.0

    async def test_a_clue_and_its_clock(self, district: District, official: Official) -> None:
        """A clue nobody looks at in time is an alert of its own."""
        clue = new_id("clue")
        await district.publish(
            Fact(ClueReported(category="gathering", anonymous=True, photos=2), clue, official.area, 1)
        )
        await official.alert(clue, kind="clue")
        await district.publish(Fact(ClueMoved(state="overdue", moved_by="machine"), clue, official.area, 2))

        async def both() -> bool:
            return {one["kind"] for one in await official.alerts()} == {"clue", "clue_overdue"}

        await district.until(both)

    async def test_only_an_exit_that_passed_a_hold_is_an_alert(self, district: District, official: Official) -> None:
        """Whoever goes to hospital with a fever may go, but the community must know at once."""
        usual, held = new_id("exit"), new_id("exit")
        for exit_, alert in ((usual, False), (held, True)):
            event = ExitDecided(
                resident=new_id("res"), approved=True, reasons=["fever_hold"], pass_id=None, alert=alert
            )
            await district.publish(Fact(event, exit_, official.area, 2))

        raised = await official.alert(held)

        assert raised["kind"] == "exit_on_hold"
        assert [one["cause"] for one in await official.alerts()] == [held]


class TestCauseEnds:
    @pytest.mark.parametrize(
        ("reported", "ended", "outcome"),
        [
            (fever("x").event, FeverMoved(state="closed", moved_by="acc_1"), "closed"),
            (fever("x").event, FeverMoved(state="dismissed", moved_by="acc_1"), "dismissed"),
            (ClueReported(category="c", anonymous=False, photos=0), ClueMoved(state="false", moved_by="a"), "false"),
            (
                ClueReported(category="c", anonymous=False, photos=0),
                ClueMoved(state="resolved", moved_by="a"),
                "resolved",
            ),
        ],
    )
    async def test_the_alert_ends_with_its_cause(
        self, district: District, official: Official, reported: Event, ended: Event, outcome: str
    ) -> None:
        """Nobody should have to do the same work twice."""
        cause = new_id("case")
        await district.publish(Fact(reported, cause, official.area, 1))
        await official.alert(cause, state="open")
        await district.publish(Fact(ended, cause, official.area, 2))

        alert = await official.alert(cause, state="resolved")

        assert alert["outcome"] == outcome
        assert (await district.event(AlertMoved, alert["id"])).data.state == "resolved"

    async def test_an_end_that_comes_before_its_beginning(self, district: District, official: Official) -> None:
        """Queues keep no order among each other: the fever is still told, and is no open alert."""
        told = fever(official.area, sequence=1)
        await district.publish(Fact(FeverMoved(state="closed", moved_by="a"), told.subject, official.area, 5))
        await district.until(lambda: district.db("alerts").endings.find_one({"_id": told.subject}))
        await district.publish(told)

        alert = await official.alert(told.subject)

        assert alert["state"] == "resolved"
        await district.event(AlertRaised, alert["id"])

    async def test_a_fever_after_the_end_opens_it_again(self, district: District, official: Official) -> None:
        """Nothing is ever dropped."""
        told = fever(official.area, sequence=1)
        await district.publish(told)
        await official.alert(told.subject)
        await district.publish(Fact(FeverMoved(state="closed", moved_by="a"), told.subject, official.area, 5))
        await official.alert(told.subject, state="resolved")
        await district.publish(fever(official.area, told.subject, sequence=6))

        await official.alert(told.subject, state="open", count=2, resolved_by=None)


class TestMove:
    @pytest.fixture
    async def alert(self, district: District, official: Official) -> str:
        told = fever(official.area)
        await district.publish(told)
        return str((await official.alert(told.subject))["id"])

    async def test_from_open_to_resolved(self, district: District, official: Official, alert: str) -> None:
        """Each step has its person and time, and is told."""
        worker = Official(district, official.area, role=Role.COMMUNITY_WORKER)
        await worker.change(1)

        seen = (await official.call("POST", f"/v1/alerts/{alert}/acknowledge")).json()
        given = (await official.call("POST", f"/v1/alerts/{alert}/assign", json={"to": worker.account})).json()
        done = (await worker.call("POST", f"/v1/alerts/{alert}/resolve", json={"outcome": "handled"})).json()

        assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", official.account)
        assert seen["escalates_at"] is None
        assert (given["state"], given["assigned_to"]) == ("assigned", worker.account)
        assert (done["state"], done["resolved_by"], done["outcome"]) == ("resolved", worker.account, "handled")

        async def told() -> bool:
            return len(district.events(AlertMoved, alert)) == 3

        await district.until(told)
        assert [one.data.state for one in district.events(AlertMoved, alert)] == [
            "acknowledged",
            "assigned",
            "resolved",
        ]

    async def test_acknowledging_twice_is_once(self, district: District, official: Official, alert: str) -> None:
        """Two officials press the button together: the first has it."""
        other = Official(district, official.area)
        await official.call("POST", "/v1/subscriptions", json={"area": official.area})

        await official.call("POST", f"/v1/alerts/{alert}/acknowledge")
        again = await other.call("POST", f"/v1/alerts/{alert}/acknowledge")

        assert again.status_code == 200
        assert again.json()["acknowledged_by"] == official.account
        assert again.json()["version"] == 2
        assert (await official.call("GET", "/v1/subscriptions")).json()["items"][0]["seq"] == 1

    async def test_what_is_resolved_stays(self, official: Official, alert: str) -> None:
        """A wrong step is refused with the state it met."""
        await official.call("POST", f"/v1/alerts/{alert}/resolve", json={"outcome": "false_alarm"})

        refused = await official.call("POST", f"/v1/alerts/{alert}/acknowledge")

        assert refused.status_code == 409
        assert refused.json()["code"] == "alert_state"
        assert refused.json()["params"] == {"state": "resolved"}

    async def test_only_who_works_there_can_be_given_it(self, official: Official, alert: str) -> None:
        """An alert assigned to nobody real is an alert dropped."""
        refused = await official.call("POST", f"/v1/alerts/{alert}/assign", json={"to": new_id("acc")})

        assert refused.status_code == 422
        assert refused.json()["code"] == "assignee_not_here"

    @pytest.mark.parametrize("path", ["", "/acknowledge", "/resolve"])
    async def test_outside_ones_areas_there_is_nothing(self, district: District, alert: str, path: str) -> None:
        """404 with the same body as for what does not exist."""
        stranger = Official(district, district.new_compound())
        method, more = "POST" if path else "GET", {"json": {}} if path == "/resolve" else {}

        beyond = await stranger.call(method, f"/v1/alerts/{alert}{path}", **more)
        nothing = await stranger.call(method, f"/v1/alerts/alert_{'0' * 26}{path}", **more)
        garbage = await stranger.call(method, f"/v1/alerts/%00..{path}", **more)

        assert beyond.status_code == nothing.status_code == garbage.status_code == 404
        bodies = [{**one.json(), "request_id": ""} for one in (beyond, nothing, garbage)]
        assert bodies[0] == bodies[1] == bodies[2]

    async def test_a_guard_is_refused(self, district: District, official: Official, alert: str) -> None:
        """Whether or not the alert exists."""
        guard = Official(district, official.area, role=Role.GUARD)

        assert (await guard.call("GET", f"/v1/alerts/{alert}")).status_code == 403
        assert (await guard.call("GET", "/v1/alerts/nothing")).status_code == 403


class TestList:
    async def test_pages_are_newest_first(self, district: District, official: Official) -> None:
        """Every alert once, whatever the page size."""
        causes = [new_id("case") for _ in range(5)]
        for cause in causes:
            await district.publish(fever(official.area, cause))
            await official.alert(cause)

        seen: list[str] = []
        after: dict[str, str] = {}
        while True:
            query = {"area": official.area, "limit": "2", **after}
            page = (await official.call("GET", "/v1/alerts", params=query)).json()
            seen += [one["cause"] for one in page["items"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}

        assert seen == causes[::-1]

    async def test_state_and_kind_filter(self, district: District, official: Official) -> None:
        """The duty desk looks at what is open."""
        done, waiting = fever(official.area), fever(official.area)
        for told in (done, waiting):
            await district.publish(told)
            await official.alert(told.subject)
        resolved = (await official.alert(done.subject))["id"]
        await official.call("POST", f"/v1/alerts/{resolved}/resolve", json={})

        assert [one["cause"] for one in await official.alerts(state="open")] == [waiting.subject]
        assert [one["cause"] for one in await official.alerts(state="resolved", kind="fever")] == [done.subject]
        assert await official.alerts(kind="clue") == []

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"state": "asleep"}, 422, "field_value"),
            ({"kind": "flood"}, 422, "field_value"),
            ({"limit": "0"}, 422, "limit_range"),
            ({"after": "x"}, 422, "cursor_invalid"),
            ({"after": f"alert_{'0' * 26}"}, 422, "cursor_invalid"),
            ({"area": "UP"}, 422, "area_format"),
            ({"area": "elsewhere"}, 404, "not_found"),
        ],
    )
    async def test_bad_questions(self, official: Official, query: dict[str, str], status: int, code: str) -> None:
        """Each with its own code."""
        answer = await official.call("GET", "/v1/alerts", params=query)

        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestDeliveredTwice:
    async def test_an_event_takes_effect_once(self, district: District, official: Official) -> None:
        """The broker may deliver again; the alert must not count it again."""
        told = fever(official.area)
        body_of = district.publish
        event_id = await body_of(told, datetime.now(UTC))
        await official.alert(told.subject, count=1)
        await district.publish_raw(_again(told, event_id), f"health.FeverAlert.{told.area}")
        await district.publish(fever(official.area, told.subject, sequence=2))

        alert = await official.alert(told.subject, count=2)

        assert alert["version"] == 2


def _again(told: Fact, event_id: str) -> bytes:
    from shared.messaging.codec import envelope_of  # noqa: PLC0415  # only to say the same again

    envelope = envelope_of(told, datetime.now(UTC), None).model_copy(update={"id": event_id})
    return envelope.model_dump_json(exclude_none=True).encode()
