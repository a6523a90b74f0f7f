"""The way between devices and the gate service over the broker, AMQP and MQTT alike.

menshen.devices   topic    what devices and the service say to each other, by the keys of `shared/contracts/devices.py`
gate.devices      queue    everything that devices say; one process at a time reads it, so that order holds
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.abc import AbstractRobustConnection as Connection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from pamqp.common import FieldTable

from shared.contracts.devices import DEVICES_EXCHANGE
from shared.messaging.topology import DEAD

INBOX = "gate.devices"
BINDINGS = ("gate.scans.#", "gate.heartbeats.#")
PREFETCH = 200
STOP_SECONDS = 3
MAX_BYTES = 16 * 1024
MQTT_MARK = "x-mqtt-publish-qos"

_KEY = re.compile(
    r"gate\.(?P<kind>scans|heartbeats)\.(?P<area>[a-z0-9]{1,32}(\.[a-z0-9]{1,32}){0,5})\.(?P<device>dev_\w{26})"
)
_INBOX: FieldTable = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 1000,
    "x-dead-letter-exchange": DEAD,
    "x-single-active-consumer": True,
}


log = structlog.get_logger()


class Refused(Exception):
    """A message that nobody may take seriously; the reason is a code, and a label of the count of such."""


@dataclass(frozen=True)
class Origin:
    """Where a message came from, as its routing key says: `scans` or `heartbeats` of a device of an area."""

    kind: str
    area: str
    device: str


async def declare_devices(channel: AbstractChannel) -> AbstractExchange:
    """Declare the exchange where devices and the gate service meet."""
    return await channel.declare_exchange(DEVICES_EXCHANGE, ExchangeType.TOPIC, durable=True)


async def declare_inbox(channel: AbstractChannel) -> AbstractQueue:
    """Declare the queue of everything that devices say."""
    exchange = await declare_devices(channel)
    queue = await channel.declare_queue(INBOX, durable=True, arguments=dict(_INBOX))
    for binding in BINDINGS:
        await queue.bind(exchange, binding)
    return queue


def origin_of(message: AbstractIncomingMessage) -> Origin:
    """Read where a message came from. Raises Refused with `routing_key` for a key that no device has."""
    matched = _KEY.fullmatch(message.routing_key or "")
    if matched is None:
        raise Refused("routing_key")
    return Origin(matched["kind"], matched["area"], matched["device"])


def require_sender(message: AbstractIncomingMessage, origin: Origin) -> None:
    """Raise Refused unless the broker vouches for the sender.

    Of AMQP it checks `user_id`, if there is one, so there must be one. MQTT has none; there, as always, only the device
    itself may write its routing key. Dead letters alone can bear a key that nobody was asked about: a device may have
    its own queue send them wherever it likes.
    """
    if "x-death" in message.headers:
        raise Refused("dead_letter")
    if message.user_id is None and MQTT_MARK not in message.headers:
        raise Refused("user_id_missing")
    if message.user_id not in {None, origin.device}:
        raise Refused("user_id_mismatch")


class Inbox:
    """Takes what devices say: the messages of one device in their order, those of several side by side.

    `handle` answers for the message, whatever it is; when it returns the message is acknowledged.
    """

    def __init__(self, handle: Callable[[AbstractIncomingMessage], Awaitable[None]]) -> None:
        self._handle = handle
        self._lanes: dict[str, deque[AbstractIncomingMessage]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self, connection: Connection) -> None:
        """Declare the queue and begin to take from it."""
        # The library restores only what somebody still holds.
        self._channel = await connection.channel()
        await self._channel.set_qos(prefetch_count=PREFETCH)
        self._queue = await declare_inbox(self._channel)
        self._tag = await self._queue.consume(self._take)

    async def stop(self) -> None:
        """Take no more, finish what is in hand; the rest goes back to the queue."""
        self._stopping = True
        with suppress(AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError, RuntimeError):
            await self._queue.cancel(self._tag, timeout=2)
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_SECONDS)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        lane = (message.routing_key or "").rpartition(".")[2]
        if lane in self._lanes:
            self._lanes[lane].append(message)
            return
        self._lanes[lane] = deque([message])
        task = asyncio.create_task(self._drain(lane), name=lane)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _drain(self, lane: str) -> None:
        waiting = self._lanes[lane]
        while waiting and not self._stopping:
            await self._settle(waiting.popleft())
        del self._lanes[lane]

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        # On a closed channel the broker delivers again, and the answer is the same.
        with suppress(AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError):
            try:
                await self._handle(message)
            except Exception:
                log.exception("device_message_unsettled")
                await message.reject(requeue=True)
            else:
                await message.ack()
