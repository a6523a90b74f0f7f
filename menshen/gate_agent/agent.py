"""A scan at the gate, from its arrival to its answer: kept first, then decided by the service or here."""

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from menshen.gate_agent import codes
from menshen.gate_agent.domain import ClockState, GateClock, Knowledge, Moment, Presence, Shown, judge
from menshen.gate_agent.offline import DataUnusable, knowledge_of
from menshen.gate_agent.records import Arrival, Kept, Outcome, from_ms
from menshen.gate_agent.store import ScanStore
from menshen.gate_agent.upstream import Away, Upstream
from services.gate.domain import Verdict
from shared.contracts.values import Decision, Direction, Fever, Site
from shared.errors import DomainError, Kind, conflict
from shared.faults import crash_point
from shared.fields import Temperature, Time
from shared.ids import derived_id
from shared.security.keys import Verifier
from shared.texts import Language, sentence

HERE, THERE = "device", "service"
MOST_REASONS = 10


class ScanBody(BaseModel):
    """One scan as a reader sends it: the body of the service's POST /v1/scans."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[str, StringConstraints(max_length=2 * codes.LONGEST)]
    gate: Annotated[str, StringConstraints(max_length=64)]
    direction: Direction
    temperature_c: Temperature
    nonce: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
    scanned_at: Time
    site: Site = Site.FOREHEAD


@dataclass(frozen=True)
class Identity:
    """Which device this is, and whose gate."""

    device: str
    gate: str


class Agent:
    """Takes scans one after the other, so that their order here is their order everywhere."""

    def __init__(
        self, who: Identity, store: ScanStore, upstream: Upstream, clock: GateClock, live_seconds: float
    ) -> None:
        self.who = who
        self.store = store
        self.upstream = upstream
        self.clock = clock
        self.delivery_due = asyncio.Event()
        """Set when something waits for the courier."""
        self.known: Knowledge | None = None
        self._live_seconds = live_seconds
        self._verifier = Verifier({})
        self._taking = asyncio.Lock()

    async def recall(self) -> None:
        """Take up the offline data that the run before has kept."""
        notes = [await self.store.note(key) for key in ("offline_data", "fetched_ms", "fresh_ms")]
        raw, *times = [note for note in notes if note] or [""]
        with contextlib.suppress(DataUnusable):
            if times:
                self.learn(knowledge_of(raw, self.who.gate, *(from_ms(int(time)) for time in times)))

    def learn(self, known: Knowledge) -> None:
        """Decide by this from now on."""
        self._verifier.replace(dict(known.keys))
        self.known = known

    async def take(self, body: ScanBody, raw: str, language: Language) -> Outcome:
        """Answer a scan. Under the same nonce it is the same scan and gets the same answer, whatever changed since.

        Raises `device_mismatch` for a scan of another gate, `nonce_reused`, and StoreFault: then nobody may pass.
        """
        if body.gate != self.who.gate:
            raise DomainError(Kind.FORBIDDEN, "device_mismatch")
        shown = codes.read(body.token, self._verifier)
        async with self._taking:
            kept = await self._keep(body, raw, shown)
            if kept.outcome is None:
                crash_point("agent.after_store")
                outcome = await self._live(kept, body, language)
                moment = self.clock.now()
                if outcome is None:
                    outcome = await self._here(kept, body, shown, moment, language)
                await self.store.settle(kept.sequence, moment, outcome)
                if outcome.state == "waiting":
                    self.delivery_due.set()
                kept = Kept(kept.sequence, kept.arrival, outcome)
        crash_point("agent.before_answer")
        assert kept.outcome is not None  # noqa: S101  # for mypy
        return kept.outcome

    async def give_up(self, sequence: int) -> None:
        """Settle a scan that got no answer, since the agent ended meanwhile, and that its reader has not repeated.

        Nobody was let through, so that is what is delivered; a repeat from now on is told to scan again.
        """
        async with self._taking:
            kept = next((one for one in await self.store.oldest(1) if one.sequence == sequence), None)
            if kept is None or kept.outcome is not None:
                return
            body = ScanBody.model_validate_json(kept.arrival.body)
            verdict = Verdict(Decision.RECHECK, ("gate_interrupted",))
            moment = kept.arrival.moment
            answer = self._answer(kept, body, moment, verdict, "zh")
            await self.store.settle(sequence, moment, _outcome(verdict, answer))

    async def _keep(self, body: ScanBody, raw: str, shown: Shown) -> Kept:
        pass_id = shown.presented.pass_id if shown.presented else None
        # As the service has it: a screen renews its code between two tries, what counts is the pass.
        parts = (pass_id or body.token, body.direction.value, f"{body.temperature_c:.1f}", body.site.value)
        content = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        if kept := await self.store.by_nonce(body.nonce):
            if kept.arrival.content != content:
                raise conflict("nonce_reused")
            return kept
        scan_id = derived_id("scan", self.who.gate, body.nonce)
        moment = self.clock.now()
        arrival = Arrival(body.nonce, content, raw, scan_id, pass_id, body.direction, moment)
        return Kept(await self.store.add(arrival, self.clock.remembered()), arrival, None)

    async def _live(self, kept: Kept, body: ScanBody, language: Language) -> Outcome | None:
        """Ask the service, unless something older waits: it must not overtake. None if that came to nothing."""
        if await self.store.waiting(besides=kept.sequence):
            return None
        try:
            async with asyncio.timeout(self._live_seconds):
                if self.clock.now().clock is not ClockState.TRUSTED:
                    await self.upstream.greet()
                answer = await self.upstream.scan(_item(kept.sequence, self.clock.now(), body), language)
            scan = answer.body
            if answer.status != 200:
                return Outcome(None, [], None, THERE, answer.status, scan)
            decision, fever = Decision(scan["decision"]), Fever(scan["fever"])
            return Outcome(decision, scan["reasons"], fever, THERE, answer.status, scan)
        except (Away, TimeoutError, KeyError, ValueError):
            return None

    async def _here(self, kept: Kept, body: ScanBody, shown: Shown, moment: Moment, language: Language) -> Outcome:
        earlier = await self.store.earlier(kept.arrival.pass_id or "", besides=kept.sequence)
        presence = Presence(body.direction, body.temperature_c, body.site, shown, earlier)
        verdict, fever, retest_of = judge(presence, moment, self.known)
        answer = self._answer(kept, body, moment, verdict, language)
        return _outcome(verdict, {**answer, "fever": fever.value, "retest_of": retest_of})

    def _answer(
        self, kept: Kept, body: ScanBody, moment: Moment, verdict: Verdict, language: Language
    ) -> dict[str, Any]:
        """Return the service's ScanView of a scan that was decided here, by a gate that knows passes and no names."""
        code = verdict.reasons[0] if verdict.reasons else f"go_{body.direction.value}"
        return {
            "id": kept.arrival.id,
            "decision": verdict.decision.value,
            "reasons": list(verdict.reasons),
            "message": sentence(code, language, verdict.params),
            "resident": None,
            "fever": Fever.NONE.value,
            "retest_of": None,
            "scanned_at": written(body.scanned_at),
            "recorded_at": written(moment.at),
            "late": False,
            "clock_skewed": moment.skewed,
            "decided_by": HERE,
            "disputed": [],
            "device": self.who.device,
            "sequence": kept.sequence,
            "marks": [],
        }


