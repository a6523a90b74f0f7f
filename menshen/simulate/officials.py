"""Officials and workers: they hold a live stream each, acknowledge what comes, and clear holds."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import stamina

from menshen.simulate.client import Request, by_id
from menshen.simulate.sessions import CannotSignIn, Session
from menshen.simulate.stage import Stage

KINDS = ("fever", "clue", "exit_on_hold")
ACKNOWLEDGES, CLEARS = 0.7, 0.4
"""How many of the alerts they come to."""
SILENCE = 60
"""Seconds without a sign of life after which a stream counts as broken."""


class Cut(Exception):
    """A stream ended."""


class Official:
    """Somebody who follows an area live, for as long as the run lasts, through every break of the stream."""

    def __init__(self, stage: Stage, session: Session, area: str, *, clears: bool) -> None:
        self._stage = stage
        self._session = session
        self._area = area
        self._clears = clears
        self._dice = stage.chance(f"official/{area}")
        self._acts: set[asyncio.Task[None]] = set()
        self.subscription = ""
        self.seen = 0
        self.breaks = 0

    async def subscribe(self) -> None:
        """Make sure of the subscription before anything happens."""
        body = {"area": self._area, "kinds": sorted(KINDS)}
        request = Request(
            kind="subscription", method="POST", path="/v1/subscriptions", token=await self._session.token(), json=body
        )
        answer = await self._stage.client.ask(request)
        self.subscription, self.seen = str(answer.body["id"]), int(answer.body["seq"])

    async def follow(self) -> None:
        """Read the stream until cancelled; a break is told where reading ended."""
        async for attempt in stamina.retry_context(
            on=(Cut, aiohttp.ClientError, TimeoutError, CannotSignIn), attempts=None, timeout=None, wait_max=1.0
        ):
            with attempt:
                self.breaks = attempt.num - 1
                await self._read()

    async def finish(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._acts, return_exceptions=True)

    async def _read(self) -> None:
        url = f"{self._stage.client.gateway}/v1/alerts/stream"
        where = {"area": self._area, "kinds": ",".join(KINDS), "after": str(self.seen)}
        headers = {"Authorization": f"Bearer {await self._session.token()}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=SILENCE, sock_connect=5)
        async with self._stage.client.http.get(url, params=where, headers=headers, timeout=timeout) as answer:
            if answer.status != 200:
                raise Cut(str(answer.status))
            fields: dict[str, str] = {}
            async for raw in answer.content:
                line = raw.decode().rstrip("\r\n")
                if line and not line.startswith(":"):
                    name, _, value = line.partition(":")
                    fields[name] = fields.get(name, "") + value.removeprefix(" ")
                elif not line:
                    self._take(fields)
                    fields = {}
        raise Cut("ended")

    def _take(self, fields: dict[str, str]) -> None:
        if "data" not in fields or fields.get("event") == "reset":
            return
        alert: dict[str, Any] = json.loads(fields["data"])
        self.seen = int(fields["id"])
        self._stage.client.ledger.received(self.subscription, self.seen, alert["id"])
        if alert["what"] in {"raised", "reopened"}:
            self._stage.figures.alerts += 1
            if self._dice.random() < ACKNOWLEDGES:
                self._begin(lambda: self._acknowledge(alert["id"]))
            if self._clears and fields.get("event") == "fever" and self._dice.random() < CLEARS:
                self._begin(lambda: self._clear(alert["cause"]))

    def _begin(self, act: Callable[[], Any]) -> None:
        if self._stage.clock.over:
            return
        task = asyncio.create_task(self._quietly(act))
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    async def _quietly(self, act: Callable[[], Any]) -> None:
        await self._stage.clock.sleep(self._dice.uniform(0.5, 3.0))
        with contextlib.suppress(CannotSignIn):
            await act()

    async def _acknowledge(self, alert: str) -> None:
        # Somebody else may have done so already: then it is theirs, and no event tells of this one.
        path = f"/v1/alerts/{alert}/acknowledge"
        request = Request(kind="acknowledge", method="POST", path=path, token=await self._session.token())
        await self._stage.client.ask(request)

    async def _clear(self, case: str) -> None:
        path = f"/v1/holds?area={self._area}&limit=200"
        token = await self._session.token()
        answer = await self._stage.client.ask(Request(kind="holds", method="GET", path=path, token=token))
        for hold in answer.body["items"] if answer.ok else ():
            if hold["cause"] == case and hold["active"]:
                note = {"basis": "medical_note", "note": "simulation"}
                path = f"/v1/holds/{hold['id']}/clear"
                await self._stage.client.ask(
                    Request(kind="clearance", method="POST", path=path, token=token, json=note, made=by_id)
                )
