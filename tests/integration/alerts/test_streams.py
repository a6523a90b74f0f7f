"""Live streams, from outside; two processes share the work."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts import Fact
from shared.contracts.reports import ClueReported
from shared.ids import new_id
from tests.district import District
from tests.integration.alerts.officials import Official, fever, listening, raise_fevers


class TestListen:
    async def test_an_alert_reaches_the_open_stream(self, district: District, official: Official) -> None:
        """Within a second of the event, with all that the list would show."""
        async with listening(official, kinds="fever,clue") as stream:
            told = fever(f"{official.area}.b1.u1.r101")
            started = time.monotonic()
            await district.publish(told)
            event = await stream.next()

        assert event is not None
        assert time.monotonic() - started < 1
        assert (event.id, event.event, event.data["what"]) == ("1", "fever", "raised")
        assert event.data["cause"] == told.subject
        assert event.data == {
            **await official.alert(told.subject),
            "what": "raised",
            "at": event.data["at"],
            "title": "发热警报",
        }

    async def test_the_answer_may_pass_through_any_proxy(self, official: Official) -> None:
        """No cache keeps it, no proxy collects it."""
        async with listening(official) as stream:
            headers = stream.response.headers

        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"

    async def test_it_is_stored_before_the_headers_are_sent(self, district: District, official: Official) -> None:
        """Whoever sees the headers misses nothing from then on, though the connection breaks at once."""
        async with listening(official):
            pass
        cause = (await raise_fevers(official, 1))[0]

        async with listening(official, last="0") as stream:
            event = await stream.next()

        assert event is not None
        assert event.data["cause"] == cause

    async def test_only_the_area_and_kinds_asked_for(self, district: District, official: Official) -> None:
        """None for others: one row for every official subscribed and in jurisdiction."""
        community = Official(district, official.area.rpartition(".")[0])
        neighbour = Official(district, official.area[:-1] + "2")
        async with (
            listening(official, kinds="clue") as own,
            listening(community) as above,
            listening(neighbour) as beside,
        ):
            await raise_fevers(official, 1)
            clue = Fact(ClueReported(category="c", anonymous=True, photos=0), new_id("clue"), official.area, 1)
            await district.publish(clue)
            seen = await own.next()
            both = await above.take(2)
            await district.publish(fever(neighbour.area))
            other = await beside.next()

        assert seen is not None
        assert other is not None
        assert (seen.id, seen.data["cause"]) == ("1", clue.subject)
        assert [one.event for one in both] == ["fever", "clue"]
        assert (other.id, other.data["area"]) == ("1", neighbour.area)

    async def test_every_step_is_a_row(self, district: District, official: Official) -> None:
        """The others in the office see that somebody has taken it."""
        async with listening(official) as stream:
            told = fever(official.area)
            await district.publish(told)
            alert = (await official.alert(told.subject))["id"]
            await official.call("POST", f"/v1/alerts/{alert}/acknowledge")
            await district.publish(fever(official.area, told.subject, sequence=2))
            await official.alert(told.subject, count=2)
            await official.call("POST", f"/v1/alerts/{alert}/resolve", json={"outcome": "handled"})
            events = await stream.take(4)

        assert [one.data["what"] for one in events] == ["raised", "acknowledged", "repeated", "resolved"]
        assert [one.id for one in events] == ["1", "2", "3", "4"]
        assert [one.data["version"] for one in events] == [1, 2, 3, 4]

    async def test_many_streams_of_both_processes(self, district: District, official: Official) -> None:
        """Which process heard the event does not matter; forty desks get it, each once."""
        desks = [Official(district, official.area) for _ in range(40)]
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(listening(desk)) for desk in desks]
            causes = await raise_fevers(official, 5)
            heard = await asyncio.gather(*(stream.take(5) for stream in streams))

        assert all([one.data["cause"] for one in events] == causes for events in heard)
        assert all([one.id for one in events] == ["1", "2", "3", "4", "5"] for events in heard)

    async def test_a_burst_leaves_no_gap(self, district: District, official: Official) -> None:
        """Fevers and clues at the same time, in any order, through two processes: one gapless sequence."""
        async with listening(official) as stream:
            facts = [fever(official.area) for _ in range(60)]
            clue = ClueReported(category="c", anonymous=True, photos=0)
            facts += [Fact(clue, new_id("clue"), official.area, 1) for _ in range(60)]
            await asyncio.gather(*(district.publish(fact) for fact in facts))
            events = await stream.take(120)

        assert [one.id for one in events] == [str(seq) for seq in range(1, 121)]
        assert {one.data["cause"] for one in events} == {fact.subject for fact in facts}

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"kinds": "fever,flood"}, 422, "field_value"),
            ({"area": "Bad"}, 422, "area_format"),
            ({"area": "elsewhere"}, 404, "not_found"),
        ],
    )
    async def test_bad_questions(self, official: Official, query: dict[str, str], status: int, code: str) -> None:
        """Refused as a problem before anything is streamed."""
        answer = await official.call("GET", "/v1/alerts/stream", params={"area": official.area, **query})

        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestEnd:
    async def ends(self, stream_official: Official, event: object) -> float:
        async with listening(stream_official) as stream:
            started = time.monotonic()
            await event  # type: ignore[misc]  # the coroutine that ends it
            assert await asyncio.wait_for(stream.next(), 8) is None
            return time.monotonic() - started

    async def test_a_revoked_account_is_out_within_five_seconds(self, district: District, official: Official) -> None:
        """Permission changes hold for what is open already."""
        took = await self.ends(official, official.change(2, not_before=datetime.now(UTC) + timedelta(seconds=5)))

        assert took < 5

        async def refused() -> bool:
            return (await official.call("GET", "/v1/alerts", params={"area": official.area})).status_code == 401

        await district.until(refused, 5)

    async def test_a_worker_who_moved_is_out_and_gets_no_rows(self, district: District, official: Official) -> None:
        """Jurisdiction is judged when the alert is raised; when the work returns, the feed goes on."""
        took = await self.ends(official, official.change(2, area=district.new_compound()))
        colleague = Official(district, official.area)
        await raise_fevers(colleague, 1)
        await official.change(3)
        cause = (await raise_fevers(colleague, 1))[0]

        async with listening(official, last="0") as stream:
            event = await stream.next()

        assert took < 5
        assert event is not None
        assert (event.id, event.data["cause"]) == ("1", cause)

    async def test_a_deleted_subscription_ends_its_streams(self, official: Official) -> None:
        """Nobody listens to a feed that is not written."""
        async with listening(official):
            pass
        own = (await official.call("GET", "/v1/subscriptions")).json()["items"][0]["id"]

        took = await self.ends(official, official.call("DELETE", f"/v1/subscriptions/{own}"))

        assert took < 5