def late_item(kept: Kept) -> dict[str, Any]:
    """Return what the service is told of a scan that was decided here, as an item of its batch."""
    outcome = kept.outcome
    if outcome is None or outcome.decision is None:
        raise ValueError("a scan without a decision")
    body = ScanBody.model_validate_json(kept.arrival.body)
    item = _item(kept.sequence, kept.arrival.moment, body)
    return {**item, "decided": outcome.decision.value, "reasons": list(outcome.reasons)[:MOST_REASONS]}


def _item(sequence: int, moment: Moment, body: ScanBody) -> dict[str, Any]:
    """Return a scan as the service takes it.

    Its time is the best that is known here, by which it was decided; `skew_s` is how far the time that the reader gave
    lies from it, so that nothing is lost.
    """
    return {
        **body.model_dump(mode="json"),
        "scanned_at": written(moment.at),
        "sequence": sequence,
        "clock": "trusted" if moment.clock is ClockState.TRUSTED else "unverified",
        "skew_s": round((body.scanned_at - moment.at).total_seconds(), 3),
    }


def _outcome(verdict: Verdict, answer: dict[str, Any]) -> Outcome:
    return Outcome(verdict.decision, verdict.reasons, Fever(answer["fever"]), HERE, 200, answer)


def written(at: datetime) -> str:
    """Write an instant as the service does."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
