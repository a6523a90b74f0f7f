"""Both ends of the event path, in the three ways that are compared; each end is a process.

    python -m menshen.bench.floors.events <source or sink> <menshen, raw, faststream or faststream_one> <count>

A sink stores, for each event, that it was seen and a row of a feed, in one transaction, and acknowledges afterwards.
`raw` takes what waits as one transaction with nothing around it: the floor. `faststream` gives each event a transaction
of its own, many at once; `faststream_one` one after the other. A source says, as JSON, when it began.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractIncomingMessage
from faststream import AckPolicy
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitMessage, RabbitQueue
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import WriteConcern
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from shared import logging as logs
from shared.contracts import Fact, Received
from shared.contracts.health import FeverAlert
from shared.contracts.values import Site
from shared.errors import DomainError, Transient
from shared.messaging.codec import envelope_of
from shared.messaging.topology import EVENTS_EXCHANGE, Subscription
from shared.mongo import Document, Store
from shared.service import Runtime, Service, migrate
from shared.settings import Settings

AREA = "bench.k1.c01"
KEY = f"health.FeverAlert.{AREA}"
QUEUE = "sink.fever_alert"
BATCH, IN_FLIGHT = 200, 256


@cache
def settings() -> Settings:
    """Return what this process was told."""
    return Settings()


Keep = Callable[[list[Document], list[Document]], Awaitable[None]]


# Menshen: two services as any other, one that publishes and one that listens


class FeedStore(Store):
    """The effect: a row of a feed for each event."""

    async def add_row(self, row: Document) -> None:
        """Store a row."""
        await self._insert("feed", row)


async def keep(received: Received[FeverAlert], store: FeedStore, now: datetime) -> None:
    """Store a row for an event."""
    await store.add_row(row_of(received.id, received.subject, received.data.temperature_c, now))


source = Service(name="source", store=Store, subscriptions=[], routers=[])
sink = Service(
    name="sink", store=FeedStore, subscriptions=[Subscription(QUEUE, FeverAlert, keep)], routers=[], settings=Settings
)


async def menshen(service: Service[Any]) -> None:
    """Run one of the two until the process ends."""
    runtime = Runtime(service, settings())
    await runtime.start()
    while True:
        try:
            await runtime.require_ready()
        except (DomainError, Transient):
            await asyncio.sleep(0.002)
            continue
        break
    say_begun()
    await asyncio.Event().wait()


# Raw: the client libraries and nothing else


async def raw_source(bodies: list[bytes]) -> None:
    """Publish with confirms, many under way at once."""
    connection = await aio_pika.connect(settings().amqp_url.get_secret_value())
    exchange = await (await connection.channel()).get_exchange(EVENTS_EXCHANGE)
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(body: bytes) -> None:
        try:
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(message, KEY, mandatory=True)
        finally:
            slots.release()

    say_begun()
    for body in bodies:
        await slots.acquire()
        asyncio.create_task(one(body))  # noqa: RUF006  # the semaphore waits for it
    await asyncio.Event().wait()


async def raw_sink() -> None:
    """Take what waits, store it in one transaction, acknowledge once."""
    store = storing()
    connection = await aio_pika.connect(settings().amqp_url.get_secret_value())
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=2 * BATCH)
    waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await (await channel.get_queue(QUEUE)).consume(waiting.put)
    say_begun()
    while True:
        batch = [await waiting.get()]
        while len(batch) < BATCH and not waiting.empty():
            batch.append(waiting.get_nowait())
        await store(*rows_of([message.body for message in batch]))
        await batch[-1].ack(multiple=True)


# FastStream: a transaction for each event


async def faststream_sink(prefetch: int) -> None:
    """Store each event in a transaction of its own, so many at once."""
    store = storing()
    broker = RabbitBroker(settings().amqp_url.get_secret_value(), logger=None)
    queue = RabbitQueue(QUEUE, queue_type=QueueType.QUORUM, durable=True, declare=False)

    @broker.subscriber(queue, channel=Channel(prefetch_count=prefetch), ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(message: RabbitMessage) -> None:
        try:
            await store(*rows_of([message.body]))
        except DuplicateKeyError:
            return

    await broker.start()
    say_begun()
    await asyncio.Event().wait()


# What all of them do


def storing() -> Keep:
    """Return what stores inbox rows and feed rows in one transaction, as durably as Menshen does."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(settings().mongo_url.get_secret_value())
    db = client[settings().db_prefix + "sink"]

    async def store(seen: list[Document], rows: list[Document]) -> None:
        async def write(session: AsyncIOMotorClientSession) -> None:
            await db["inbox"].insert_many(seen, session=session)
            await db["feed"].insert_many(rows, session=session)

        async with await client.start_session() as session:
            await session.with_transaction(
                write, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
            )

    return store


def rows_of(bodies: list[bytes]) -> tuple[list[Document], list[Document]]:
    """Return the inbox's and the feed's rows for events."""
    now, events = datetime.now(UTC), [orjson.loads(body) for body in bodies]
    seen: list[Document] = [{"_id": f"{QUEUE}/{one['id']}", "at": now} for one in events]
    return seen, [row_of(one["id"], one["subject"], one["data"]["temperature_c"], now) for one in events]


def row_of(event: str, subject: str, temperature_c: float, now: datetime) -> Document:
    """Return the feed's row for an event."""
    return {"_id": event, "subscription": "sub", "what": "raised", "at": now, "alert": subject, "t": temperature_c}


def bodies(count: int) -> list[bytes]:
    """Return events as they are on the wire."""
    now = datetime.now(UTC)
    alert = FeverAlert(
        reading="read_1",
        resident="res_1",
        label="王**",
        temperature_c=38.4,
        site=Site.EAR,
        gate="gate_1",
        measured_at=now,
        late=False,
    )
    facts = (Fact(alert, f"fever_{number}", AREA, 1) for number in range(count))
    return [envelope_of(fact, now, None).model_dump_json(exclude_none=True).encode() for fact in facts]


def say_begun() -> None:
    """Tell the parent process when this end began."""
    sys.stdout.write(json.dumps({"at": time.time()}) + "\n")
    sys.stdout.flush()


async def main(end: str, way: str, count: int) -> None:
    """Run one end in one way."""
    logs.configure(f"bench-{end}", "WARNING")
    if end == "migrate":
        for service in (source, sink):
            await migrate(service, settings())
    elif end == "source":
        await (menshen(source) if way == "menshen" else raw_source(bodies(count)))
    elif way.startswith("faststream"):
        await faststream_sink(1 if way == "faststream_one" else BATCH)
    else:
        await (menshen(sink) if way == "menshen" else raw_sink())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
