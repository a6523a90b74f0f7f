"""Plays a plan: everything begins at its time, or later if the machine cannot keep up, and what never began is told."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from menshen.district import District
from menshen.simulate.clock import Over
from menshen.simulate.crowd import NotTaken
from menshen.simulate.desks import Desk
from menshen.simulate.officials import Official
from menshen.simulate.plan import Outage, clues, outages, outings, registrations
from menshen.simulate.residents import Residents
from menshen.simulate.sessions import CannotSignIn
from menshen.simulate.stage import Stage

OFFICE = 6
"""Registrations under way at the same time, beside those of people who want to go out."""
YIELDS = 1.0
"""Seconds behind the plan from which on registrations let the gates go first."""
BEATS = 20.0
"""Seconds between two heartbeats of a device."""


class Play:
    """One run's actors."""

    def __init__(self, stage: Stage, officials: Sequence[Official], district: District | None) -> None:
        self._stage = stage
        self._officials = officials
        self._district = district
        self._residents = Residents(stage)
        self._acts: set[asyncio.Task[None]] = set()

    async def run(self, kill_every: float | None) -> None:
        """Play until the time is up and what was begun is done."""
        stage = self._stage
        stage.clock.start()
        lanes = [self._outings(), self._registrations(), self._clues(), self._outages()]
        if kill_every and self._district:
            lanes.append(self._kill(self._district, kill_every))
        beats = [asyncio.create_task(self._beat(desk)) for desks in stage.desks for desk in desks if desk.line]
        await asyncio.gather(*lanes)
        while self._acts:
            await asyncio.wait(self._acts)
        for desks in stage.desks:
            for desk in desks:
                await self._home_again(desk)
        for beat in beats:
            beat.cancel()
        await asyncio.gather(*beats, return_exceptions=True)
        for one in self._officials:
            await one.finish()

    def _begin(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(act)
        self._acts.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._acts.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._stage.figures.faults[f"{type(error).__name__}: {error}"[:120]] += 1

    async def _outings(self) -> None:
        for one in outings(self._stage.scenario):
            if await self._turn(one.asked, "ask"):
                self._begin(self._residents.go(one))

    async def _clues(self) -> None:
        for one in clues(self._stage.scenario):
            if await self._turn(one.at, "clue"):
                self._begin(self._residents.report(one))

    async def _turn(self, at: float, kind: str) -> bool:
        clock = self._stage.clock
        due = self._stage.wall(at)
        if due > clock.now:
            await clock.sleep(due - clock.now)
        if clock.over:
            clock.planned[kind] += 1
            clock.not_played[kind] += 1
        return not clock.over

    async def _registrations(self) -> None:
        clock, slots = self._stage.clock, asyncio.Semaphore(OFFICE)

        async def register(number: int) -> None:
            try:
                await self._residents.register(number)
            except (NotTaken, CannotSignIn) as error:
                self._stage.figures.faults[str(error)] += 1
            finally:
                slots.release()

        for one in registrations(self._stage.scenario):
            if self._residents.knows(one.person):
                continue
            due = self._stage.wall(one.at)
            if due > clock.now:
                await clock.sleep(due - clock.now)
            if not clock.over:
                self._stage.figures.office_lag = clock.now - due
            while not clock.over and max(clock.lag, self._stage.client.queued) > YIELDS:
                await clock.sleep(0.2)
            await slots.acquire()
            clock.planned["registration"] += 1
            if clock.over:
                clock.not_played["registration"] += 1
                slots.release()
            else:
                clock.played["registration"] += 1
                self._begin(register(one.person))

    async def _outages(self) -> None:
        for one in outages(self._stage.scenario):
            if await self._turn(one.at, "outage"):
                self._begin(self._outage(one))

    async def _outage(self, outage: Outage) -> None:
        stage, desk = self._stage, self._stage.desks[outage.compound][outage.gate]
        if desk.offline or not desk.go_offline(outage.skew):
            return
        stage.clock.planned["outage"] += 1
        stage.clock.played["outage"] += 1
        stage.figures.offline += 1
        try:
            await stage.clock.until(stage.wall(outage.until), "reconnection")
        except Over:
            return
        await self._home_again(desk)

    async def _home_again(self, desk: Desk) -> None:
        if desk.offline:
            self._stage.figures.decisions["decided offline"] += await desk.come_back()
            self._stage.figures.offline -= 1

    async def _beat(self, desk: Desk) -> None:
        while desk.line:
            if not desk.offline:
                await desk.line.beat(desk.gate.id)
            await asyncio.sleep(BEATS)

    async def _kill(self, district: District, every: float) -> None:
        clock, dice = self._stage.clock, self._stage.chance("kill")
        while True:
            await clock.sleep(every)
            if clock.over:
                return
            name, pid = dice.choice(sorted(district.pids.items()))
            os.kill(pid, signal.SIGKILL)
            self._stage.figures.killed[name] += 1


def all_of(desks: Iterable[Sequence[Desk]]) -> list[Desk]:
    """Return the gates of all compounds."""
    return [desk for of_compound in desks for desk in of_compound]
