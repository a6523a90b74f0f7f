"""Invariants 12 to 20: projections, queues, relays, people."""

# ruff: noqa: S608  # the queries are put together from the names and conditions of this file alone

from collections.abc import Sequence

from menshen.simulate.invariants.model import Check, Invariant

LATEST = """
    (SELECT kind, subject, max(sequence) sequence, active FROM (
        SELECT 'resident' kind, subject, sequence, 1 active FROM events WHERE type = 'ResidentVerified'
        UNION ALL SELECT 'resident', subject, sequence, 0 FROM events WHERE type = 'ResidentRemoved'
        UNION ALL SELECT 'area', subject, sequence, 1 FROM events WHERE type = 'AreaChanged'
        UNION ALL SELECT 'hold', subject, sequence, 1 FROM events WHERE type = 'HoldPlaced'
        UNION ALL SELECT 'hold', subject, sequence, 0 FROM events WHERE type = 'HoldLifted'
    ) GROUP BY kind, subject) l
"""
"""What the events make of each aggregate; SQLite takes `active` from the row with the highest sequence."""

WHOLE: Sequence[Invariant] = (
    Invariant(
        12,
        "What each service knows of others is what their events, replayed in order, make of it",
        (
            Check(
                "projections",
                "SELECT count(*) FROM projections",
                f"""SELECT k.service || ' knows ' || l.kind || ' ' || l.subject || ' as ' ||
                        coalesce(p.sequence || '/' || p.active, 'nothing') || ', not ' || l.sequence || '/' || l.active
                    FROM {LATEST} JOIN (SELECT DISTINCT service, kind FROM projections) k ON k.kind = l.kind
                    LEFT JOIN projections p ON p.service = k.service AND p.kind = l.kind AND p.id = l.subject
                    WHERE p.id IS NULL OR p.sequence != l.sequence OR p.active != l.active""",
            ),
        ),
    ),
    Invariant(
        13,
        "Queues are empty; nothing is parked or dead",
        (
            Check("parked", "SELECT count(*) FROM queues", "SELECT id || ' ' || reason FROM parked"),
            Check("queues", "SELECT 0", "SELECT name || ': ' || messages || ' messages' FROM queues WHERE messages"),
        ),
    ),
    Invariant(
        14,
        "Every queue has a consumer, every relay is alive",
        (
            Check(
                "consumers",
                "SELECT count(*) FROM queues",
                "SELECT name || ' has no consumer' FROM queues WHERE consumers = 0 AND name != 'menshen.dead'",
            ),
            Check(
                "relays",
                "SELECT count(*) FROM leases",
                "SELECT service || ' has no relay' FROM leases WHERE until < unixepoch() - 30",
            ),
        ),
    ),
    Invariant(15, "Webhooks: a success or an open record for each event", absent="the simulation has no channels"),
    Invariant(16, "The audit chain verifies", absent="there is no audit chain yet"),
    Invariant(
        17,
        "No name, ID number or phone in logs, events or parked messages",
        (Check("leaks", "SELECT count(*) FROM events", "SELECT place || ': ' || what FROM leaks"),),
    ),
    Invariant(18, "The same seed without faults ends alike", absent="needs a second run to compare with"),
    Invariant(19, "Every decision has the inputs that justify it", absent="decisions keep no inputs yet"),
    Invariant(20, "Nothing of a removed person can be read", absent="nobody is removed in the simulation"),
)
