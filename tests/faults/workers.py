"""Services of three processes each, and the hand that kills one of them while events flow."""

import asyncio
import itertools
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import httpx2

from shared.contracts import Fact
from shared.messaging.codec import decode
from tests.district import District
from tests.integration.alerts.officials import Official, Told, listening

WORKERS = (1, 2, 3)


class Crew:
    """The services of a district, each as three processes on one port."""

    def __init__(self, district: District, services: Sequence[str]) -> None:
        self.district = district
        self.services = services
        self._victims = itertools.cycle(WORKERS)

    async def start(self) -> None:
        await self.district.start(self.services)
        for service in self.services:
            for number in WORKERS[1:]:
                child = self.district.child(f"{service}-{number}", (f"services.{service}",), MENSHEN_WORKER=str(number))
                await self.district.supervisor.start(replace(child, ready=partial(self._is, service, number)))

    async def _is(self, service: str, number: int) -> bool:
        try:
            answer = await self.district.http(service).get("/readyz")
        except httpx2.HTTPError:
            return False
        return answer.status_code == 200 and answer.json()["worker"] == number

    async def whole(self) -> None:
        """Wait until every process answers again."""
        for service in self.services:
            for number in WORKERS:
                await self.district.until(partial(self._is, service, number), timeout=60)

    async def flow(self, facts: Sequence[Fact], service: str, *, deaths: int = 3) -> None:
        """Publish; a process of the service is killed each time it has taken another part of what comes.

        All of them begin at the same moment with the first half in hand, so that they meet over the same aggregates.
        """
        inbox = self.district.db(service).inbox
        before = await inbox.count_documents({})
        half = len(facts) // 2
        self._signal(service, WORKERS, signal.SIGSTOP)
        await asyncio.gather(*(self.district.publish(fact) for fact in facts[:half]))
        self._signal(service, WORKERS, signal.SIGCONT)
        publishing = asyncio.gather(*(self.district.publish(fact) for fact in facts[half:]))
        for death in range(deaths):
            enough = before + len(facts) * death // deaths
            await self.district.until(partial(_more, inbox, enough), timeout=60)
            self._signal(service, [next(self._victims)], signal.SIGKILL)
        await publishing

    def _signal(self, service: str, numbers: Sequence[int], what: signal.Signals) -> None:
        pids = self.district.supervisor.pids
        names = [service if number == 1 else f"{service}-{number}" for number in numbers]
        for pid in [pids[name] for name in names if name in pids]:
            # The supervisor may not have noticed yet that one is gone.
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    async def told(self, service: str, kind: type[Any], subject: str | None = None) -> list[Any]:
        """Return the events that a service has stored for sending; what happened twice is here twice."""
        query = {"type": kind.wire, **({"subject": subject} if subject else {})}
        return [decode(row["body"])[1] async for row in self.district.db(service).outbox.find(query)]

    async def settled(self, queue: str, count: int) -> None:
        """Wait until a subscription has taken so many events, counted by its inbox."""
        service = queue.partition(".")[0]
        mine = {"_id": {"$regex": f"^{queue}/"}}

        async def done() -> bool:
            taken: int = await self.district.db(service).inbox.count_documents(mine)
            return taken >= count

        await self.district.until(done, timeout=90)


async def _more(inbox: Any, than: int) -> bool:
    found: int = await inbox.count_documents({})
    return found > than


async def follow(official: Official, wanted: int) -> list[Told]:
    """Read a stream as a browser does: what breaks is opened again where it was."""
    told: list[Told] = []
    last = "0"
    while len(told) < wanted:
        try:
            async with listening(official, last=last) as stream:
                while len(told) < wanted and (one := await stream.next()):
                    told.append(one)
                    last = one.id
        except (httpx2.HTTPError, AssertionError):
            # A process died with the stream, or while this one was being opened.
            await asyncio.sleep(0)
    return told
