"""The measurements, by the name that `--only` knows, in the order in which they are made."""

from collections.abc import AsyncIterator, Callable, Mapping

from menshen.bench.cases import (
    events,
    exits,
    growth,
    latency,
    registrations,
    rest,
    roster,
    scans,
    start,
    streams,
    ways,
)
from menshen.bench.stage import Stage
from menshen.bench.table import Row

CASES: Mapping[str, Callable[[Stage], AsyncIterator[Row]]] = {
    "scans": scans.measure,
    "ways": ways.measure,
    "events": events.measure,
    "exits": exits.measure,
    "latency": latency.measure,
    "streams": streams.measure,
    "registrations": registrations.measure,
    "roster": roster.measure,
    "rest": rest.measure,
    "start": start.measure,
    "growth": growth.measure,
}
SERVERS_ONLY = frozenset({"events"})
"""Those that bring processes of their own instead of the services."""
ALONE = frozenset({"rest", "start"})
"""Those that bring up everything themselves."""
