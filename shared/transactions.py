"""Transactions that are tried again where the server asks for it.

Not the driver's own `with_transaction`: motor's commits outside of the part that it repeats, so that a conflict which
shows at the commit would be the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import stamina
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

T = TypeVar("T")

TRANSACTION_SECONDS = 5
"""A transaction not through by then is given up; its outcome is unknown and repeating it is safe."""
BACKOFF = {
    "timeout": float(TRANSACTION_SECONDS),
    "wait_initial": 0.005,
    "wait_exp_base": 1.5,
    "wait_jitter": 0.01,
    "wait_max": 0.5,
}
"""Seconds of the pauses before a transaction that met another is tried again: the drivers' own figures
(transactions-convenient-api of the MongoDB specifications, "Backoff")."""


async def run_transaction(
    client: AsyncIOMotorClient[dict[str, Any]], work: Callable[[AsyncIOMotorClientSession], Awaitable[T]]
) -> T:
    """Run `work` and commit it, with majority and journal. Raises the driver's errors, and TimeoutError."""
    async with asyncio.timeout(TRANSACTION_SECONDS), await client.start_session() as session:
        # Without a pause those that meet over the same documents would keep the server so busy that the one they wait
        # for does not get through.
        async for attempt in stamina.retry_context(on=_meets_another, attempts=None, **BACKOFF):
            with attempt:
                return await _attempt(session, work)
    raise TimeoutError


async def _attempt(session: AsyncIOMotorClientSession, work: Callable[[AsyncIOMotorClientSession], Awaitable[T]]) -> T:
    session.start_transaction(
        read_concern=ReadConcern("snapshot"),
        write_concern=WriteConcern("majority", j=True),
        read_preference=ReadPreference.PRIMARY,
    )
    try:
        result = await work(session)
    except BaseException:
        if session.in_transaction:  # type: ignore[truthy-function]  # a property, whatever its stub says
            await session.abort_transaction()
        raise
    async for attempt in stamina.retry_context(on=_may_be_committed, attempts=None, **BACKOFF):
        with attempt:
            await session.commit_transaction()
    return result


def _meets_another(error: Exception) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


def _may_be_committed(error: Exception) -> bool:
    return isinstance(error, PyMongoError) and error.has_error_label("UnknownTransactionCommitResult")
