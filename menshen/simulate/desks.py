"""What happens at a gate: a guard or the device scans; without network the device decides alone, and tells later."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from menshen.simulate.client import Client, Request, by_id
from menshen.simulate.lines import Line
from menshen.simulate.sessions import Session
from menshen.simulate.world import Gate
from shared.contracts.values import Decision, Direction, Site

FEVER, NOT_MEASURED_BELOW = 37.3, 35.0
NEEDS_RETEST = frozenset({Site.FOREHEAD, Site.WRIST})
ON_TIME = timedelta(seconds=1)
_MOST_OF_A_BATCH = 500


@dataclass(frozen=True)
class Presented:
    """What is held against a reader, and what the thermometer shows."""

    pass_id: str
    token: str
    direction: Direction
    temperature_c: float
    site: Site
    by_device: bool
    twice: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the gate did."""

    decision: Decision
    reasons: tuple[str, ...]


class Desk:
    """One gate. `went` counts what went through, by decision."""

    def __init__(self, client: Client, gate: Gate, guard: Session, line: Line | None, run: str) -> None:
        self._client = client
        self.gate = gate
        self._guard = guard
        self.line = line
        self.offline = False
        self._skew = timedelta()
        self._kept: list[dict[str, Any]] = []
        self._used: set[tuple[str, Direction]] = set()
        self._waits: set[str] = set()
        self._numbers = itertools.count(1)
        self._sequence = itertools.count(1)
        self._run = run

    def go_offline(self, skew: float) -> bool:
        """Lose the network, if there is a device that can go on alone; its clock goes wrong by so many seconds."""
        self.offline = self.line is not None
        self._skew = timedelta(seconds=skew)
        return self.offline

    async def come_back(self) -> int:
        """Tell everything that happened meanwhile, in order; returns how much that was."""
        told = 0
        while self._kept:
            kept, self._kept = self._kept[:_MOST_OF_A_BATCH], self._kept[_MOST_OF_A_BATCH:]
            if self.line:
                await self.line.deliver(kept)
            told += len(kept)
        self.offline, self._skew = False, timedelta()
        return told

    async def scan(self, shown: Presented) -> Verdict | None:
        """Let somebody stand before the gate. None if the district did not take the scan."""
        if self.offline:
            return self._alone(shown)
        if shown.by_device and self.line:
            body = {**self._body(shown), "sequence": next(self._sequence)}
            answer = await self.line.present(body)
            if shown.twice and answer.get("scan"):
                self._compare(body["nonce"], answer["scan"], (await self.line.present(body, kind="scan_again"))["scan"])
            return _verdict(answer.get("scan"))
        return await self._by_guard(shown)

    async def look_up(self, id_number: str) -> str | None:
        """Find the pass of somebody without a phone by their ID card; None if there is none to find."""
        body = {"gate": self.gate.id, "id_number": id_number}
        answer = await self._client.ask(
            Request(kind="look_up", method="POST", path="/v1/lookups", token=await self._guard.token(), json=body)
        )
        return str(answer.body["pass"]["token"]) if answer.ok else None

    async def _by_guard(self, shown: Presented) -> Verdict | None:
        body = self._body(shown)
        request = Request(
            kind="scan",
            method="POST",
            path="/v1/scans",
            token=await self._guard.token(),
            json=body,
            nonce=body["nonce"],
            via="guard http",
            made=by_id,
            more=lambda scan: {"decision": scan["decision"], "gate": self.gate.id},
        )
        answer = await self._client.ask(request)
        if not answer.ok:
            return None
        if shown.twice:
            again = await self._client.ask(
                Request(kind="scan_again", method="POST", path="/v1/scans", token=request.token, json=body)
            )
            self._compare(body["nonce"], answer.body, again.body if again.ok else None)
        return _verdict(answer.body)

    def _compare(self, nonce: str, first: Mapping[str, Any], again: Mapping[str, Any] | None) -> None:
        same = again is not None and all(first[name] == again[name] for name in ("id", "decision", "reasons"))
        self._client.ledger.repeated("scan", nonce, same=same)

    def _body(self, shown: Presented) -> dict[str, Any]:
        return {
            "token": shown.token,
            "gate": self.gate.id,
            "direction": shown.direction.value,
            "temperature_c": shown.temperature_c,
            "site": shown.site.value,
            "nonce": f"{self._run}-{next(self._numbers)}",
            "scanned_at": (datetime.now(UTC) + self._skew).isoformat(),
        }

    def _alone(self, shown: Presented) -> Verdict:
        verdict = self._decide(shown)
        if verdict.decision is Decision.ALLOW:
            self._used.add((shown.pass_id, shown.direction))
        clock = "trusted" if abs(self._skew) <= ON_TIME else "unverified"
        kept: dict[str, Any] = {"decided": verdict.decision.value, "reasons": list(verdict.reasons), "clock": clock}
        if self._skew:
            kept["skew_s"] = self._skew.total_seconds()
        self._kept.append({**self._body(shown), **kept, "sequence": next(self._sequence)})
        return verdict

    def _decide(self, shown: Presented) -> Verdict:
        if (shown.pass_id, shown.direction) in self._used:
            return Verdict(Decision.DENY, ("pass_already_used",))
        if shown.temperature_c < NOT_MEASURED_BELOW:
            return Verdict(Decision.RECHECK, ("temperature_low",))
        if shown.temperature_c < FEVER:
            self._waits.discard(shown.pass_id)
            return Verdict(Decision.ALLOW, ())
        if shown.site in NEEDS_RETEST and shown.pass_id not in self._waits:
            self._waits.add(shown.pass_id)
            return Verdict(Decision.RECHECK, ("fever_retest",))
        self._waits.discard(shown.pass_id)
        if shown.direction is Direction.IN:
            return Verdict(Decision.ALLOW, ("fever_confirmed", "isolate_at_home"))
        return Verdict(Decision.DENY, ("fever_confirmed",))


def _verdict(scan: Mapping[str, Any] | None) -> Verdict | None:
    return Verdict(Decision(scan["decision"]), tuple(scan["reasons"])) if scan else None
