"""The invariants that hold whatever fails: the numbers are those of the project's reliability notes.

Each is a list of checks over the evidence, and each check two queries: what is looked at, and what speaks against it.
Used by `menshen simulate` and by the fault tests.
"""

import sqlite3
from collections.abc import Sequence

from menshen.simulate.invariants.flow import FLOW
from menshen.simulate.invariants.gates import GATES
from menshen.simulate.invariants.model import SHOWN, Check, Finding, Invariant
from menshen.simulate.invariants.whole import WHOLE

INVARIANTS: Sequence[Invariant] = (*FLOW, *GATES, *WHOLE)


def judge(connection: sqlite3.Connection, numbers: Sequence[int] = ()) -> list[Finding]:
    """Check the invariants, all or those numbered, and say what was found."""
    return [_judged(connection, one) for one in INVARIANTS if not numbers or one.number in numbers]


def _judged(connection: sqlite3.Connection, one: Invariant) -> Finding:
    checked, against = 0, list[str]()
    for check in one.checks:
        checked += connection.execute(check.over).fetchone()[0]
        against += [f"{check.what}: {row[0]}" for row in connection.execute(check.against)]
    return Finding(one.number, one.sentence, checked, len(against), against[:SHOWN], one.absent)


__all__ = ["INVARIANTS", "Check", "Finding", "Invariant", "judge"]
