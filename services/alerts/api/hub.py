"""The hub: knows the live streams open in this process and tells each when there is news for it.

It holds no rows and no queues: a stream that is told reads its feed from the store, so nothing is lost when it is told
too often, too late, or by another process.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from services.alerts.domain import Account, Subscription


class Listener:
    """One open stream: whose it is, how far it has read, and whether it must end."""

    def __init__(self, subscription: Subscription, issued_at: float, seen: int) -> None:
        self.subscription = subscription.id
        self.account = subscription.account
        self.area = subscription.area
        self.kinds = subscription.kinds
        self.issued_at = issued_at
        self.seen = seen
        self.over = False
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Say that there may be news."""
        self._woken.set()

    def end(self) -> None:
        """Say that the stream must end."""
        self.over = True
        self._woken.set()

    async def news(self) -> None:
        """Wait until woken since the last wait."""
        await self._woken.wait()
        self._woken.clear()


class Hub:
    """The open streams of this process, by subscription."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._closed = False

    @property
    def listeners(self) -> list[Listener]:
        """Every open stream."""
        return [one for group in self._listeners.values() for one in group]

    def join(self, listener: Listener) -> None:
        """Take a stream in; it wakes at once, since its feed may have grown meanwhile."""
        self._listeners[listener.subscription].add(listener)
        listener.wake()
        if self._closed:
            listener.end()

    def leave(self, listener: Listener) -> None:
        """Forget a stream."""
        group = self._listeners[listener.subscription]
        group.discard(listener)
        if not group:
            del self._listeners[listener.subscription]

    def wake(self, subscriptions: Iterable[str]) -> None:
        """Tell the streams of subscriptions that these have grown."""
        for subscription in subscriptions:
            for listener in self._listeners.get(subscription, ()):
                listener.wake()

    def wake_behind(self, subscription: str, seq: int) -> None:
        """Tell the streams of a subscription that it has grown to there, unless they know."""
        for listener in self._listeners.get(subscription, ()):
            if listener.seen < seq:
                listener.wake()

    def wake_all(self) -> None:
        """Tell every stream to look."""
        for listener in self.listeners:
            listener.wake()

    @staticmethod
    def review(
        listeners: Iterable[Listener], accounts: Iterable[Account], subscriptions: Iterable[Subscription]
    ) -> None:
        """End the streams whose account or subscription does not stand any more; wake those that are behind.

        Judges only the streams that were asked about: one that opened since has an answer in none of these.
        """
        standing = {one.id: one for one in accounts}
        feeds = {one.id: one for one in subscriptions}
        for listener in listeners:
            account, feed = standing.get(listener.account), feeds.get(listener.subscription)
            revoked = account is not None and (
                listener.issued_at < account.tokens_not_before.timestamp()
                or not account.sees(listener.kinds, listener.area)
            )
            if revoked or feed is None or not feed.live:
                listener.end()
            elif feed.seq > listener.seen:
                listener.wake()

    def close(self) -> None:
        """End every stream, and those that are still to come."""
        self._closed = True
        for listener in self.listeners:
            listener.end()
