"""Group commit: commands that come while the last group is being written share the next transaction.

Alone a command goes at once, and the more there are the larger the groups. A transaction costs nearly the same for one
as for many, so this is what a busy gate's speed rests on.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import DomainError, Transient
from shared.tracing import traceparent

C = TypeVar("C")
R = TypeVar("R")

MOST = 100
"""Commands of one group: larger ones save nothing more, and hold what they write for longer."""
RETURN_SECONDS = 0.0005
"""For each of the last group: those who got their answers come again, and meet those who came meanwhile. Without it
two halves of a crowd take turns, each paying for a transaction of its own; one who is alone waits for nothing."""


@dataclass(frozen=True)
class Traced(Generic[C]):
    """A command, and the trace that its events belong to."""

    command: C
    trace: str | None


class GroupCommit(Generic[C, R]):
    """Hands commands on in groups, in the order in which they came, one group at a time.

    `commit` stores a whole group or nothing of it and returns each command's own answer. If it fails for a group, each
    command is tried alone, so that one takes no other with it; unless what is missing is the database.
    """

    def __init__(self, commit: Callable[[Sequence[Traced[C]]], Awaitable[Sequence[R | DomainError]]]) -> None:
        self._commit = commit
        self._waiting: deque[tuple[Traced[C], asyncio.Future[R]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def run(self, command: C) -> R:
        """Return a command's answer once it is committed. Raises what its handler raises, and what `commit` does."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((Traced(command, traceparent.get()), answer))
        if self._writing is None or self._writing.done():
            # Nobody's own context: the group belongs to several requests, any of which may be given up.
            self._writing = asyncio.create_task(self._write(), context=contextvars.Context())
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            await self._settle(group)
            if len(self._waiting) < len(group):
                await asyncio.sleep(RETURN_SECONDS * len(group))

    async def _settle(self, group: Sequence[tuple[Traced[C], asyncio.Future[R]]]) -> None:
        answers: Sequence[R | Exception]
        try:
            answers = await self._commit([command for command, _ in group])
        except Exception as error:  # noqa: BLE001  # whatever it is, somebody waits for it
            if len(group) > 1 and not isinstance(error, Transient):
                for one in group:
                    await self._settle([one])
                return
            answers = [error] * len(group)
        for (_, waiting), answer in zip(group, answers, strict=True):
            if waiting.done():
                continue  # its client went away
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
