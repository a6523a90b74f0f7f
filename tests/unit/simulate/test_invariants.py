"""The invariants: a whole world satisfies them, and each breach is found by its number."""

import json
import time
from collections.abc import Iterator

import pytest

from menshen.simulate.evidence import INDEXES, TABLES
from menshen.simulate.invariants import INVARIANTS, judge
from menshen.simulate.ledger import Entry, Ledger, Outcome

NOW = time.time()
AREA = "s.k.c"


def event(service: str, kind: str, subject: str, sequence: int = 1, trace: str = "t1", **data: object) -> tuple:
    row = (service, f"evt-{kind}-{subject}-{sequence}", kind, subject, sequence, AREA, trace, 1)
    return (*row, "2026-01-01T10:00:00Z", json.dumps(data))


WORLD: dict[str, list[tuple]] = {
    "events": [
        event("gate", "GateScanned", "scan1"),
        event("gate", "GateScanned", "scan2"),
        event("gate", "GateContradicted", "pass1", scans=["scan1", "scan2"]),
        event("reports", "ClueReported", "clue1", category="gate_contradiction"),
        event("health", "FeverAlert", "case1", reading="read1"),
        event("health", "HoldPlaced", "hold1"),
        event("health", "HoldLifted", "hold1", 2),
    ],
    "listeners": [("health", "health.gate_scanned", "GateScanned"), ("alerts", "alerts.fever_alert", "FeverAlert")],
    "inbox": [
        ("health", "health.gate_scanned", "evt-GateScanned-scan1-1"),
        ("health", "health.gate_scanned", "evt-GateScanned-scan2-1"),
        ("alerts", "alerts.fever_alert", "evt-FeverAlert-case1-1"),
    ],
    "states": [("scan", "scan1", AREA), ("scan", "scan2", AREA), ("clue", "clue1", AREA), ("case", "case1", AREA)],
    "scans": [
        ("scan1", "gate1", "out", "allow", "pass1", "dev1", 1, 0, "", 0, "none", NOW, NOW),
        ("scan2", "gate2", "out", "allow", "pass1", "dev1", 2, 1, "pass_already_used", 1, "none", NOW, NOW),
    ],
    "passes": [("pass1", NOW - 60, NOW + 60, NOW, None, None)],
    "readings": [
        ("read1", "gate", "scan1", "confirmed", "case1", None, NOW),
        ("read2", "gate", "scan2", "none", None, None, NOW),
    ],
    "subscriptions": [("sub1", "acc1", "s.k", 2, 1, 0.0)],
    "interests": [("sub1", "fever"), ("sub1", "clue")],
    "feed": [
        ("sub1", 1, "raised", "fever", "case1", "alert1", AREA),
        ("sub1", 2, "raised", "clue", "clue1", "alert2", AREA),
    ],
    "projections": [("gate", "hold", "hold1", 2, 0)],
    # Looked at by the clock, and a whole run takes longer than the thirty seconds that a relay is given.
    "leases": [("gate", NOW + 86_400)],
    "queues": [("health.gate_scanned", 0, 1), ("menshen.dead", 0, 0)],
}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger() as log:
        for table, columns in TABLES.items():
            log.connection.execute(f"CREATE TABLE {table} ({columns})")
            for row in WORLD.get(table, ()):
                places = ",".join("?" * len(row))
                log.connection.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608
        for place in INDEXES:
            log.connection.execute(f"CREATE INDEX IF NOT EXISTS x{INDEXES.index(place)} ON {place}")
        for scan in ("scan1", "scan2"):
            log.note(Entry(kind="scan", outcome=Outcome.ACCEPTED, id=scan, trace="t1", more={"decision": "allow"}))
        log.repeated("scan", "n1", same=True)
        log.received("sub1", 1, "alert1")
        log.received("sub1", 2, "alert2")
        yield log


def broken(log: Ledger) -> set[int]:
    return {one.number for one in judge(log.connection) if not one.holds}


def test_a_whole_world_satisfies_all(ledger: Ledger) -> None:
    """A rule that complains of what is right would soon be read by nobody."""
    found = judge(ledger.connection)

    assert [(one.number, one.examples) for one in found if not one.holds] == []
    assert all(one.checked or one.absent or one.number == 5 for one in found)


