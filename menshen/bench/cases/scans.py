"""Scan decisions through the gateway, against a server that only stores two documents for each request."""

from collections.abc import AsyncIterator

from menshen.bench import meter
from menshen.bench.load import SECONDS, Outcome, Post, send
from menshen.bench.stage import Stage
from menshen.bench.table import Row, compared
from menshen.bench.town import Town, built, scan_body
from shared.contracts.values import Direction

EXPECTED = '"decision":"allow"'
CONNECTIONS = (1, 32, 128)
BOUND = 32
MOST = 1500
"""Scans a second, more than any of these machines decides."""


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Measure with 1, 32 and 128 connections; the row with a bound is that of 32."""
    town = await built(stage, passes=(stage.rounds + 1) * len(CONNECTIONS) * MOST * SECONDS // 3)
    async with stage.floor("transactions", stage.district.addresses.mongo) as floor:
        for connections in CONNECTIONS:
            await _round(stage, town, floor, connections)  # warm
            rounds = [await _round(stage, town, floor, connections) for _ in range(stage.rounds)]
            name = "scan_http_vs_txn_floor" + ("" if connections == BOUND else f"_{connections}")
            ours, theirs, cpu = rounds[-1]
            yield compared(
                name,
                "scans/s",
                [(one.rate, other.rate) for one, other, _ in rounds],
                p50_ms=ours.p50_ms,
                p99_ms=ours.p99_ms,
                floor_p50_ms=theirs.p50_ms,
                floor_p99_ms=theirs.p99_ms,
                cpu_us=cpu,
                rss_mb=meter.rss_mb(stage.pids),
            )


async def _round(stage: Stage, town: Town, floor: str, connections: int) -> tuple[Outcome, Outcome, dict[str, int]]:
    before = meter.read(stage.pids)
    ours = await send(stage.gateway, town.scans(MOST * SECONDS), connections, EXPECTED)
    town.spent(ours.sent)
    # What follows of a scan, in other services, belongs to its cost.
    await stage.settle()
    cpu = meter.read(stage.pids).since(before, ours.answered)
    theirs = await send(floor, [_same(town)] * 5 * MOST * SECONDS, connections, EXPECTED)
    await stage.settle()
    return ours, theirs, cpu


def _same(town: Town) -> Post:
    """Return a scan of the same size for a server that reads nothing of it."""
    gate = town.compounds[0]
    return Post("/v1/scans", gate.guard, scan_body("x" * 330, gate.gate, Direction.OUT))
