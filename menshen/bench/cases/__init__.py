"""The measurements, by the name that `--only` knows, in the order in which they are made."""

from collections.abc import AsyncIterator, Callable, Mapping

from menshen.bench.cases import events, scans
from menshen.bench.stage import Stage
from menshen.bench.table import Row

CASES: Mapping[str, Callable[[Stage], AsyncIterator[Row]]] = {
    "scans": scans.measure,
    "events": events.measure,
}
SERVERS_ONLY = frozenset({"events"})
"""Those that bring processes of their own instead of the services."""