REST = "type, subject, sequence, area, trace, 1, at, data FROM events"
BREACHES = {
    "an answered scan is not stored": ("DELETE FROM states WHERE id = 'scan1'", {1, 2}),
    "it is stored otherwise": ("UPDATE scans SET decision = 'deny' WHERE id = 'scan1'", {1}),
    "its event belongs to another trace": ("UPDATE events SET trace = 't2' WHERE subject = 'scan1'", {1}),
    "a repetition is answered otherwise": ("UPDATE repeats SET same = 0", {1}),
    "a clue has no event": ("DELETE FROM events WHERE type = 'ClueReported'", {2, 9}),
    "an event is without its state": ("DELETE FROM states WHERE id = 'case1'", {2}),
    "a version is told twice": (f"INSERT INTO events SELECT service, 'again', {REST} WHERE type = 'HoldLifted'", {2}),
    "an event was never sent": ("UPDATE events SET sent = 0 WHERE subject = 'scan1'", {3}),
    "a listener missed an event": ("DELETE FROM inbox WHERE queue = 'alerts.fever_alert'", {4}),
    "a scan has two readings": ("UPDATE readings SET source_id = 'scan1'", {4}),
    "what is unknown is half there": (
        (
            "INSERT INTO entries (kind, outcome, id) VALUES ('clue', 'unknown', 'x');"
            "INSERT INTO states VALUES ('exit?', 'x', 's.k.c')"
        ),
        {5},
    ),
    "a fever has no alert": ("DELETE FROM events WHERE type = 'FeverAlert'", {2, 6}),
    "an alert has no fever": ("UPDATE readings SET fever = 'none', fever_case = NULL", {6}),
    "a fever waits for ever": ("UPDATE readings SET retest_due = 1 WHERE id = 'read2'", {6}),
    "an official does not learn of a fever": ("DELETE FROM feed WHERE kind = 'fever'", {7, 8}),
    "an official learns of it twice": ("UPDATE feed SET kind = 'fever', cause = 'case1'", {7}),
    "somebody else learns of it": ("UPDATE feed SET area = 's.x.c' WHERE seq = 1", {7}),
    "a feed has a gap": ("UPDATE subscriptions SET seq = 3", {8}),
    "a row never came over the stream": ("DELETE FROM received WHERE seq = 2", {8}),
    "a row came twice": ("INSERT INTO received (subscription, seq) VALUES ('sub1', 2)", {8}),
    "a pass was used twice": ("DELETE FROM events WHERE type = 'GateContradicted'", {9}),
    "nobody is told of a contradiction": ("UPDATE events SET data = '{}' WHERE type = 'ClueReported'", {9}),
    "a void pass went out": ("UPDATE passes SET revoked_at = starts", {10}),
    "somebody left after the window": ("UPDATE passes SET ends = starts", {10}),
    "an offline exit is not marked": ("UPDATE scans SET disputed = ''; UPDATE passes SET revoked_at = starts", {10}),
    "a device's count has a hole": ("UPDATE scans SET sequence = 3 WHERE id = 'scan2'", {11}),
    "a projection is behind": ("UPDATE projections SET sequence = 1, active = 1", {12}),
    "a message is parked": ("INSERT INTO parked VALUES ('gate', 'x', 'poison')", {13}),
    "a message is dead": ("UPDATE queues SET messages = 1 WHERE name = 'menshen.dead'", {13}),
    "a queue has lost its consumer": ("UPDATE queues SET consumers = 0", {14}),
    "a relay is dead": ("UPDATE leases SET until = 1", {14}),
    "a log names somebody": ("INSERT INTO leaks VALUES ('gate.log', 'a phone')", {17}),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_found(ledger: Ledger, breach: str) -> None:
    """Each rule is worth what it finds: every sentence has been seen to fail."""
    script, expected = BREACHES[breach]

    for statement in script.split(";"):
        ledger.connection.execute(statement)

    assert broken(ledger) == expected


def test_every_rule_has_been_broken() -> None:
    """A rule without a breach above could be one that never fails."""
    found = set[int]().union(*(expected for _, expected in BREACHES.values()))
    applicable = {one.number for one in INVARIANTS if one.checks}

    # What was sent and is not stored at all breaks rule 1 first.
    assert applicable - found == set()
