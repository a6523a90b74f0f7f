"""Invariants 1 to 5: nothing that was answered is lost, nothing happens twice, events arrive."""

# ruff: noqa: S608  # the queries are put together from the names and conditions of this file alone

from collections.abc import Sequence

from menshen.simulate.invariants.model import Check, Invariant

MADE = """
    (SELECT 'area' kind, 'area' state, 'AreaChanged' event UNION SELECT 'staff', 'account', 'AccountChanged'
     UNION SELECT 'gate', 'gate', 'GateAdded' UNION SELECT 'device', 'device', 'DeviceChanged'
     UNION SELECT 'registration', 'resident', 'ResidentVerified'
     UNION SELECT 'registration', 'resident', 'ResidentPending' UNION SELECT 'exit', 'exit', 'ExitDecided'
     UNION SELECT 'scan', 'scan', 'GateScanned' UNION SELECT 'clue', 'clue', 'ClueReported'
     UNION SELECT 'acknowledgement', 'alert', 'AlertMoved' UNION SELECT 'clearance', 'hold', 'HoldLifted'
     UNION SELECT 'revocation', 'resident', 'PassRevoked') m
"""
"""What each kind of request makes, and which event tells of it."""
ANSWERED = "FROM entries n WHERE n.outcome = 'accepted' AND n.id IS NOT NULL"
ONE_EVENT = {
    "scan": "GateScanned",
    "exit": "ExitDecided",
    "clue": "ClueReported",
    "case": "FeverAlert",
    "gate": "GateAdded",
}

FLOW: Sequence[Invariant] = (
    Invariant(
        1,
        "Every accepted write has its state and its event, under the same trace",
        (
            Check(
                "state",
                f"SELECT count(*) {ANSWERED}",
                f"""SELECT n.kind || ' ' || n.id {ANSWERED} AND n.kind IN (SELECT kind FROM {MADE})
                    AND NOT EXISTS (SELECT 1 FROM {MADE} JOIN states s ON s.kind = m.state AND s.id = n.id
                                    WHERE m.kind = n.kind)""",
            ),
            Check(
                "event",
                "SELECT 0",
                f"""SELECT n.kind || ' without event ' || n.id {ANSWERED} AND n.kind IN (SELECT kind FROM {MADE})
                    AND NOT EXISTS (SELECT 1 FROM {MADE} JOIN events e ON e.type = m.event AND e.subject = n.id
                                    WHERE m.kind = n.kind AND (n.trace IS NULL OR e.trace = n.trace))""",
            ),
            Check(
                "decision",
                "SELECT 0",
                f"""SELECT n.id {ANSWERED} AND n.kind = 'scan' AND EXISTS (SELECT 1 FROM scans s
                    WHERE s.id = n.id AND s.decision != json_extract(n.more, '$.decision'))""",
            ),
            Check(
                "repeated",
                "SELECT count(*) FROM repeats",
                "SELECT kind || ' answered otherwise ' || key FROM repeats WHERE NOT same",
            ),
        ),
    ),
    Invariant(
        2,
        "Every state change has exactly one event; no event without its state",
        (
            *(
                Check(
                    event,
                    f"SELECT count(*) FROM states WHERE kind = '{kind}'",
                    f"""SELECT s.kind || ' ' || s.id || ': ' || count(e.id) || ' {event}' FROM states s
                    LEFT JOIN events e ON e.subject = s.id AND e.type = '{event}' WHERE s.kind = '{kind}'
                    GROUP BY s.id HAVING count(e.id) {"= 0" if kind == "case" else "!= 1"}
                    UNION ALL SELECT '{event} without {kind} ' || e.subject FROM events e WHERE e.type = '{event}'
                    AND NOT EXISTS (SELECT 1 FROM states s WHERE s.kind = '{kind}' AND s.id = e.subject)""",
                )
                for kind, event in ONE_EVENT.items()
            ),
            Check(
                "versions",
                "SELECT count(*) FROM events",
                """SELECT type || ' ' || subject || ' twice as version ' || sequence FROM events
                   GROUP BY type, subject, sequence HAVING count(*) > 1""",
            ),
        ),
    ),
    Invariant(
        3,
        "Every outbox is empty once all is quiet",
        (Check("unsent", "SELECT count(*) FROM events", "SELECT type || ' ' || id FROM events WHERE NOT sent"),),
    ),
    Invariant(
        4,
        "Each listener took each event exactly once, with one effect",
        (
            Check(
                "inbox",
                "SELECT count(*) FROM events e JOIN listeners l ON l.type IN ('*', e.type)",
                """SELECT l.queue || ' lacks ' || e.type || ' ' || e.id FROM events e
                   JOIN listeners l ON l.type IN ('*', e.type)
                   WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.event = e.id AND i.queue = l.queue)""",
            ),
            Check(
                "a reading of each scan",
                "SELECT count(*) FROM scans WHERE (SELECT count(*) FROM listeners WHERE service = 'health')",
                """SELECT s.id || ': ' || count(r.id) || ' readings' FROM scans s
                   LEFT JOIN readings r ON r.source = 'gate' AND r.source_id = s.id
                   WHERE (SELECT count(*) FROM listeners WHERE service = 'health')
                   GROUP BY s.id HAVING count(r.id) != 1""",
            ),
        ),
    ),
    Invariant(
        5,
        "What stayed unknown is wholly there or not at all",
        (
            Check(
                "scans",
                "SELECT count(*) FROM entries WHERE outcome = 'unknown'",
                """SELECT n.kind || ' ' || n.id FROM entries n WHERE n.outcome = 'unknown' AND n.id IS NOT NULL
                   AND EXISTS (SELECT 1 FROM states s WHERE s.id = n.id)
                   AND NOT EXISTS (SELECT 1 FROM events e WHERE e.subject = n.id)""",
            ),
        ),
    ),
)
