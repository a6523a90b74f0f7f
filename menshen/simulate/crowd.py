"""Residents at home: they sign in, register, and report what they see."""

import asyncio
import io
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import stamina
from PIL import Image

from menshen.simulate.client import Answer, Request, by_id
from menshen.simulate.clock import Over
from menshen.simulate.plan import Clue, Outing
from menshen.simulate.sessions import Session, by_code
from menshen.simulate.stage import Stage

SLACK = 60.0
"""Seconds of the wall clock by which a window is longer than the plan, for a machine that lags."""
LONGEST = 2.9 * 3600
HEARD_WITHIN = 60.0
"""Seconds in which what one service knows must have come to another."""


class NotHeard(Exception):
    """An event has not come through yet."""


class NotTaken(Exception):
    """A step was refused, so the steps after it are not taken."""


class Crowd:
    """Everybody's sign-ins and registrations."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ids: dict[int, str] = {}
        self._sessions: dict[int, Session] = {}
        self._acting: defaultdict[int, int] = defaultdict(int)
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def knows(self, number: int) -> bool:
        """Whether somebody has registered."""
        return number in self._ids

    async def register(self, number: int) -> None:
        """Sign in and register, unless that was done."""
        async with self._act(number) as session:
            await self._registered(number, session, None)

    async def report(self, clue: Clue) -> None:
        """Report an anomaly, with photos or without."""
        stage = self._stage
        try:
            await stage.clock.until(stage.wall(clue.at), "clue")
        except Over:
            return
        async with self._act(clue.person) as session:
            number, area = clue.person, self._area(clue.person)
            photos = [_photo(number, photo) for photo in range(clue.photos)]

            def form() -> aiohttp.FormData:
                words = {"category": clue.category, "text": "有人未测温", "place": "东门", "area": area}
                filled = aiohttp.FormData(
                    {**words, "anonymous": str(clue.anonymous).lower()}, default_to_multipart=True
                )
                for photo in photos:
                    filled.add_field("photos", photo, filename="a.jpg", content_type="image/jpeg")
                return filled

            key = f"{stage.run}-clue-{number}-{clue.at:.0f}"
            request = Request(
                kind="clue",
                method="POST",
                path="/v1/clues",
                token=await session.token(),
                form=form,
                key=key,
                made=by_id,
            )
            answer = await stage.client.ask(request)
            if answer.ok:
                stage.figures.clues += 1
                if clue.twice:
                    await self._again(request, answer)

    async def _registered(self, number: int, session: Session, outing: Outing | None) -> dict[str, Any] | None:
        """Register somebody who is not; returns the exit that was asked for along with it, if one was."""
        async with self._turns[number]:
            if number in self._ids:
                return None
            person = self._stage.scenario.population.person(number)
            room = {"building": person.building, "unit": person.unit, "room": person.room}
            body: dict[str, Any] = {"name": person.name, "area": self._area(number), "room": room}
            body["id_number"] = person.id_number
            if outing:
                body["exit"] = self._window(outing)
            request = Request(
                kind="registration",
                method="POST",
                path="/v1/residents",
                token=await session.token(),
                json=body,
                key=f"{self._stage.run}-registration-{number}",
                made=by_id,
            )
            answer = await self._stage.client.ask(request)
            if not answer.ok:
                raise NotTaken(f"registration: {answer.code}")
            if answer.body["status"] != "verified":
                raise NotTaken("registration: not verified")
            self._ids[number] = str(answer.body["id"])
            self._stage.figures.registered += 1
            exit_: dict[str, Any] | None = answer.body.get("exit")
            return exit_

    async def _heard(self, request: Request, session: Session) -> Answer:
        """Ask for what an event from another service makes possible, until it has come."""
        async for attempt in stamina.retry_context(
            on=NotHeard, attempts=None, timeout=HEARD_WITHIN, wait_initial=0.1, wait_max=1.0
        ):
            with attempt:
                answer = await self._stage.client.ask(replace(request, token=await session.token()))
                if answer.status == 404 or answer.code == "not_verified":
                    raise NotHeard(request.kind)
        if not answer.ok:
            raise NotTaken(f"{request.kind}: {answer.code}")
        return answer

    async def _again(self, request: Request, first: Answer) -> None:
        again = await self._stage.client.ask(replace(request, kind=f"{request.kind}_again", made=None))
        same = again.ok and again.body["id"] == first.body["id"]
        self._stage.client.ledger.repeated(request.kind, request.key or "", same=same)

    def _window(self, outing: Outing) -> dict[str, str]:
        stage, start = self._stage, datetime.now(UTC)
        back = max(stage.wall(outing.home.at) - stage.clock.now, stage.wall(outing.home.at - outing.asked))
        end = start + timedelta(seconds=min(back + SLACK, LONGEST))
        return {"start": start.isoformat(), "end": end.isoformat(), "reason": outing.reason.value}

    def _area(self, number: int) -> str:
        return self._stage.world.compounds[self._stage.scenario.population.compound_of(number)].area

    def _act(self, number: int) -> "_Acting":
        return _Acting(self, number)


class _Acting:
    """Keeps somebody's session for as long as they do something, so that memory does not grow with the district."""

    def __init__(self, residents: Crowd, number: int) -> None:
        self._all = residents
        self._number = number

    async def __aenter__(self) -> Session:
        everybody, number = self._all, self._number
        everybody._acting[number] += 1
        if number not in everybody._sessions:
            phone = everybody._stage.scenario.population.person(number).phone
            everybody._sessions[number] = by_code(everybody._stage.client, phone)
        return everybody._sessions[number]

    async def __aexit__(self, *_: object) -> None:
        everybody, number = self._all, self._number
        everybody._acting[number] -= 1
        if not everybody._acting[number]:
            for kept in (everybody._acting, everybody._sessions, everybody._turns):
                kept.pop(number, None)


def _photo(person: int, number: int) -> bytes:
    drawn = io.BytesIO()
    Image.effect_noise((320, 240), 20 + person % 50 + number).convert("RGB").save(drawn, "JPEG")
    return drawn.getvalue()
