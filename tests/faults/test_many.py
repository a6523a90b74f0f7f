"""Three processes of each service, one of them dying while events flow: nothing is lost, nothing happens twice."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from menshen.ports import ServerPorts
from menshen.servers import Servers
from shared.contracts import Fact
from shared.contracts.alerts import AlertMoved, AlertRaised
from shared.contracts.gate import GateHeard, GateSilent
from shared.contracts.health import FeverAlert, HoldPlaced, TemperatureRecorded
from shared.contracts.reports import ClueMoved, ClueReported
from shared.contracts.values import Fever
from shared.ids import derived_id, new_id
from tests.district import District
from tests.faults.workers import Crew, follow
from tests.integration.alerts.officials import Official, fever, listening
from tests.integration.health.fevers import scanned
from tests.integration.reports.clues import contradiction
from tests.people import somebody
from tests.servers import Urls

QUICK = {"MENSHEN_RETEST_SWEEP": "PT0.5S", "MENSHEN_CLOCK_SWEEP": "PT0.5S"}


@pytest.fixture(scope="module")
async def crew(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crew]:
    servers = Servers(tmp_path_factory.mktemp("crew-servers"), ServerPorts.free(), plugins=())
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(servers.stop)
        await servers.start()
        district = District(tmp_path_factory.mktemp("crew"), Urls(servers.mongo_url, servers.amqp_url), QUICK)
        ending.push_async_callback(district.stop)
        one = Crew(district, ("health", "reports", "alerts"))
        await one.start()
        yield one


@pytest.fixture
async def official(crew: Crew) -> Official:
    await crew.whole()
    one = Official(crew.district, crew.district.new_compound())
    await one.change(1)
    return one


def past() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


class TestAlerts:
    async def test_feeds_and_streams_stay_whole(self, crew: Crew, official: Official) -> None:
        """Whichever process heard it, whichever the stream hangs on, whichever dies: each alert once, in one order."""
        desks = [official, *(Official(crew.district, official.area) for _ in range(5))]
        for desk in desks:
            async with listening(desk):
                pass
        gone = [
            Fact(GateSilent(gate_name="东门", last_heard=past()), new_id("gate"), official.area, 2) for _ in range(20)
        ]
        facts = [*(fever(official.area) for _ in range(60)), *gone]
        back = [Fact(GateHeard(gate_name="东门", heard_at=past()), one.subject, official.area, 3) for one in gone]

        following = asyncio.gather(*(follow(desk, 100) for desk in desks))
        await crew.flow([*facts, *back], "alerts")
        feeds = await asyncio.wait_for(following, 60)

        steps = Counter((one.data["cause"], one.data["what"]) for one in feeds[0])
        assert steps == {
            **{(fact.subject, "raised"): 1 for fact in facts},
            **{(fact.subject, "resolved"): 1 for fact in back},
        }
        for told in feeds:
            assert [int(one.id) for one in told] == list(range(1, 101))
            assert [one.data for one in told] == [one.data for one in feeds[0]]
        raised = [one.data.cause for one in await crew.told("alerts", AlertRaised) if one.area == official.area]
        assert sorted(raised) == sorted(fact.subject for fact in facts)

    async def test_each_alert_escalates_once(self, crew: Crew, official: Official) -> None:
        """Three clocks strike for the same alerts, and one of them stops."""
        facts = [fever(official.area) for _ in range(40)]
        for fact in facts:
            await crew.district.publish(fact)
        alerts = crew.district.db("alerts").alerts
        mine = {"area": official.area}
        await crew.district.until(lambda: _count(alerts, mine, 40), timeout=30)
        due = await alerts.update_many(mine, {"$set": {"escalate_at": past()}})

        other = [fever(crew.district.new_compound()) for _ in range(6)]
        await crew.flow(other, "alerts", deaths=1)
        await crew.district.until(lambda: _count(alerts, {**mine, "level": {"$ne": official.area}}, 40), timeout=30)
        await crew.whole()

        moved = Counter(one.subject for one in await crew.told("alerts", AlertMoved) if one.area == official.area)
        assert due.modified_count == 40
        assert sorted(moved.values()) == [1] * 40
        assert await _count(alerts, {**mine, "version": 2, "level": official.area.rpartition(".")[0]}, 40)


class TestHealth:
    async def test_each_fever_is_told_once(self, crew: Crew, official: Official) -> None:
        """One case and one hold for each person, whoever hears of their fevers first."""
        people = [somebody(official.area, f"b1.u1.r{number}") for number in range(10)]
        facts = [scanned(person, person.room) for _ in range(6) for person in people]
        facts += [scanned(None, official.area) for _ in range(10)]

        await crew.flow([*facts, *facts[::7]], "health")

        fevers = crew.district.db("health").fevers
        await crew.district.until(lambda: _count(crew.district.db("health").readings, _within(official.area), 70), 60)
        alerts = [one for one in await crew.told("health", FeverAlert) if one.area.startswith(official.area)]
        holds = Counter(one.data.target_id for one in await crew.told("health", HoldPlaced))
        assert sorted(one.data.reading for one in alerts) == sorted(derived_id("read", one.subject) for one in facts)
        assert [holds[person.resident] for person in people] == [1] * 10
        assert await _count(fevers, _within(official.area), 20)

    async def test_each_missed_retest_is_raised_once(self, crew: Crew, official: Official) -> None:
        """Three sweeps find the same readings, of people and of strangers, who have no index to keep them apart."""
        unconfirmed: dict[str, Any] = {"fever": Fever.UNCONFIRMED, "reasons": ["fever_retest"]}
        facts = [scanned(None, official.area, **unconfirmed) for _ in range(20)]
        people = [somebody(official.area, f"b1.u1.r{number}") for number in range(20)]
        facts += [scanned(person, person.room, **unconfirmed) for person in people]
        for fact in facts:
            await crew.district.publish(fact)
        readings, mine = crew.district.db("health").readings, _within(official.area)
        await crew.district.until(lambda: _count(readings, mine, 40), timeout=30)
        await readings.update_many(mine, {"$set": {"retest_due": past()}})

        await crew.flow([scanned(None, crew.district.new_compound()) for _ in range(6)], "health", deaths=1)
        await crew.district.until(lambda: _count(readings, {**mine, "retest_due": None}, 40), timeout=60)
        await crew.whole()

        alerts = [one for one in await crew.told("health", FeverAlert) if one.area.startswith(official.area)]
        assert sorted(one.data.reading for one in alerts) == sorted(derived_id("read", one.subject) for one in facts)


class TestReports:
    async def test_findings_of_one_subject_are_one_clue(self, crew: Crew, official: Official) -> None:
        """Three processes find the clue not yet there at the same moment; one opens it. The figures count each once."""
        passes = [new_id("pass") for _ in range(8)]
        facts = [contradiction(official.area, pass_) for pass_ in passes for _ in range(10)]

        await crew.flow(facts, "reports")
        await crew.whole()

        async def counted() -> Any:
            answer = await crew.district.http("reports").get(
                f"/v1/figures?area={official.area}", headers=official.headers
            )
            figures = answer.json()["figures"]
            return figures if figures.get("ClueReported", 0) >= 80 else None

        figures = await crew.district.until(counted, 60)
        clues = await crew.district.db("reports").clues.find({"area": official.area}).to_list(None)
        told = Counter(one.subject for one in await crew.told("reports", ClueReported) if one.area == official.area)
        assert {row["finding"]["subject"]: row["finding"]["count"] for row in clues} == dict.fromkeys(passes, 10)
        assert len(clues) == 8
        assert sorted(told.values()) == [10] * 8
        assert (figures["GateContradicted"], figures["ClueReported"]) == (80, 80)

    async def test_each_missed_clock_is_told_once(self, crew: Crew, official: Official) -> None:
        """Three sweeps find the same clues."""
        facts = [contradiction(official.area) for _ in range(30)]
        for fact in facts:
            await crew.district.publish(fact)
        clues, mine = crew.district.db("reports").clues, {"area": official.area}
        await crew.district.until(lambda: _count(clues, mine, 30), timeout=30)
        await clues.update_many(mine, {"$set": {"verify_due": past(), "next_due": past()}})

        await crew.flow([contradiction(crew.district.new_compound()) for _ in range(6)], "reports", deaths=1)
        await crew.district.until(lambda: _count(clues, {**mine, "missed": ["verify"]}, 30), timeout=60)
        await crew.whole()

        told = Counter(one.subject for one in await crew.told("reports", ClueMoved) if one.area == official.area)
        assert sorted(told.values()) == [1] * 30


class TestChain:
    async def test_from_the_gate_to_the_desk(self, crew: Crew, official: Official) -> None:
        """Every service loses a process on the way; each fever of the gate is one alert in a feed without a gap."""
        async with listening(official):
            pass
        facts = [scanned(None, official.area) for _ in range(45)]
        following = asyncio.create_task(follow(official, 45))

        for number, service in enumerate(crew.services):
            await crew.flow(facts[number::3], service, deaths=1)
        feed = await asyncio.wait_for(following, 60)

        readings = [one for one in await crew.told("health", TemperatureRecorded) if one.area == official.area]
        assert [int(one.id) for one in feed] == list(range(1, 46))
        assert {one.data["what"] for one in feed} == {"raised"}
        assert len({one.data["cause"] for one in feed}) == len(readings) == 45

    async def test_no_message_was_blamed(self, crew: Crew) -> None:
        """What died with a process was no message's fault: nothing is parked."""
        parked = [await crew.district.db(service).parked.find().to_list(None) for service in crew.services]

        assert parked == [[], [], []]


def _within(area: str) -> dict[str, Any]:
    return {"area": {"$regex": f"^{area}"}}


async def _count(collection: Any, query: dict[str, Any], wanted: int) -> bool:
    found: int = await collection.count_documents(query)
    return found == wanted
