"""Exchanges and queues: the whole topology, declared alike by everybody who needs a part of it.

menshen.events    topic     every event, by `<service>.<EventName>.<area path>`
menshen.delay.*   fanout    a failed message waits in the queue of that name, then returns to its own by its key
<subscription>    queue     one durable quorum queue for each subscription of each service
menshen.dead      fanout    what the broker itself gave up on; nothing should ever be there
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue
from pamqp.common import FieldTable

from shared.contracts import Event, Received
from shared.mongo import Store

EVENTS_EXCHANGE = "menshen.events"
DEAD = "menshen.dead"

E = TypeVar("E", bound=Event)
S = TypeVar("S", bound=Store)

_QUORUM: FieldTable = {"x-queue-type": "quorum"}
# Redeliveries are judged by the consumer, one message at a time; the broker's own limit is only the last net.
_SUBSCRIPTION: FieldTable = {**_QUORUM, "x-delivery-limit": 1000, "x-dead-letter-exchange": DEAD}


@dataclass(frozen=True)
class Subscription(Generic[E, S]):
    """One line of a service's `consumers.py`: the queue, the event it takes, the handler that reacts.

    The handler is delivered each event at least once and possibly late; the inbox makes its effect happen once.

    `pace` is how many seconds lie between the beginnings of two batches that are not full: one event after a while is
    handled at once, of a stream those that come meanwhile share a transaction. Where nobody waits for the effect, even
    the first event waits `linger` seconds for others, and leaves the machine to what somebody waits for. `ahead` learns
    at once what the handlers of a batch will ask the store.
    """

    queue: str
    event: type[E]
    handler: Callable[[Received[E], S, datetime], Awaitable[None]]
    pace: float = 0.05
    linger: float = 0.0
    ahead: Callable[[Sequence[Received[E]], S], Awaitable[None]] | None = None

    @property
    def binding(self) -> str:
        """The routing pattern: this event from everywhere, or every event for `Event` itself."""
        if self.event is Event:
            return "#"
        _, service, name, _version = self.event.wire.split(".")
        return f"{service}.{name}.#"


def delay_name(seconds: float) -> str:
    """Name the exchange and queue in which a message waits that long."""
    return f"menshen.delay.{round(seconds * 1000)}ms"


async def declare_events(channel: AbstractChannel) -> AbstractExchange:
    """Declare the exchange of all events and the dead queue."""
    dead = await channel.declare_exchange(DEAD, ExchangeType.FANOUT, durable=True)
    queue = await channel.declare_queue(DEAD, durable=True, arguments=dict(_QUORUM))
    await queue.bind(dead)
    return await channel.declare_exchange(EVENTS_EXCHANGE, ExchangeType.TOPIC, durable=True)


async def declare_delays(channel: AbstractChannel, delays: Sequence[float]) -> dict[float, AbstractExchange]:
    """Declare the waiting rooms; they are shared, since the routing key names the queue a message returns to."""
    rooms = {}
    for seconds in delays:
        name = delay_name(seconds)
        rooms[seconds] = await channel.declare_exchange(name, ExchangeType.FANOUT, durable=True)
        arguments: FieldTable = {
            **_QUORUM,
            "x-message-ttl": round(seconds * 1000),
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        queue = await channel.declare_queue(name, durable=True, arguments=arguments)
        await queue.bind(rooms[seconds])
    return rooms


async def declare_subscription(
    channel: AbstractChannel, exchange: AbstractExchange, subscription: Subscription[Any, Any]
) -> AbstractQueue:
    """Declare a subscription's queue and bind it."""
    queue = await channel.declare_queue(subscription.queue, durable=True, arguments=dict(_SUBSCRIPTION))
    await queue.bind(exchange, subscription.binding)
    return queue
