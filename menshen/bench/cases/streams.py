"""A thousand live streams: what each takes of memory, and how soon one alert is on all of them."""

from collections.abc import AsyncIterator

import aiohttp

from menshen.bench import meter
from menshen.bench.audience import Audience, audience
from menshen.bench.fevers import Fever, fevers, present, staffed
from menshen.bench.stage import Stage
from menshen.bench.table import Row, percentile, plain
from menshen.bench.town import built

STREAMS = 1000
WARM = 50
"""Streams that are open before memory is read, so that what is needed only once is not counted."""
HOLDERS = ("gateway", "alerts")


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Read memory before and after the streams are opened, then tell all of them of one alert, several times."""
    town = await built(stage, passes=1)
    await staffed(town)
    async with audience(stage, town.root) as officials, aiohttp.ClientSession() as http:
        await officials.grow(WARM)
        await _fan_out(http, stage, officials, (await fevers(town, 1))[0])
        await stage.settle()
        before = meter.rss_mb(stage.services)
        await officials.grow(STREAMS)
        await stage.settle()
        yield _memory(before, meter.rss_mb(stage.services))

        await _fan_out(http, stage, officials, (await fevers(town, 1))[0])  # warm
        await stage.settle()
        clocks = meter.read(stage.pids)
        times = []
        for fever in await fevers(town, stage.rounds):
            times.append(await _fan_out(http, stage, officials, fever))
            await stage.settle()
        yield plain(
            "sse_fanout_1000_ms",
            "ms",
            [one[-1] for one in times],
            first_ms=round(times[-1][0], 1),
            p50_ms=round(percentile(times[-1], 0.5), 1),
            p99_ms=round(percentile(times[-1], 0.99), 1),
            cpu_us=meter.read(stage.pids).since(clocks, stage.rounds * STREAMS),
            rss_mb=meter.rss_mb(stage.pids),
        )


async def _fan_out(http: aiohttp.ClientSession, stage: Stage, officials: Audience, fever: Fever) -> list[float]:
    """Return the milliseconds from the accepted scan to each stream's event."""
    _, accepted = await present(http, stage, fever)
    return [1000 * (at - accepted) for at in await officials.hear(fever.resident)]


def _memory(before: dict[str, float], after: dict[str, float]) -> Row:
    each = {name: round(1000 * (after[name] - before[name]) / (STREAMS - WARM), 1) for name in HOLDERS}
    kb = {f"{name}_kb": one for name, one in each.items()}
    return plain("sse_stream_kb", "KB", [sum(each.values())], streams=STREAMS, **kb, rss_mb=after)
