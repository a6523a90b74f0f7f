"""The client's own log: every request that a simulated person, device or official sent, and what became of it.

Kept in a SQLite file beside the data, to which the evidence of the stores is added at the end: the invariants are
queries over both. Nothing of a person is in it, only ids, codes and times.
"""

import json
import sqlite3
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

SCHEMA = """
CREATE TABLE entries (
    kind TEXT, via TEXT, outcome TEXT, key TEXT, id TEXT, trace TEXT, code TEXT, tries INT, at REAL, more TEXT
);
CREATE TABLE repeats (kind TEXT, key TEXT, same INT);
CREATE TABLE received (subscription TEXT, seq INT, alert TEXT, place INTEGER PRIMARY KEY);
"""


class Outcome(StrEnum):
    """What is known of a request: an answer that took it, one that did not, or neither however often it was sent."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """A request and its end. `key` made its repetitions one; `id` is what it made; `more` what a rule asks for."""

    kind: str
    outcome: Outcome
    via: str = "http"
    key: str = ""
    id: str | None = None
    trace: str | None = None
    code: str | None = None
    tries: int = 1
    more: Mapping[str, Any] = field(default_factory=dict)


class Ledger:
    """Takes entries during a run. `connection` is the file that the evidence goes to as well."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA + "BEGIN")
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.codes: Counter[tuple[str, str]] = Counter()
        """How often each kind was refused, or had to be sent again, and with which code."""

    def __enter__(self) -> Self:
        """Keep the file open while the run lasts."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left and close it."""
        self.save()
        self.connection.close()

    def note(self, entry: Entry) -> None:
        """Write down how a request ended."""
        self.outcomes[entry.kind, entry.outcome] += 1
        if entry.code and entry.outcome is not Outcome.ACCEPTED:
            self.codes[entry.kind, entry.code] += 1
        row = (entry.kind, entry.via, entry.outcome.value, entry.key, entry.id, entry.trace, entry.code, entry.tries)
        more = json.dumps(entry.more, ensure_ascii=False)
        self.connection.execute("INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?)", (*row, time.time(), more))

    def retried(self, kind: str, why: str) -> None:
        """Count a try that gave no answer."""
        self.codes[kind, why] += 1

    def repeated(self, kind: str, key: str, *, same: bool) -> None:
        """Write down whether something sent again was answered as before."""
        self.connection.execute("INSERT INTO repeats VALUES (?,?,?)", (kind, key, int(same)))

    def received(self, subscription: str, seq: int, alert: str) -> None:
        """Write down a row of a feed that came over a stream."""
        self.connection.execute(
            "INSERT INTO received(subscription, seq, alert) VALUES (?,?,?)", (subscription, seq, alert)
        )

    def count(self, kind: str, outcome: Outcome = Outcome.ACCEPTED) -> int:
        """Say how many requests of a kind ended so."""
        return self.outcomes[kind, outcome]

    def save(self) -> None:
        """Write what was noted to the file."""
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.execute("BEGIN")


class Stopwatch:
    """How long each kind of action took, by transport: from the first sending to the answer, in milliseconds."""

    def __init__(self) -> None:
        self._taken: defaultdict[tuple[str, str], array[float]] = defaultdict(lambda: array("f"))

    def note(self, kind: str, via: str, seconds: float) -> None:
        """Add a measurement."""
        self._taken[kind, via].append(seconds * 1000)

    def table(self) -> list[dict[str, Any]]:
        """Return kind, transport, count, p50, p99 and the longest, in milliseconds."""
        rows = []
        for (kind, via), taken in sorted(self._taken.items()):
            ordered = sorted(taken)
            p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
            figures = {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1), "most_ms": round(ordered[-1], 1)}
            rows.append({"kind": kind, "via": via, "count": len(ordered), **figures})
        return rows
