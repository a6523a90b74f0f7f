"""One life of the agent: the folder locked, the store opened, the door opened, until it is told to stop."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime
from typing import Any

import stamina
import structlog
from aiohttp import web

from menshen.gate_agent.agent import Agent, Identity
from menshen.gate_agent.attendant import Attendant, line
from menshen.gate_agent.courier import Courier
from menshen.gate_agent.domain import GateClock
from menshen.gate_agent.door import Status, door
from menshen.gate_agent.options import Options
from menshen.gate_agent.store import ScanStore, StoreFault
from menshen.gate_agent.upstream import Credential, Upstream
from menshen.lock import locked
from menshen.supervisor import STOP_SIGNALS, CannotStart
from menshen.terminal import Terminal
from shared import logging as logs
from shared.clock import Clock, utc_now

DRAIN_SECONDS = 10.0
"""How long answers and a delivery under way may take at the end."""
LINE_SECONDS = 1.0

log = structlog.get_logger()

__all__ = ["CannotStart", "run"]


async def run(options: Options, wall: Clock = utc_now) -> None:
    """Live until a signal comes. Raises CannotStart, with a sentence, for what somebody must put right first."""
    logs.configure("gate-agent", "WARNING")
    stamina.instrumentation.set_on_retry_hooks([])  # a gate without network is no news; the status tells
    stopping = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        options.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CannotStart(f"{options.folder} cannot be made ({error.strerror})") from None
    with locked(options.folder / "agent.lock", f"the gate agent with process id {os.getpid()}"):
        try:
            store = await ScanStore.open(options.folder)
        except StoreFault as fault:
            await _stand_broken(options, str(fault), stopping)
            return
        try:
            await _stand(options, store, wall, stopping)
        finally:
            await store.close()


async def _stand(options: Options, store: ScanStore, wall: Clock, stopping: asyncio.Event) -> None:
    clock = GateClock(wall, _counted, await store.clock())
    async with Upstream(Credential(options.url, options.device, options.secret), clock) as upstream:
        agent = Agent(Identity(options.device, options.gate), store, upstream, clock, options.live_seconds)
        await agent.recall()
        courier = Courier(agent, options.patience)
        attendant = Attendant(agent, courier, options.every, options.keep)
        async with _open(options, agent, attendant.status), _errands(stopping, courier.run(), attendant.run()):
            await _show(attendant.status, stopping)


async def _stand_broken(options: Options, reason: str, stopping: asyncio.Event) -> None:
    """Stand with a door that lets nobody through: readers get an answer, and somebody sees why."""

    async def status() -> dict[str, Any]:
        return {"mode": "broken", "gate": options.gate, "device": options.device, "store": reason}

    log.error("store_fault", reason=reason)
    async with _open(options, None, status):
        await _show(status, stopping)


@contextlib.asynccontextmanager
async def _open(options: Options, agent: Agent | None, status: Status) -> AsyncIterator[None]:
    runner = web.AppRunner(door(agent, status), access_log=None, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, options.host, options.port).start()
        except OSError as error:
            raise CannotStart(f"{options.host}:{options.port} cannot be opened ({error.strerror})") from None
        Terminal().say(f"gate {options.gate} at http://{options.host}:{options.port} as {options.device}")
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _errands(stopping: asyncio.Event, *errands: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do the errands while the body runs. One that fails ends the agent, which is better started again."""
    tasks = [asyncio.create_task(one) for one in errands]
    for task in tasks:
        task.add_done_callback(lambda _task: stopping.set())
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for one in ended:
        if isinstance(one, Exception):
            raise one


async def _show(status: Status, stopping: asyncio.Event) -> None:
    """Print a line whenever the gate's way of deciding, or what is wrong with it, has changed."""
    terminal, shown = Terminal(), None
    while not stopping.is_set():
        try:
            now = await status()
        except StoreFault as fault:
            now = {"mode": "broken", "store": str(fault)}
        if shown != (shown := _gist(now)):
            terminal.say(line(now, datetime.now().astimezone()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LINE_SECONDS)


def _gist(status: dict[str, Any]) -> tuple[Any, ...]:
    clock = status.get("clock", {})
    return status["mode"], status["store"], clock.get("state"), clock.get("skewed"), status.get("refused")


def _counted() -> float:
    # Seconds since the machine was started, those in which it slept included.
    return time.clock_gettime(time.CLOCK_BOOTTIME)
