"""The agent's regular errands: tell that the gate is there, fetch what it must know, keep the clock's story."""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog

from menshen.gate_agent.agent import Agent, written
from menshen.gate_agent.courier import Courier
from menshen.gate_agent.domain import ClockState
from menshen.gate_agent.offline import DataUnusable, knowledge_of
from menshen.gate_agent.records import ms
from menshen.gate_agent.store import StoreFault
from menshen.gate_agent.upstream import Away

AWAY_SECONDS = 5.0
"""How soon to look again while the service is away."""

log = structlog.get_logger()


class Mode(StrEnum):
    """How the next scan will be decided."""

    LIVE = "live"
    OFFLINE = "offline"
    MANUAL = "manual"
    BROKEN = "broken"


class Attendant:
    """Does the errands, and knows how things stand."""

    def __init__(self, agent: Agent, courier: Courier, every: float, keep: timedelta) -> None:
        self._agent = agent
        self._courier = courier
        self._every = every
        self._keep = keep
        self._data_trouble: str | None = None

    async def run(self) -> None:
        """Do the errands for ever, until cancelled."""
        while True:
            try:
                await self.attend()
                pause = self._every
            except Away:
                pause = min(AWAY_SECONDS, self._every)
            except StoreFault as fault:
                log.error("store_fault", reason=str(fault))  # noqa: TRY400  # the trace says no more
                pause = self._every
            await asyncio.sleep(pause)

    async def attend(self) -> None:
        """Do them once. Raises Away."""
        try:
            await self._courier.clean(self._keep)
            await self._agent.upstream.heartbeat(await self._heartbeat())
            await self._fetch()
        finally:
            self._agent.clock.now()
            await self._agent.store.put_clock(self._agent.clock.remembered())

    async def _heartbeat(self) -> dict[str, Any]:
        moment, known = self._agent.clock.now(), self._agent.known
        body: dict[str, Any] = {"gate": self._agent.who.gate, "waiting": await self._agent.store.waiting()}
        if known:
            body["data_age_s"] = max(0.0, round((moment.at - known.fetched_at).total_seconds(), 3))
        return {**body, "clock": written(self._agent.clock.wall())}

    async def _fetch(self) -> None:
        store, gate = self._agent.store, self._agent.who.gate
        etag = await store.note("etag")
        raw = await store.note("offline_data") if self._agent.known else None
        answer = await self._agent.upstream.offline_data(gate, etag if raw else None)
        at = self._agent.clock.now().at
        if answer.status not in {200, 304}:
            self._data_trouble = f"{answer.status} {answer.body.get('code')}"
            return
        text = raw if answer.status == 304 and raw else answer.text
        try:
            # The header comes with a 304 too, when how long the data is good for may have been changed.
            fresh = answer.headers.get("Fresh-Until")
            known = knowledge_of(text, gate, at, datetime.fromisoformat(fresh) if fresh else None)
        except (DataUnusable, ValueError) as fault:
            self._data_trouble = f"offline data: {fault}"
            return
        times = {"fetched_ms": str(ms(at)), "fresh_ms": str(ms(known.fresh_until))}
        await store.put_notes({"offline_data": text, "etag": answer.headers.get("ETag", ""), **times})
        self._agent.learn(known)
        self._data_trouble = None

    async def status(self) -> dict[str, Any]:
        """Say how the gate stands: the body of GET /v1/status."""
        agent, moment = self._agent, self._agent.clock.now()
        known, trouble = agent.known, agent.upstream.trouble
        waiting = await agent.store.waiting()
        fresh = known is not None and moment.clock is not ClockState.UNKNOWN and moment.at <= known.fresh_until
        alone = Mode.OFFLINE if fresh else Mode.MANUAL
        return {
            "mode": (alone if trouble or waiting else Mode.LIVE).value,
            "gate": agent.who.gate,
            "device": agent.who.device,
            "upstream": {"reachable": trouble is None, "trouble": trouble},
            "waiting": waiting,
            "refused": await agent.store.refused(),
            "data": {
                "fetched_at": written(known.fetched_at) if known else None,
                "age_s": round((moment.at - known.fetched_at).total_seconds(), 1) if known else None,
                "fresh_until": written(known.fresh_until) if known else None,
                "fresh": fresh,
                "trouble": self._data_trouble,
            },
            "clock": {
                "state": moment.clock.value,
                "time": written(moment.at),
                "skew_s": round(moment.skew.total_seconds(), 3) if moment.skew is not None else None,
                "skewed": moment.skewed,
                "jumped": agent.clock.remembered().jumped,
            },
            "store": "ok",
        }


def line(status: dict[str, Any], at: datetime) -> str:
    """Say the same on one line of a terminal."""
    if status["store"] != "ok":
        return f"{at:%H:%M:%S} {status['mode']} · {status['store']}"
    age, skew = status["data"]["age_s"], status["clock"]["skew_s"]
    parts = [
        status["mode"],
        f"{status['waiting']} waiting",
        "no offline data" if age is None else f"data {age:.0f} s old",
        f"clock {status['clock']['state']}" + ("" if skew is None else f" {skew:+.1f} s"),
        *([f"{status['refused']} refused"] if status["refused"] else []),
        *([status["upstream"]["trouble"]] if status["upstream"]["trouble"] else []),
    ]
    return f"{at:%H:%M:%S} " + " · ".join(parts)
