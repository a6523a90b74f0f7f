"""Publishing with a promise: persistent, confirmed, routed to somebody, within a time; or an error."""

import asyncio
from contextlib import suppress

import aio_pika
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from shared.errors import Transient

HEARTBEAT_SECONDS = 10
PUBLISH_SECONDS = 5
"""Shorter than three heartbeats, so that a stuck connection shows here first."""


class BrokerUnavailable(Transient):
    """RabbitMQ did not confirm in time; the message may or may not arrive, and may be published again."""


async def connect(url: str, name: str) -> AbstractRobustConnection:
    """Open a connection that heals itself. Services start without a broker: it may be under way when this returns."""
    return await aio_pika.connect_robust(
        url,
        fail_fast=False,
        reconnect_interval=1,
        heartbeat=HEARTBEAT_SECONDS,
        client_properties={"connection_name": name},
    )


async def publish(
    exchange: AbstractExchange, routing_key: str, body: bytes, headers: dict[str, str | int], *, mandatory: bool = True
) -> None:
    """Publish and wait for the broker's confirm. Raises BrokerUnavailable when there is none: the outcome is unknown.

    The message gets a fresh id at each try: the client library pairs returns with publishes by it. Unless it is
    mandatory, it is fine that nobody has a queue for it.
    """
    message = Message(
        body, headers=dict(headers), content_type="application/cloudevents+json", delivery_mode=DeliveryMode.PERSISTENT
    )
    try:
        await exchange.publish(message, routing_key, mandatory=mandatory, timeout=PUBLISH_SECONDS)
    except asyncio.CancelledError:
        # A stuck connection cancels its publishes although nobody asked this task to end.
        task = asyncio.current_task()
        if task and task.cancelling():
            raise
        raise BrokerUnavailable("cancelled by the connection") from None
    except (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError, RuntimeError) as error:
        raise BrokerUnavailable(type(error).__name__) from error


async def close_quietly(connection: AbstractRobustConnection) -> None:
    """Close a connection that may already be gone."""
    with suppress(AMQPError, ConnectionError, TimeoutError, RuntimeError):
        await asyncio.wait_for(connection.close(), 3)
