"""Keeps child processes: starts them in stages, restarts what dies, and leaves none behind.

Each child has a session of its own, so Ctrl-C on a terminal reaches the supervisor alone, and the kernel kills it
should the supervisor itself be killed. Used by `menshen up` and, through `Servers`, by the tests.
"""

import asyncio
import contextlib
import ctypes
import functools
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Say = Callable[[str], None]
"""Takes one line for the person who watches."""
Ready = Callable[[], Awaitable[bool]]
"""Asked until it says yes; a child that cannot be reached yet is a no, not an exception."""

READY_LIMIT = 60.0
"""Seconds in which a child must become ready, unless it says otherwise."""
BOOT_TRIES = 3
"""How often a child may exit before it was ever ready."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 10.0
"""Seconds before a dead child is started again; doubles with each death soon after a start."""
STEADY = 30.0
"""A child that ran this many seconds before it died is restarted after the first delay again."""
REMINDER = 2.0
"""Seconds between two SIGTERMs: Erlang loses one that comes early in its boot."""
LOG_LIMIT = 20 * 1024 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What Ctrl-C, a service manager and a closing terminal send."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class CannotStart(Exception):
    """The district cannot come up; the message is one sentence for the person at the terminal."""


async def at_once() -> bool:
    """Say yes: for a child that is ready when it runs."""
    return True


@dataclass(frozen=True, kw_only=True)
class Child:
    """A program to keep running. `env` is its whole environment; it runs in the folder of its log."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    log: Path
    grace: float = 10.0
    """Seconds between SIGTERM and SIGKILL."""
    ready: Ready = at_once
    ready_limit: float = READY_LIMIT


class Supervisor:
    """Children by stage. `stop` may be called at any moment, also when `start` was cancelled half-way."""

    def __init__(self, say: Say = print) -> None:
        self._say = say
        self._stages: list[list[_Keeper]] = []

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each child that runs now, by name."""
        return {keeper.child.name: keeper.pid for stage in self._stages for keeper in stage if keeper.pid}

    async def start(self, *children: Child) -> None:
        """Start one stage and return when all of it is ready; raise `CannotStart`, stopping is then the caller's."""
        stage = [_Keeper(child, self._say) for child in children]
        self._stages.append(stage)
        for keeper in stage:
            keeper.start()
        waits = [asyncio.create_task(keeper.until_ready()) for keeper in stage]
        try:
            await asyncio.gather(*waits)
        finally:
            for wait in waits:
                wait.cancel()

    async def run(self, child: Child) -> None:
        """Run a child once to its end; raise `CannotStart` unless it succeeds."""
        keeper = _Keeper(child, self._say)
        self._stages.append([keeper])
        await keeper.run_once()

    async def stop(self) -> None:
        """End every child, the last stage first; none is left when this returns."""
        for stage in reversed(self._stages):
            await asyncio.gather(*(keeper.end() for keeper in stage))
        self._stages.clear()

    async def kill(self, name: str) -> None:
        """Kill a child as a power cut would; it stays down until `restart`."""
        await self._named(name).end(grace=0)

    async def restart(self, name: str) -> None:
        """End a child if it still runs, start it again and return when it is ready."""
        keeper = self._named(name)
        await keeper.end()
        keeper.start()
        await keeper.until_ready()

    def _named(self, name: str) -> "_Keeper":
        return next(keeper for stage in self._stages for keeper in stage if keeper.child.name == name)


class _Keeper:
    """Keeps one child alive between `start` and `end`."""

    def __init__(self, child: Child, say: Say) -> None:
        self.child = child
        self._say = say
        self._exits = 0
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._exits = 0
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        delay = FIRST_DELAY
        while True:
            began = time.monotonic()
            ending = await self._run()
            self._exits += 1
            if time.monotonic() - began > STEADY:
                delay = FIRST_DELAY
            self._say(f"{self.child.name} {ending}; starting it again in {delay:g} s (log: {self.child.log})")
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def run_once(self) -> None:
        ending = await self._run()
        if ending != _ending(0):
            raise self._complaint(ending)

    async def until_ready(self) -> None:
        try:
            async with asyncio.timeout(self.child.ready_limit):
                while not (self.pid and await self.child.ready()):
                    if self._exits >= BOOT_TRIES:
                        raise self._complaint("keeps exiting")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise self._complaint(f"was not ready within {self.child.ready_limit:g} s") from None

    async def end(self, grace: float | None = None) -> None:
        """Send SIGTERM, repeated during the grace, then SIGKILL to whatever is left of the child's session."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        process = self._process
        if process is None:
            return
        deadline = time.monotonic() + (self.child.grace if grace is None else grace)
        while process.returncode is None and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), REMINDER)
        await self._sweep(process)

    async def _run(self) -> str:
        """One life of the child; returns how it ended."""
        try:
            process = await self._spawn()
        except OSError as error:
            return f"could not be started: {error}"
        self._process = process
        code = await process.wait()
        await self._sweep(process)
        return _ending(code)

    async def _spawn(self) -> asyncio.subprocess.Process:
        log = self.child.log
        log.parent.mkdir(parents=True, exist_ok=True)
        mode = "wb" if log.exists() and log.stat().st_size > LOG_LIMIT else "ab"
        with log.open(mode) as output:
            return await asyncio.create_subprocess_exec(
                *self.child.argv,
                env=self.child.env,
                cwd=log.parent,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=functools.partial(_die_with, os.getpid()),
            )

    async def _sweep(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        self._process = None

    def _complaint(self, what: str) -> CannotStart:
        lines = self.child.log.read_text(errors="replace").splitlines()[-5:] if self.child.log.exists() else []
        tail = "".join(f"\n    {line[:300]}" for line in lines)
        return CannotStart(f"{self.child.name} {what}; the end of its log ({self.child.log}):{tail}")


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"


def _die_with(supervisor: int) -> None:
    """In the new process: have the kernel kill it when the supervisor dies, however that happens."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:  # it died before the line above
        os._exit(1)
