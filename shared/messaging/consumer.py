"""Consumers: take what waits as one batch, run the handlers in one transaction, acknowledge.

The delivery layer alone judges failures. A batch that fails is done again one by one, so a poison message takes no
other with it; one that the database gives up on, in halves. DomainError parks a message at once; Transient sends it up
the ladder of delays; anything else is tried twice more, then parked. While the database is away nothing is taken and
nothing is judged.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import stamina
import structlog
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from shared import metrics
from shared.errors import DomainError, Transient
from shared.faults import crash_point
from shared.messaging.codec import Unreadable, decode
from shared.messaging.parking import Failure, ParkingLot
from shared.messaging.publisher import publish
from shared.messaging.topology import Subscription, declare_delays, declare_events, declare_subscription
from shared.mongo import StorageUnavailable
from shared.tracing import continued
from shared.work import Delivery, Work

BATCH = 100
PREFETCH = 200
OTHER_TRIES = 3
MAX_BYTES = 256 * 1024
SUSPECT_AFTER = 3
"""A message redelivered this often may be what kills the process: it is then tried alone, and its tries are counted."""

Taken = tuple[AbstractIncomingMessage, Delivery[Any]]

log = structlog.get_logger()


class Consumer:
    """One subscription of one process. `delays` are the waiting rooms, on another connection than the deliveries'."""

    def __init__(
        self, subscription: Subscription[Any, Any], work: Work[Any], delays: dict[float, AbstractExchange]
    ) -> None:
        self._subscription = subscription
        self._work = work
        self._delays = delays
        self._parking = ParkingLot(work.mongo)
        self._waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def start(self, connection: AbstractRobustConnection) -> None:
        """Declare the queue and begin to take from it."""
        # The library restores only what somebody still holds.
        self._channel = await connection.channel(on_return_raises=True)
        await self._channel.set_qos(prefetch_count=PREFETCH)
        exchange = await declare_events(self._channel)
        self._queue = await declare_subscription(self._channel, exchange, self._subscription)
        self._tag = await self._queue.consume(self._waiting.put)

    async def run(self) -> None:
        """Handle batches until cancelled; what is under way then is finished first."""
        while True:
            batch = [await self._waiting.get()]
            if self._waiting.qsize() < BATCH:
                await asyncio.sleep(self._subscription.linger)
            began = time.monotonic()
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            crash_point("consumer.on_delivery")
            await asyncio.shield(self._handle(batch))
            if self._waiting.qsize() < BATCH:
                await asyncio.sleep(began + self._subscription.pace - time.monotonic())

    async def stop(self) -> None:
        """Take no more; what was not acknowledged goes back to the queue."""
        with suppress(AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError, RuntimeError):
            await self._queue.cancel(self._tag, timeout=2)

    async def _handle(self, batch: list[AbstractIncomingMessage]) -> None:
        readable: list[Taken] = []
        for message in batch:
            delivery = await self._read(message)
            if delivery is None:
                continue
            if _redeliveries(message) >= SUSPECT_AFTER:
                await self._try_suspect(message, delivery)
            else:
                readable.append((message, delivery))
        await self._try_together(readable)

    async def _try_together(self, batch: Sequence[Taken]) -> None:
        """Deliver a batch; what the database gave up on is done again in halves, what failed otherwise one by one.

        Among others that write the same documents a large transaction may never be through in time; a small one is.
        """
        if not batch:
            return
        try:
            await self._deliver([delivery for _, delivery in batch])
        except StorageUnavailable:
            half = max(1, len(batch) // 2)
            for part in (batch[:half], batch[half:]):
                await (self._try_together(part) if len(part) > 1 else self._try_each(part))
        except Exception:  # noqa: BLE001  # judged one by one
            await self._try_each(batch)
        else:
            # One acknowledgement for all: what came before the last of them on this channel is settled too.
            await self._acknowledge(batch[-1][0], multiple=True)

    async def _try_each(self, batch: Sequence[Taken]) -> None:
        for message, delivery in batch:
            await self._try_one(message, delivery)

    async def _read(self, message: AbstractIncomingMessage) -> Delivery[Any] | None:
        try:
            if len(message.body) > MAX_BYTES:
                raise Unreadable("message_too_large")
            envelope, event = decode(message.body)
        except Unreadable as error:
            digest = hashlib.sha256(message.body).hexdigest()[:32]
            await self._park(message, f"unreadable-{digest}", str(error), error)
            return None
        return Delivery(self._subscription.queue, event, self._subscription.handler, continued(envelope.traceparent))

    async def _deliver(self, deliveries: Sequence[Delivery[Any]]) -> None:
        await self._work.deliver(deliveries, self._subscription.ahead)
        crash_point("consumer.before_ack")
        metrics.events_handled.labels(self._subscription.queue).inc(len(deliveries))

    async def _try_one(self, message: AbstractIncomingMessage, delivery: Delivery[Any]) -> None:
        try:
            # An absent database is no fault of any message: wait for it, holding what is in hand.
            async for attempt in stamina.retry_context(
                on=StorageUnavailable, attempts=None, timeout=None, wait_initial=0.1, wait_max=2.0
            ):
                with attempt:
                    await self._deliver([delivery])
        except DomainError as error:
            await self._park(message, delivery.event.id, error.code, error)
        except Transient as error:
            await self._retry_later(message, delivery, error, tries=len(self._delays) + 1)
        except Exception as error:  # noqa: BLE001  # the delivery layer is where unknown faults end
            await self._retry_later(message, delivery, error, tries=OTHER_TRIES)
        else:
            await self._acknowledge(message)

    async def _retry_later(
        self, message: AbstractIncomingMessage, delivery: Delivery[Any], error: Exception, tries: int
    ) -> None:
        attempt = _number(message, "attempt") + 1
        name = type(error).__name__
        log.warning("event_failed", queue=delivery.queue, event_id=delivery.event.id, attempt=attempt, error=name)
        delays = sorted(self._delays)
        if attempt >= tries or attempt > len(delays):
            await self._park(message, delivery.event.id, "tries_exhausted", error)
            return
        room = self._delays[delays[attempt - 1]]
        headers: dict[str, str | int] = {"event_id": delivery.event.id, "attempt": attempt}
        async for again in stamina.retry_context(on=Transient, attempts=None, timeout=None, wait_max=2.0):
            with again:
                await publish(room, delivery.queue, message.body, headers)
        metrics.events_retried.labels(delivery.queue).inc()
        await self._acknowledge(message)

    async def _try_suspect(self, message: AbstractIncomingMessage, delivery: Delivery[Any]) -> None:
        """Try alone what was in hand when the process died, and park it if the process dies of it again and again."""
        tries = await self._work.mongo.outside(
            self._work.mongo.db["suspects"].find_one_and_update(
                {"_id": delivery.key}, {"$inc": {"tries": 1}}, upsert=True, return_document=True
            )
        )
        if tries and tries["tries"] > SUSPECT_AFTER:
            await self._park(message, delivery.event.id, "kills_the_process", Transient())
        else:
            await self._try_one(message, delivery)

    async def _park(self, message: AbstractIncomingMessage, key: str, reason: str, error: Exception) -> None:
        failure = Failure(self._subscription.queue, reason, type(error).__name__, _number(message, "attempt") + 1)
        log.error("event_parked", queue=failure.queue, event_id=key, reason=reason, error=failure.error)
        async for attempt in stamina.retry_context(on=StorageUnavailable, attempts=None, timeout=None, wait_max=2.0):
            with attempt:
                await self._parking.park(key, message.body, failure, self._work.clock())
        metrics.events_parked.labels(failure.queue, reason).inc()
        await self._acknowledge(message)

    async def _acknowledge(self, message: AbstractIncomingMessage, *, multiple: bool = False) -> None:
        # On a closed channel the broker delivers again, and the inbox knows it.
        with suppress(AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError):
            await message.ack(multiple=multiple)


def _number(message: AbstractIncomingMessage, header: str) -> int:
    value = message.headers.get(header, 0)
    return value if isinstance(value, int) else 0


def _redeliveries(message: AbstractIncomingMessage) -> int:
    return _number(message, "x-delivery-count")


async def waiting_rooms(connection: AbstractRobustConnection, delays: Sequence[float]) -> dict[float, AbstractExchange]:
    """Declare the delay exchanges on a channel for publishing."""
    channel = await connection.channel(on_return_raises=True)
    return await declare_delays(channel, delays)
