"""Which open streams are woken and which are ended."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.alerts.api.hub import Hub, Listener
from services.alerts.domain import Account, AlertKind, Subscription

NOW = datetime(2020, 2, 10, 9, 0, tzinfo=UTC)
FEED = Subscription("sub_1", "acc_1", "s.c", (AlertKind.FEVER,), NOW, seq=3)
WORKER = Account("acc_1", 1, active=True, tokens_not_before=NOW, areas=("s",))


def opened(hub: Hub, feed: Subscription = FEED, seen: int = 3) -> Listener:
    listener = Listener(feed, NOW.timestamp(), seen)
    hub.join(listener)
    return listener


async def woken(listener: Listener) -> bool:
    try:
        await asyncio.wait_for(listener.news(), 0.01)
    except TimeoutError:
        return False
    return True


class TestWake:
    async def test_a_new_stream_looks_at_once(self) -> None:
        """Its feed may have grown between the question and the first wait."""
        listener = opened(Hub())

        assert await woken(listener)
        assert not await woken(listener)

    async def test_only_its_own_feed_wakes_it(self) -> None:
        """A thousand streams must not read for each other's alerts."""
        hub = Hub()
        listener, other = opened(hub), opened(hub, replace(FEED, id="sub_2"))
        await woken(listener)
        await woken(other)

        hub.wake(["sub_1"])

        assert await woken(listener)
        assert not await woken(other)

    async def test_who_has_read_it_is_not_woken_for_it(self) -> None:
        """What this process wrote is told twice: by itself, and by the database."""
        hub = Hub()
        listener = opened(hub)
        await woken(listener)
        listener.seen = 7

        hub.wake_behind("sub_1", 7)
        assert not await woken(listener)
        hub.wake_behind("sub_1", 8)
        assert await woken(listener)

    async def test_one_that_left_is_forgotten(self) -> None:
        """Nothing grows with the connections there have been."""
        hub = Hub()
        listener = opened(hub)

        hub.leave(listener)

        assert hub.listeners == []


class TestReview:
    @pytest.mark.parametrize(
        ("account", "feed"),
        [
            (replace(WORKER, active=False), FEED),
            (replace(WORKER, areas=("s.c2",)), FEED),
            (replace(WORKER, tokens_not_before=NOW.replace(hour=10)), FEED),
            (WORKER, replace(FEED, deleted=True)),
            (WORKER, replace(FEED, suspended=True)),
        ],
    )
    def test_what_does_not_stand_ends(self, account: Account, feed: Subscription) -> None:
        """Account gone, work elsewhere, tokens void, subscription ended."""
        hub = Hub()
        listener = opened(hub)

        hub.review([listener], [account], [feed])

        assert listener.over

    async def test_what_stands_goes_on(self) -> None:
        """Also for an account that alerts has not heard of yet."""
        hub = Hub()
        listener = opened(hub)
        await woken(listener)

        hub.review([listener], [], [FEED])

        assert not listener.over
        assert not await woken(listener)

    async def test_who_is_behind_is_woken(self) -> None:
        """The net below the change stream."""
        hub = Hub()
        listener = opened(hub, seen=2)
        await woken(listener)

        hub.review([listener], [WORKER], [FEED])

        assert await woken(listener)

    def test_one_that_opened_meanwhile_is_not_judged(self) -> None:
        """It was not asked about; taken for deleted, it lost its stream."""
        hub = Hub()
        asked = opened(hub)
        since = opened(hub, replace(FEED, id="sub_2"))

        hub.review([asked], [WORKER], [FEED])

        assert not since.over


class TestClose:
    def test_all_end_and_none_begins(self) -> None:
        """A process that stops lets no stream hold it."""
        hub = Hub()
        before = opened(hub)

        hub.close()

        assert before.over
        assert opened(hub).over
