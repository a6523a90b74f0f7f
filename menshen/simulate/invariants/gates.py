"""Invariants 6 to 11: fevers reach whom they concern, feeds are whole, passes are used once, scans are there."""

# ruff: noqa: S608  # the queries are put together from the names and conditions of this file alone

from collections.abc import Sequence

from menshen.simulate.invariants.model import Check, Invariant

CONFIRMED = "(r.fever = 'confirmed' OR r.fever_case IS NOT NULL)"
TOLD = "json_extract(e.data, '$.reading')"
RAISING = "('raised', 'repeated', 'reopened')"
COVERS = "(a.area = s.area OR substr(a.area, 1, length(s.area) + 1) = s.area || '.')"
COUNTS = "(CASE WHEN s.device IS NULL THEN s.recorded_at ELSE min(s.scanned_at, s.recorded_at) END)"
"""The instant that counts: the server's for a guard, the device's for what a device delivers, but never one to come."""
TWICE = """
    (SELECT pass, direction, max(id) id FROM scans WHERE decision = 'allow' AND pass IS NOT NULL
     GROUP BY pass, direction HAVING count(*) > 1) t
"""

GATES: Sequence[Invariant] = (
    Invariant(
        6,
        "Each confirmed fever has exactly one alert, each alert its reading",
        (
            Check(
                "alerts",
                f"SELECT count(*) FROM readings r WHERE {CONFIRMED}",
                f"""SELECT r.id || ': ' || count(e.id) || ' alerts' FROM readings r
                    LEFT JOIN events e ON e.type = 'FeverAlert' AND {TOLD} = r.id WHERE {CONFIRMED}
                    GROUP BY r.id HAVING count(e.id) != 1
                    UNION ALL SELECT 'alert without fever ' || e.id FROM events e WHERE e.type = 'FeverAlert'
                    AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.id = {TOLD} AND {CONFIRMED})""",
            ),
            Check(
                "unretested",
                "SELECT count(*) FROM readings WHERE retest_due IS NOT NULL",
                """SELECT id || ' waits for its retest for too long' FROM readings r
                   WHERE retest_due < unixepoch() - 30 AND fever_case IS NULL""",
            ),
        ),
    ),
    Invariant(
        7,
        "Each fever and clue is once in the feed of everybody subscribed there, and of nobody else",
        (
            *(
                Check(
                    kind,
                    f"SELECT count(*) FROM events WHERE type = '{event}'",
                    f"""SELECT s.id || ' has {kind} ' || a.subject || ' ' || (SELECT count(*) FROM feed f
                        WHERE f.subscription = s.id AND f.kind = '{kind}' AND f.cause = a.subject
                        AND f.what IN {RAISING}) || ' times of ' || a.times
                    FROM subscriptions s JOIN interests i ON i.subscription = s.id AND i.kind = '{kind}'
                    JOIN (SELECT subject, area, count(*) times, min(at) first FROM events WHERE type = '{event}'
                          GROUP BY subject) a ON {COVERS} AND s.created_at < unixepoch(a.first)
                    WHERE s.active AND a.times != (SELECT count(*) FROM feed f WHERE f.subscription = s.id
                        AND f.kind = '{kind}' AND f.cause = a.subject AND f.what IN {RAISING})""",
                )
                for kind, event in (("fever", "FeverAlert"), ("clue", "ClueReported"))
            ),
            Check(
                "others",
                "SELECT count(*) FROM feed",
                f"""SELECT a.subscription || ' reads of ' || a.area FROM feed a
                    JOIN subscriptions s ON s.id = a.subscription WHERE NOT {COVERS}""",
            ),
        ),
    ),
    Invariant(
        8,
        "A feed has no gap, and what came over its streams is the feed, in order",
        (
            Check(
                "gaps",
                "SELECT count(*) FROM subscriptions",
                """SELECT s.id || ': ' || count(f.seq) || ' rows, seq ' || s.seq FROM subscriptions s
                   LEFT JOIN feed f ON f.subscription = s.id GROUP BY s.id
                   HAVING count(f.seq) != s.seq OR coalesce(max(f.seq), 0) != s.seq""",
            ),
            Check(
                "received",
                "SELECT count(*) FROM received",
                """SELECT f.subscription || ' never received ' || f.seq FROM feed f
                   WHERE f.subscription IN (SELECT subscription FROM received) AND NOT EXISTS (
                       SELECT 1 FROM received r WHERE r.subscription = f.subscription AND r.seq = f.seq)
                   UNION ALL SELECT subscription || ' received ' || seq || ' out of order' FROM (
                       SELECT subscription, seq, lag(seq) OVER (PARTITION BY subscription ORDER BY place) AS before
                       FROM received) WHERE before >= seq""",
            ),
        ),
    ),
    Invariant(
        9,
        "No pass was used twice one way, but for contradictions of gates apart, each with its clue",
        (
            Check(
                "passes",
                "SELECT count(*) FROM passes WHERE out_at IS NOT NULL OR in_at IS NOT NULL",
                f"""SELECT t.pass || ' ' || t.direction FROM {TWICE} WHERE NOT EXISTS (
                        SELECT 1 FROM events e, json_each(e.data, '$.scans') j JOIN scans s ON s.id = j.value
                        WHERE e.type = 'GateContradicted' AND s.pass = t.pass AND s.direction = t.direction)""",
            ),
            Check(
                "clues",
                "SELECT count(*) FROM events WHERE type = 'GateContradicted'",
                """SELECT e.subject || ' without a clue' FROM events e WHERE e.type = 'GateContradicted'
                   AND NOT EXISTS (SELECT 1 FROM events c WHERE c.type = 'ClueReported'
                       AND json_extract(c.data, '$.category') = 'gate_contradiction' AND c.area = e.area)""",
            ),
        ),
    ),
    Invariant(
        10,
        "Nobody was let out before the window, after it, or with a pass made void, but offline and marked",
        (
            Check(
                "live",
                "SELECT count(*) FROM scans WHERE decision = 'allow' AND direction = 'out'",
                f"""SELECT s.id FROM scans s JOIN passes p ON p.id = s.pass
                    WHERE s.decision = 'allow' AND s.direction = 'out' AND NOT s.by_device AND NOT s.late
                    AND ({COUNTS} > p.ends OR {COUNTS} < p.starts - 900 OR {COUNTS} > p.revoked_at)""",
            ),
            Check(
                "offline",
                "SELECT count(*) FROM scans WHERE by_device",
                f"""SELECT s.id || ' is not disputed' FROM scans s JOIN passes p ON p.id = s.pass
                    WHERE s.decision = 'allow' AND s.direction = 'out' AND s.by_device AND s.disputed = ''
                    AND ({COUNTS} > p.ends + 1 OR {COUNTS} < p.starts - 901 OR {COUNTS} > p.revoked_at)""",
            ),
        ),
    ),
    Invariant(
        11,
        "Every scan sent is there once; no device's own count has a hole",
        (
            Check(
                "scans",
                "SELECT count(*) FROM entries WHERE kind = 'scan' AND outcome = 'accepted'",
                """SELECT id FROM entries n WHERE kind = 'scan' AND outcome = 'accepted'
                   AND NOT EXISTS (SELECT 1 FROM scans s WHERE s.id = n.id)""",
            ),
            Check(
                "counts",
                "SELECT count(*) FROM scans WHERE sequence IS NOT NULL",
                """SELECT device || ': ' || count(DISTINCT sequence) || ' of ' || max(sequence) FROM scans
                   WHERE sequence IS NOT NULL GROUP BY device HAVING count(DISTINCT sequence) != max(sequence)
                   OR count(*) != max(sequence)""",
            ),
        ),
    ),
)
