"""Two hops over the broker and nothing else: what an event's way from the gate over health to alerts takes at least.

A message is published with a confirm to a durable quorum queue, passed on by a process of its own to a second one, and
acknowledged where it arrives. No database, no contract, no decision.

    python -m menshen.bench.floors.hops
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pamqp.common import FieldTable

from menshen.supervisor import CannotStart

FIRST, SECOND = "bench.hops.first", "bench.hops.second"
QUORUM: FieldTable = {"x-queue-type": "quorum"}
SIZE = 700
"""Bytes, about those of an event."""
LIMIT_SECONDS = 30


class Hops:
    """The first and the last end of the way."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel
        self._arrived: asyncio.Queue[float] = asyncio.Queue()

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Note when a message has arrived."""
        self._arrived.put_nowait(time.perf_counter())
        await message.ack()

    async def go(self) -> float:
        """Send a message and return the seconds until it arrived."""
        began = time.perf_counter()
        await _publish(self._channel, FIRST, bytes(SIZE))
        return await asyncio.wait_for(self._arrived.get(), LIMIT_SECONDS) - began


@asynccontextmanager
async def hops(url: str) -> AsyncIterator[Hops]:
    """Run the process in the middle and be both ends; a connection for each."""
    between = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, env={**os.environ, "AMQP_URL": url}, stdout=asyncio.subprocess.PIPE
    )
    try:
        said = await asyncio.wait_for(between.stdout.readline(), LIMIT_SECONDS) if between.stdout else b""
        if not said:
            raise CannotStart("the process between the hops did not begin")
        async with await aio_pika.connect(url) as sending, await aio_pika.connect(url) as taking:
            ends = Hops(await sending.channel())
            await (await (await taking.channel()).get_queue(SECOND)).consume(ends.take)
            yield ends
    finally:
        if between.returncode is None:
            between.kill()
        await between.wait()


async def _publish(channel: AbstractChannel, queue: str, body: bytes) -> None:
    message = Message(body, delivery_mode=DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, queue, mandatory=True)


async def pass_on(url: str) -> None:
    """Take from the first queue, publish to the second, acknowledge."""
    taking, sending = [await (await aio_pika.connect(url)).channel() for _ in range(2)]
    for queue in (FIRST, SECOND):
        await taking.declare_queue(queue, durable=True, arguments=QUORUM)

    async def one(message: AbstractIncomingMessage) -> None:
        await _publish(sending, SECOND, message.body)
        await message.ack()

    await (await taking.get_queue(FIRST)).consume(one)
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(pass_on(os.environ["AMQP_URL"]))
