"""Load over HTTP, sent by `wrk`: a program in C, so that next to nothing of the machine goes to the sender."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from menshen.supervisor import CannotStart

SCRIPT = Path(__file__).with_name("wrk.lua")
SECONDS = 4
PACED_CONNECTIONS = 32


@dataclass(frozen=True)
class Post:
    """One POST of JSON."""

    path: str
    token: str
    body: str


@dataclass(frozen=True)
class Outcome:
    """What came of a load; `good` were answered as expected, the first `sent` of the requests are used up."""

    sent: int
    good: int
    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


async def send(url: str, posts: Sequence[Post], connections: int, expected: str, seconds: int = SECONDS) -> Outcome:
    """Send requests, each once, for so many seconds, and expect a text in each answer.

    Raises CannotStart if there were too few requests, or more than some few answers were others.
    """
    options = (f"--connections={connections}", f"--duration={seconds}s")
    return await _sent(options, url, posts, expected)


async def send_paced(url: str, posts: Sequence[Post], rate: float, expected: str, seconds: int) -> Outcome:
    """Send as `send` does, but so many requests a second, and no more when answers are slow to come."""
    options = (f"--connections={PACED_CONNECTIONS}", f"--duration={seconds}s")
    return await _sent(options, url, posts, expected, f"{rate:.1f}")


async def _sent(options: tuple[str, ...], url: str, posts: Sequence[Post], expected: str, *more: str) -> Outcome:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise CannotStart("wrk is not installed; `make bench` installs it")
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{one.path}\t{one.token}\t{one.body}\n" for one in posts)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            *(wrk, "--threads=1", *options, "--timeout=30s"),
            *(f"--script={SCRIPT}", url, "--", file.name, expected, *more),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    outcome = Outcome(**json.loads(said.splitlines()[-1]))
    if outcome.sent > len(posts):
        raise CannotStart(f"{len(posts)} requests were too few for {options[-1]}")
    if outcome.good < 0.97 * outcome.answered:
        raise CannotStart(f"of {outcome.answered} answers only {outcome.good} were as expected")
    return outcome
