"""A box at a gate without anything around it: a clock moved by hand, keys of its own, a service that can be away."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from menshen.gate_agent.agent import Agent, Identity, ScanBody
from menshen.gate_agent.domain import GateClock, Remembered
from menshen.gate_agent.offline import knowledge_of
from menshen.gate_agent.records import Outcome
from menshen.gate_agent.store import ScanStore
from menshen.gate_agent.upstream import Answer, Away
from menshen.secrets import generate
from shared.ids import new_id
from shared.security.keys import Signer

GATE, COMPOUND = "gate_1", "w.j.c01"
NOON = datetime(2026, 2, 7, 12, tzinfo=UTC)
SIGNER = Signer(generate()["MENSHEN_PASS_KEYS"])


class Hands:
    """The clock on the wall and the counter behind it; `skew` is what the wall shows too much."""

    def __init__(self) -> None:
        self.true = NOON
        self.skew = timedelta()
        self.counted = 1000.0

    def wall(self) -> datetime:
        return self.true + self.skew

    def count(self) -> float:
        return self.counted

    def wait(self, **span: float) -> None:
        self.true += timedelta(**span)
        self.counted += timedelta(**span).total_seconds()

    def clock(self, remembered: Remembered | None = None) -> GateClock:
        return GateClock(self.wall, self.count, remembered or Remembered())


class Service:
    """The service as the agent calls it: away, or answering what the test says."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.trouble: str | None = None
        self.asked: list[Mapping[str, Any]] = []
        self.delivered: list[list[dict[str, Any]]] = []
        self.results: list[Answer | None] = []

    async def greet(self) -> None:
        return

    async def scan(self, body: Mapping[str, Any], language: str) -> Answer:
        self.asked.append(body)
        if self.answer is None:
            raise Away("test")
        return self.answer

    async def deliver(self, scans: list[dict[str, Any]]) -> Answer:
        self.delivered.append(scans)
        answer = self.results.pop(0) if self.results else taken(len(scans))
        if answer is None:
            raise Away("test")
        return answer


def answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, body, json.dumps(body), {}, 0.0)


def taken(count: int) -> Answer:
    return answer(200, {"results": [{"status": 200, "scan": {}, "error": None}] * count})


def said(decision: str = "allow", *reasons: str, fever: str = "none") -> Answer:
    return answer(200, {"decision": decision, "reasons": list(reasons), "fever": fever})


def data(at: datetime = NOON, **other: Any) -> dict[str, Any]:
    return {
        "gate": GATE,
        "area": COMPOUND,
        "at": at.isoformat(),
        "fresh_until": (at + timedelta(hours=12)).isoformat(),
        "threshold_c": 37.3,
        "retest_minutes": 10,
        "fever_locks_out": False,
        "keys": SIGNER.public_set(),
        "revoked": [],
        "held": [],
        "outside": [],
        "ended": [],
        **other,
    }


def token(pass_id: str | None = None, signer: Signer = SIGNER, **other: Any) -> str:
    claims = {
        "jti": pass_id or new_id("pass"),
        "sub": "holder",
        "aud": COMPOUND,
        "iat": stamp(NOON - timedelta(hours=1)),
        "exp": stamp(NOON + timedelta(days=1)),
        "win": [stamp(NOON - timedelta(hours=1)), stamp(NOON + timedelta(hours=2))],
        "frm": "printed",
        **other,
    }
    return signer.sign(json.dumps(claims).encode())


def stamp(at: datetime) -> int:
    return int(at.timestamp())


class Box:
    """An agent with its own store. `scan` is what a reader does."""

    def __init__(self, agent: Agent, hands: Hands, service: Service) -> None:
        self.agent = agent
        self.hands = hands
        self.service = service

    @classmethod
    async def open(cls, folder: Path, **offline: Any) -> "Box":
        hands, service = Hands(), Service()
        clock = hands.clock()
        clock.learn(hands.true, hands.count(), exact=True)
        store = await ScanStore.open(folder)
        agent = Agent(Identity("dev_1", GATE), store, service, clock, 2.0)  # type: ignore[arg-type]
        agent.learn(knowledge_of(json.dumps(data(**offline)), GATE, hands.true))
        return cls(agent, hands, service)

    def body(self, **other: Any) -> dict[str, Any]:
        return {
            "token": token(),
            "gate": GATE,
            "direction": "out",
            "temperature_c": 36.5,
            "nonce": new_id("n"),
            "scanned_at": self.hands.wall().isoformat(),
            "site": "ear",
            **other,
        }

    async def scan(self, **other: Any) -> Outcome:
        raw = json.dumps(self.body(**other))
        return await self.agent.take(ScanBody.model_validate_json(raw), raw, "en")

    async def close(self) -> None:
        await self.agent.store.close()
