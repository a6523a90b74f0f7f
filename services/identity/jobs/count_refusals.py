"""Counts what the broker refuses the gates' devices.

Such a message reaches no queue: the broker closes the channel and writes a line to its log. With `log.exchange` on, it
publishes its log besides, and this job reads there which device tried.
"""

import asyncio
import re
from contextlib import suppress

import stamina
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustConnection, AbstractRobustQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from services.identity.store import IdentityStore
from shared import metrics
from shared.errors import Transient
from shared.messaging.publisher import close_quietly, connect
from shared.service import Runtime
from shared.work import Work

LOG_EXCHANGE = "amq.rabbitmq.log"
QUEUE = "identity.broker_log"
MOST_KEPT = 10_000
_DEVICE = re.compile(r"user:? '(dev_[0-9A-Z]{26})'")
_REASONS = {"access_refused": "not_its_own", "user_id property": "user_id", "login": "sign_in"}


async def count_refusals(runtime: Runtime) -> None:
    """Count each refusal on its device, until cancelled; several processes share the queue.

    It is a sign for people, no record: while the database is away refusals are not counted.
    """
    if not runtime.parts["broker"].configured:
        return
    connection = await connect(runtime.settings.amqp_url.get_secret_value(), "identity-log")
    try:
        await connection.connected.wait()
        # The broker makes its log's exchange a few seconds after it lets the first connection in.
        async for attempt in stamina.retry_context(
            on=(AMQPError, ChannelInvalidStateError), attempts=None, timeout=None, wait_initial=1.0, wait_max=30.0
        ):
            with attempt:
                queue = await _bound(connection)
        work: Work[IdentityStore] = runtime.work

        async def count(message: AbstractIncomingMessage) -> None:
            async with message.process():
                await _count(message.body.decode(errors="replace"), work)

        await queue.consume(count)
        await asyncio.Event().wait()
    finally:
        await close_quietly(connection)


def refusal_in(line: str) -> tuple[str, str] | None:
    """Read which device was refused and why from a line of the broker's log; None for lines about anything else."""
    device = _DEVICE.search(line)
    reason = next((reason for words, reason in _REASONS.items() if words in line), None)
    return (device[1], reason) if device and reason else None


async def _bound(connection: AbstractRobustConnection) -> AbstractRobustQueue:
    channel = await connection.channel()
    queue: AbstractRobustQueue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-max-length": MOST_KEPT})
    await queue.bind(LOG_EXCHANGE, "error")
    return queue


async def _count(line: str, work: Work[IdentityStore]) -> None:
    found = refusal_in(line)
    if found is None:
        return
    device, reason = found
    metrics.device_refusals.labels(reason).inc()
    with suppress(Transient):
        await work.view(lambda store: store.count_refusal(device, work.clock()))
