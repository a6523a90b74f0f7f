"""The end of a run: wait until nothing moves any more, then see what queues, relays and logs hold."""

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aio_pika
import stamina

from menshen.simulate.evidence import SERVICES, Row, Stores, listeners
from menshen.simulate.officials import Official
from menshen.simulate.people import REGION, SYLLABLES
from shared.messaging.topology import DEAD
from shared.mongo import Mongo

STEADY = 3
"""So many looks in a row must show the same."""
LIMIT = 180.0
"""Seconds after which the district is judged as it is, quiet or not."""
PERSONAL = {
    "an ID number": re.compile(rf"{REGION}(?:19|20)\d{{9}}[\dX]"),
    # Not within a longer word: among so many keyed hashes in hexadecimal some have such digits in them.
    "a phone": re.compile(r"(?<![0-9A-Za-z])(?:86)?199\d{8}(?![0-9A-Za-z])"),
    "a name": re.compile(rf"[{SYLLABLES}]{{2}}·[{SYLLABLES}]{{2,4}}"),
}
"""What the people of a simulation look like, wherever they appear."""
_LOG_PART = 1024 * 1024


class Moving(Exception):
    """Something is still under way."""


@contextmanager
def stores_at(mongo: str, prefix: str) -> Any:
    """Open every service's database."""
    opened = {service: Mongo(mongo, prefix + service) for service in SERVICES}
    try:
        yield {service: one.db for service, one in opened.items()}
    finally:
        for one in opened.values():
            one.close()


async def settle(stores: Stores, officials: Sequence[Official], say: Callable[[str], None]) -> float:
    """Wait until outboxes are sent, inboxes grow no more and streams have what is stored; return how long it took."""
    began = time.monotonic()
    looks: list[tuple[int, ...]] = []
    try:
        async for attempt in stamina.retry_context(
            on=Moving, attempts=None, timeout=LIMIT, wait_initial=0.3, wait_max=0.5, wait_jitter=0
        ):
            with attempt:
                looks.append(await _look(stores, officials))
                unsent, behind, *_ = looks[-1]
                if unsent or behind or len(looks) < STEADY or len(set(looks[-STEADY:])) > 1:
                    raise Moving
    except Moving:
        say(f"not quiet after {LIMIT:g} s: {looks[-1][0]} events unsent, {looks[-1][1]} streams behind")
    return time.monotonic() - began


async def _look(stores: Stores, officials: Sequence[Official]) -> tuple[int, ...]:
    counts = [await db.outbox.count_documents({"sent": False}) for db in stores.values()]
    sizes = [await db.inbox.estimated_document_count() for db in stores.values()]
    behind = 0
    for one in officials:
        row = await stores["alerts"].subscriptions.find_one({"_id": one.subscription})
        behind += bool(row and row["seq"] > one.seen)
    return sum(counts), behind, *sizes


async def queues(amqp: str, stores: Stores) -> list[Row]:
    """Return each subscription's queue, and the dead one, with its messages and consumers."""
    names = [*(queue for _, queue, _ in listeners(stores)), DEAD]
    async with _channel(amqp) as channel:
        found = []
        for name in names:
            declared = (await channel.declare_queue(name, passive=True)).declaration_result
            found.append((name, declared.message_count or 0, declared.consumer_count or 0))
    return found


@asynccontextmanager
async def _channel(amqp: str) -> AsyncIterator[Any]:
    connection = await aio_pika.connect(amqp)
    async with connection:
        yield await connection.channel()


def leaks(logs: Path, bodies: Iterable[tuple[str, str]]) -> list[Row]:
    """Find people of the simulation in log files, and in texts given with their place."""
    found: set[Row] = set()
    for path in sorted(logs.glob("*.log")) if logs.exists() else ():
        with path.open(encoding="utf-8", errors="replace") as file:
            while part := file.readlines(_LOG_PART):
                found |= _in(path.name, "".join(part))
    for place, text in bodies:
        found |= _in(place, text)
    return sorted(found)


def _in(place: str, text: str) -> set[Row]:
    # A name in JSON may stand as escapes; masked labels such as `阿巴**` are meant to be there.
    plain = text.encode().decode("unicode_escape", errors="ignore") if "\\u" in text else text
    return {(place, what) for what, form in PERSONAL.items() if form.search(plain)}
