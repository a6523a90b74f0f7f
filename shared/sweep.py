"""Jobs that look, again and again, for what has come due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import stamina

from shared.errors import Transient
from shared.mongo import Store
from shared.service import Runtime

S = TypeVar("S", bound=Store)
AT_ONCE = 100


async def sweep(
    runtime: Runtime,
    pause: timedelta,
    due: Callable[[S, datetime, int], Awaitable[Sequence[str]]],
    handler: Callable[[str, S, datetime], Awaitable[Any]],
) -> None:
    """Run a handler for each id that is due, in a transaction of its own, for as long as the service lives.

    Several processes sweep side by side and find the same; the handler judges anew and does nothing that was done.
    """
    while True:
        async for attempt in stamina.retry_context(on=Transient, attempts=None, timeout=None, wait_max=5.0):
            with attempt:
                await _once(runtime, due, handler)
        await asyncio.sleep(pause.total_seconds())


async def _once(
    runtime: Runtime,
    due: Callable[[S, datetime, int], Awaitable[Sequence[str]]],
    handler: Callable[[str, S, datetime], Awaitable[Any]],
) -> None:
    found = AT_ONCE
    while found == AT_ONCE:
        ids = await runtime.work.view(lambda store: due(store, runtime.clock(), AT_ONCE))
        for one in ids:
            await runtime.work.run(handler, one)
        found = len(ids)
