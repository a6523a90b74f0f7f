"""Brings what happened here to the service: in sequence, until it is there, whatever breaks off meanwhile."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import stamina
import structlog

from menshen.gate_agent.agent import Agent, late_item
from menshen.gate_agent.records import Ending, Kept
from menshen.gate_agent.store import StoreFault
from menshen.gate_agent.upstream import Answer, Away
from shared.faults import crash_point

CHUNK = 200
LONGEST_WAIT = 5.0
"""Seconds after which a gate tries again whether its network is back."""
_OURS = frozenset({403, 404})
"""Statuses that are about this device or gate and not about a scan: somebody has to put that right, nothing is lost."""

log = structlog.get_logger()


class Courier:
    """Delivers. One at a time: the order of the sequence is the order in which the service hears of it."""

    def __init__(self, agent: Agent, patience: float) -> None:
        self._agent = agent
        self._patience = patience
        self._unanswered: tuple[int, float] | None = None

    async def run(self) -> None:
        """Deliver whatever waits, until cancelled."""
        again = stamina.AsyncRetryingCaller(
            attempts=None, timeout=None, wait_initial=0.2, wait_max=LONGEST_WAIT, wait_jitter=0.3
        ).on((Away, StoreFault))
        while True:
            await again(self.deliver)
            self._agent.delivery_due.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._agent.delivery_due.wait(), 1)

    async def deliver(self) -> None:
        """Deliver until nothing waits that has its answer. Raises Away, and then goes on there the next time."""
        while chunk := await self._chunk():
            await self._hand_over(chunk)

    async def _chunk(self) -> list[Kept]:
        """Return what comes next, up to the first scan that is being answered just now."""
        oldest = await self._agent.store.oldest(CHUNK)
        if oldest and oldest[0].outcome is None:
            await self._give_up_in_time(oldest[0].sequence)
        unanswered = next((place for place, one in enumerate(oldest) if one.outcome is None), len(oldest))
        return oldest[:unanswered]

    async def _give_up_in_time(self, sequence: int) -> None:
        # A reader that heard nothing sends its scan again, and should then get a real answer.
        now = self._agent.clock.count()
        if self._unanswered is None or self._unanswered[0] != sequence:
            self._unanswered = sequence, now
        if now - self._unanswered[1] >= self._patience:
            await self._agent.give_up(sequence)

    async def _hand_over(self, chunk: list[Kept]) -> None:
        answer = await self._agent.upstream.deliver([late_item(kept) for kept in chunk])
        crash_point("agent.in_delivery")
        if answer.status == 200:
            endings = _endings(chunk, answer)
        elif answer.status in _OURS:
            self._agent.upstream.trouble = f"{answer.status} {answer.body['code']}"
            raise Away(self._agent.upstream.trouble)
        elif len(chunk) > 1:
            # Something in it stops all of it; alone it will stop nothing but itself.
            for kept in chunk:
                await self._hand_over([kept])
            return
        else:
            endings = [Ending(chunk[0].sequence, "refused", answer.body)]
        await self._agent.store.end(endings, self._agent.clock.now().at)
        crash_point("agent.after_delivery")
        for ending in endings:
            if ending.state == "refused":
                log.warning("scan_refused", sequence=ending.sequence, reason=_code(ending.told))

    async def clean(self, keep: timedelta) -> None:
        """Remove what has been with the service for long enough."""
        await self._agent.store.forget(self._agent.clock.now().at - keep)


def _endings(chunk: list[Kept], answer: Answer) -> list[Ending]:
    results = answer.body.get("results", [])
    if len(results) != len(chunk) or any(not 200 <= one["status"] < 500 for one in results):
        raise Away("an answer that leaves scans out")
    return [
        Ending(kept.sequence, "delivered" if one["status"] == 200 else "refused", one)
        for kept, one in zip(chunk, results, strict=True)
    ]


def _code(told: dict[str, Any]) -> str:
    return str((told.get("error") or told).get("code", ""))
