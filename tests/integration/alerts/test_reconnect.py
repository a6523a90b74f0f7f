"""A stream that broke goes on where it was: the stored feeds beneath live streams."""

import asyncio
import secrets

import pytest

from tests.district import District
from tests.integration.alerts.officials import Official, listening, raise_fevers


class TestReconnect:
    async def test_nothing_is_missed_and_nothing_comes_twice(self, official: Official) -> None:
        """Cut at random places: what was received is the feed, in order."""
        async with listening(official):
            pass
        causes = await raise_fevers(official, 12)

        received: list[str] = []
        last = "0"
        while len(received) < len(causes):
            async with listening(official, last=last) as stream:
                wanted = min(1 + secrets.randbelow(3), len(causes) - len(received))
                received += [one.data["cause"] for one in await stream.take(wanted)]
                last = stream.last

        assert received == causes

    async def test_a_stream_that_never_had_an_event_knows_its_place(self, official: Official) -> None:
        """It was told where it began, so what comes while it is away is not lost."""
        await raise_fevers(official, 1)
        async with listening(official) as stream:
            nothing = asyncio.create_task(stream.next())

            async def placed() -> str:
                return stream.last

            await official.district.until(placed)
            nothing.cancel()
            place = stream.last
        causes = await raise_fevers(official, 2)

        async with listening(official, last=place) as stream:
            events = await stream.take(2)

        assert [one.data["cause"] for one in events] == causes

    async def test_without_a_place_it_is_live_from_now_on(self, official: Official) -> None:
        """A fresh client looks at the list for what was before."""
        async with listening(official):
            pass
        await raise_fevers(official, 2)

        async with listening(official) as stream:
            cause = (await raise_fevers(official, 1))[0]
            event = await stream.next()

        assert event is not None
        assert (event.data["cause"], event.id) == (cause, "3")

    async def test_after_is_the_same_for_those_who_cannot_send_headers(self, official: Official) -> None:
        """`?after=` replays like Last-Event-ID."""
        async with listening(official):
            pass
        causes = await raise_fevers(official, 2)

        async with listening(official, after="1") as stream:
            event = await stream.next()

        assert event is not None
        assert event.data["cause"] == causes[1]

    @pytest.mark.parametrize("place", ["garbage", "-1", "99", "1.5", "１", "9" * 40, "sub_x/1"])
    async def test_a_place_that_is_none_starts_afresh(self, official: Official, place: str) -> None:
        """`reset`, then the whole feed: rather twice than never."""
        async with listening(official):
            pass
        causes = await raise_fevers(official, 2)

        async with listening(official, after=place) as stream:
            events = await stream.take(3)

        assert [one.event for one in events] == ["reset", "fever", "fever"]
        assert [one.data["cause"] for one in events[1:]] == causes

    async def test_anothers_place_shows_ones_own_feed(self, district: District, official: Official) -> None:
        """A number from another official's stream is a place in one's own feed or none, never a key to theirs."""
        other = Official(district, district.new_compound())
        async with listening(official), listening(other):
            pass
        await raise_fevers(other, 3)
        cause = (await raise_fevers(official, 1))[0]

        async with listening(official, last="3") as stream:
            events = await stream.take(2)

        assert [one.event for one in events] == ["reset", "fever"]
        assert events[1].data["cause"] == cause

    async def test_what_is_too_old_starts_afresh(self, district: District, official: Official) -> None:
        """Rows are kept for 14 days; whoever comes later is told that something is missing."""
        async with listening(official):
            pass
        await raise_fevers(official, 3)
        await district.db("alerts").feed.delete_many({"seq": {"$lt": 3}, "alert.area": {"$regex": f"^{official.area}"}})

        async with listening(official, last="1") as stream:
            events = await stream.take(2)

        assert [(one.event, one.id) for one in events] == [("reset", "2"), ("fever", "3")]
