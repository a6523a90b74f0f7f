"""How what devices say is taken: each device in its order, several side by side, none stuck behind another's fault."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.messaging.devices import MQTT_MARK, Inbox, Origin, Refused, origin_of, require_sender

DEVICES = [f"dev_01KGT00000000000000000000{n}" for n in "AB"]


class Message:
    """What the inbox touches of a message."""

    def __init__(self, device: str, text: str = "", **properties: Any) -> None:
        self.routing_key = f"gate.scans.w.j.c01.{device}"
        self.text = text
        self.user_id = properties.get("user_id")
        self.headers = properties.get("headers", {})
        self.settled = asyncio.Event()
        self.outcome = ""

    async def ack(self) -> None:
        self.outcome = "acked"
        self.settled.set()

    async def reject(self, *, requeue: bool) -> None:
        self.outcome = f"requeued {requeue}"
        self.settled.set()


async def put(handle: Callable[[Any], Awaitable[None]], *messages: Message) -> Inbox:
    inbox = Inbox(handle)
    for message in messages:
        await inbox._take(message)  # type: ignore[arg-type]
    return inbox


class TestInbox:
    async def test_a_slow_device_holds_up_nobody_else(self) -> None:
        """The first device waits for the database; the second is answered meanwhile, the first in its order."""
        go, taken = asyncio.Event(), []
        slow = [Message(DEVICES[0], f"a{n}") for n in range(3)]
        quick = Message(DEVICES[1], "b")

        async def handle(message: Any) -> None:
            if message in slow:
                await go.wait()
            taken.append(message.text)

        await put(handle, *slow, quick)
        await asyncio.wait_for(quick.settled.wait(), 2)
        assert not slow[0].settled.is_set()
        go.set()
        await asyncio.wait_for(slow[2].settled.wait(), 2)

        assert taken == ["b", "a0", "a1", "a2"]

    async def test_a_fault_of_ours_goes_back_to_the_queue(self) -> None:
        """The next message of the same device has its turn, and nothing is acknowledged that was not answered."""
        bad, good = Message(DEVICES[0], "bad"), Message(DEVICES[0], "good")

        async def handle(message: Any) -> None:
            if message is bad:
                raise ValueError

        await put(handle, bad, good)
        await asyncio.wait_for(good.settled.wait(), 2)

        assert (bad.outcome, good.outcome) == ("requeued True", "acked")

    async def test_what_is_in_hand_is_finished_at_a_stop(self) -> None:
        """The rest goes back to the queue by itself: the broker keeps what is not acknowledged."""
        started, go = asyncio.Event(), asyncio.Event()
        first, second = Message(DEVICES[0]), Message(DEVICES[0])

        async def handle(_message: Any) -> None:
            started.set()
            await go.wait()

        inbox = await put(handle, first, second)
        inbox._queue = NoQueue()  # type: ignore[assignment]
        inbox._tag = ""
        await started.wait()
        stopping = asyncio.create_task(inbox.stop())
        await asyncio.sleep(0)
        go.set()
        await asyncio.wait_for(stopping, 2)

        assert (first.outcome, second.outcome) == ("acked", "")


class NoQueue:
    async def cancel(self, *_: Any, **__: Any) -> None:
        """Nothing to cancel."""


class TestOrigin:
    def test_is_read_from_the_key(self) -> None:
        """The broker lets a device write no other, so the key says who and where."""
        origin = origin_of(Message(DEVICES[0]))  # type: ignore[arg-type]

        assert origin == Origin("scans", "w.j.c01", DEVICES[0])

    @pytest.mark.parametrize("key", ["", "gate.scans.w", f"gate.scans..{DEVICES[0]}", f"gate.decisions.w.{DEVICES[0]}"])
    def test_other_keys_are_refused(self, key: str) -> None:
        """Nobody may guess what was meant."""
        message = Message(DEVICES[0])
        message.routing_key = key

        with pytest.raises(Refused, match="routing_key"):
            origin_of(message)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("properties", "refused"),
        [
            ({"user_id": DEVICES[0]}, None),
            ({"headers": {MQTT_MARK: 0}}, None),
            ({}, "user_id_missing"),
            ({"user_id": DEVICES[1]}, "user_id_mismatch"),
            ({"user_id": DEVICES[1], "headers": {MQTT_MARK: 1}}, "user_id_mismatch"),
        ],
    )
    def test_the_broker_vouches_for_the_sender(self, properties: dict[str, Any], refused: str | None) -> None:
        """By the user id over AMQP, by the key alone over MQTT; a header cannot talk a wrong user id away."""
        message, origin = Message(DEVICES[0], **properties), Origin("scans", "w.j.c01", DEVICES[0])

        if refused is None:
            require_sender(message, origin)  # type: ignore[arg-type]
        else:
            with pytest.raises(Refused, match=refused):
                require_sender(message, origin)  # type: ignore[arg-type]
