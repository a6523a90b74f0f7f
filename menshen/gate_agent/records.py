"""What the agent keeps of a scan, and how that stands in a row."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from menshen.gate_agent.domain import ClockState, Moment, Remembered
from shared.contracts.values import Decision, Direction, Fever

SCHEMA = """
CREATE TABLE scan (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  nonce TEXT NOT NULL UNIQUE,
  content TEXT NOT NULL,
  body TEXT NOT NULL,
  id TEXT NOT NULL,
  pass_id TEXT,
  direction TEXT NOT NULL,
  at INTEGER NOT NULL,
  clock TEXT NOT NULL,
  skew_ms INTEGER,
  state TEXT NOT NULL DEFAULT 'open',
  decision TEXT,
  reasons TEXT NOT NULL DEFAULT '[]',
  fever TEXT,
  decided_by TEXT,
  status INTEGER,
  answer TEXT,
  told TEXT,
  ended_at INTEGER
) STRICT;
CREATE INDEX scan_unended ON scan (sequence) WHERE state IN ('open', 'waiting');
CREATE INDEX scan_pass ON scan (pass_id, sequence) WHERE pass_id IS NOT NULL;
CREATE INDEX scan_ended ON scan (state, ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Arrival:
    """A scan as it came in: `body` as the reader sent it, `moment` the time when it came, or was decided at last."""

    nonce: str
    content: str
    body: str
    id: str
    pass_id: str | None
    direction: Direction
    moment: Moment


@dataclass(frozen=True)
class Outcome:
    """How a scan was answered: the status and body that its reader got, and who decided. No decision: an error."""

    decision: Decision | None
    reasons: Sequence[str]
    fever: Fever | None
    decided_by: str
    status: int
    answer: dict[str, Any]

    @property
    def state(self) -> str:
        """Say what is left to do: what the service answered itself it need not be told."""
        if self.decided_by == "device":
            return "waiting"
        return "delivered" if self.decision else "refused"


@dataclass(frozen=True)
class Kept:
    """A scan as it is stored; no outcome means that its reader has no answer yet."""

    sequence: int
    arrival: Arrival
    outcome: Outcome | None


@dataclass(frozen=True)
class Ending:
    """What the service said to a delivered scan: `state` is `delivered` or `refused`, `told` its words."""

    sequence: int
    state: str
    told: dict[str, Any]


def row_of(arrival: Arrival) -> dict[str, Any]:
    """Return the columns of a scan that just came in."""
    return {
        "nonce": arrival.nonce,
        "content": arrival.content,
        "body": arrival.body,
        "id": arrival.id,
        "pass_id": arrival.pass_id,
        "direction": arrival.direction.value,
        **row_of_moment(arrival.moment),
    }


def row_of_moment(moment: Moment) -> dict[str, Any]:
    """Return the columns that tell when."""
    skew = None if moment.skew is None else round(moment.skew / timedelta(milliseconds=1))
    return {"at": ms(moment.at), "clock": moment.clock.value, "skew_ms": skew}


def row_of_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return the columns that tell how it was answered."""
    return {
        "state": outcome.state,
        "decision": outcome.decision.value if outcome.decision else None,
        "reasons": json.dumps(list(outcome.reasons)),
        "fever": outcome.fever.value if outcome.fever else None,
        "decided_by": outcome.decided_by,
        "status": outcome.status,
        "answer": json.dumps(outcome.answer, ensure_ascii=False),
    }


def kept_of(row: sqlite3.Row) -> Kept:
    """Read a row."""
    skew = None if row["skew_ms"] is None else timedelta(milliseconds=row["skew_ms"])
    arrival = Arrival(
        nonce=row["nonce"],
        content=row["content"],
        body=row["body"],
        id=row["id"],
        pass_id=row["pass_id"],
        direction=Direction(row["direction"]),
        moment=Moment(from_ms(row["at"]), ClockState(row["clock"]), skew),
    )
    if row["answer"] is None:
        return Kept(row["sequence"], arrival, None)
    outcome = Outcome(
        decision=Decision(row["decision"]) if row["decision"] else None,
        reasons=json.loads(row["reasons"]),
        fever=Fever(row["fever"]) if row["fever"] else None,
        decided_by=row["decided_by"],
        status=row["status"],
        answer=json.loads(row["answer"]),
    )
    return Kept(row["sequence"], arrival, outcome)


def clock_text(clock: Remembered) -> str:
    """Write down what the next run has to know of the clock."""
    skew = None if clock.skew is None else round(clock.skew / timedelta(milliseconds=1))
    newest = None if clock.newest is None else ms(clock.newest)
    return json.dumps({"skew_ms": skew, "newest": newest, "jumped": clock.jumped})


def clock_from(text: str | None) -> Remembered:
    """Read it again; nothing is known before the first time."""
    if text is None:
        return Remembered()
    row = json.loads(text)
    skew = None if row["skew_ms"] is None else timedelta(milliseconds=row["skew_ms"])
    return Remembered(skew, None if row["newest"] is None else from_ms(row["newest"]), row["jumped"])


def ms(at: datetime) -> int:
    """Return an instant as the file keeps it."""
    return int(at.timestamp() * 1000)


def from_ms(number: int) -> datetime:
    """Read it again."""
    return datetime.fromtimestamp(number / 1000, UTC)
