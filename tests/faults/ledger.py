"""Load with a ledger: every request a client sent, and what it heard; and the invariants over ledger and stores.

The invariants themselves are those that `menshen simulate` checks.
"""

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from menshen.simulate.evidence import Evidence, listeners, name_of
from menshen.simulate.invariants import judge
from menshen.simulate.ledger import Entry, Outcome
from menshen.simulate.ledger import Ledger as Log
from shared.contracts.values import Role
from tests.district import District
from tests.people import Person, somebody
from tests.residents import add_gate, ask, settle, window

CHAIN = ("gate", "health", "alerts")
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
"""What is parked or dead here, the tests put there themselves."""


@dataclass
class Ledger:
    """Requests by nonce: `answered` with a 2xx, or `unknown` (no answer, or a 5xx)."""

    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: dict[str, dict[str, Any]] = field(default_factory=dict)


class Crowd:
    """Residents of a fresh compound who go out and come home, some with a fever, for as long as they are asked to."""

    def __init__(self, district: District) -> None:
        self.district = district
        self.compound = district.new_compound()
        self.guard = district.staff((Role.GUARD, self.compound))
        self.ledger = Ledger()
        self.door = "gate"
        """Where the guard's device sends its scans: straight to the gate, or to the gateway."""
        self._nonces = (f"n{number}" for number in itertools.count())

    async def gather(self, size: int) -> "Crowd":
        people = [somebody(self.compound, f"b1.u1.r{number}") for number in range(size)]
        await settle(self.district, self.compound, *people)
        self.gate = await add_gate(self.district, self.compound)
        exits = await asyncio.gather(*(self._leave(person) for person in people))
        self.tokens = [exit_["pass"]["token"] for exit_ in exits]
        return self

    async def _leave(self, person: Person) -> dict[str, Any]:
        return await ask(self.district, person, **window(), reason="medical")

    async def pass_through(self, tokens: list[str], temperature: float = 36.5) -> None:
        """Everybody goes out at once, by the ear thermometer."""
        await asyncio.gather(*(self.scan(token, temperature) for token in tokens))

    async def scan(self, token: str, temperature: float) -> None:
        """Scan once; what was not answered is sent again with the same nonce by `insist`."""
        body = {
            "token": token,
            "gate": self.gate,
            "direction": "out",
            "temperature_c": temperature,
            "site": "ear",
            "nonce": next(self._nonces),
            "scanned_at": datetime.now(UTC).isoformat(),
        }
        await self._send(body)

    async def insist(self) -> None:
        """Send again whatever has no answer yet, as a device does, until all have one."""

        async def all_answered() -> bool:
            await asyncio.gather(*(self._send(body) for body in list(self.ledger.unknown.values())))
            return not self.ledger.unknown

        await self.district.until(all_answered, timeout=40)

    async def _send(self, body: dict[str, Any]) -> None:
        try:
            answer = await self.district.http(self.door).post("/v1/scans", json=body, headers=self.guard)
        except httpx2.HTTPError:
            self.ledger.unknown[body["nonce"]] = body
            return
        if answer.status_code >= 500:
            self.ledger.unknown[body["nonce"]] = body
            return
        assert answer.status_code == 200, answer.text
        self.ledger.unknown.pop(body["nonce"], None)
        self.ledger.answered[body["nonce"]] = answer.json()


async def settled(district: District, *services: str) -> None:
    """Wait until every outbox is empty (invariant 3) and every event was taken by all who listen (invariant 4)."""

    async def done() -> bool:
        # In this order: who takes an event tells others in the same breath, and these are marked a moment later.
        if await missing_inbox_rows(district, *services):
            return False
        unsent = [await district.db(service).outbox.count_documents({"sent": False}) for service in services]
        return not any(unsent)

    await district.until(done, timeout=60)


async def missing_inbox_rows(district: District, *services: str) -> list[str]:
    """Name each event that a listener has no inbox row for; a second row cannot be, its key is the document's id."""
    missing = []
    for source in services:
        async for row in district.db(source).outbox.find({}, {"type": 1}):
            name = name_of(row["type"])
            for listener, queue, kind in listeners(_stores(district, *services)):
                key = f"{queue}/{row['_id']}"
                if kind == name and not await district.db(listener).inbox.find_one({"_id": key}):
                    missing.append(key)
    return missing


async def check(district: District, crowd: Crowd) -> None:
    """Assert the invariants that concern what this crowd did; the feed's length is `check_feed`'s."""
    with Log() as log:
        for nonce, answer in crowd.ledger.answered.items():
            more = {"decision": answer["decision"]}
            log.note(Entry(kind="scan", outcome=Outcome.ACCEPTED, key=nonce, id=answer["id"], more=more))
        await Evidence(log.connection, _stores(district), crowd.compound).gather()
        findings = judge(log.connection, NUMBERS)
    assert sum(one.checked for one in findings) >= len(crowd.ledger.answered)
    broken = [(one.number, one.sentence, one.examples) for one in findings if not one.holds]
    assert not broken, broken


async def check_feed(district: District, crowd: Crowd, fevers: int) -> None:
    """Assert invariants 7 and 8: each subscription in the crowd's area has one row a fever, numbered without a gap."""
    alerts = district.db("alerts")
    mine = [row["_id"] async for row in alerts.subscriptions.find({"area": crowd.compound})]
    assert mine, "nobody subscribed"
    for subscription in mine:
        rows = await alerts.feed.find({"subscription": subscription}, sort=[("seq", 1)]).to_list(None)
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), "8: the sequence has a gap"
        assert len({row["alert"]["_id"] for row in rows}) == fevers, "7: a fever is not in the feed"


def _stores(district: District, *services: str) -> dict[str, Any]:
    return {service: district.db(service) for service in services or CHAIN}
