"""The import of a large roster, a workbook of 50,000 rows: rows a second, and memory at most.

It goes to identity itself: the gateway waits 30 s for an answer, and a busy machine may take longer for so many rows.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp

from menshen.bench import meter
from menshen.bench.stage import Stage
from menshen.bench.table import Row, plain
from menshen.simulate.people import Population
from menshen.supervisor import CannotStart
from services.identity.domain import Area
from services.identity.store import IdentityStore
from shared.contracts.values import Role
from shared.ids import new_id

ROWS = 50_000


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Import another compound's workbook each round; identity counts together with the program that reads for it."""
    rates, peaks = [], []
    for number in range(stage.rounds):
        await stage.settle()
        file = await asyncio.to_thread(_workbook, number + 1)
        before = meter.read(stage.pids)
        async with meter.peak(stage.services["identity"]) as peak:
            rates.append(ROWS / await _import(stage, f"bench.k1.c{number + 1:02d}", file))
        peaks.append(peak)
        await stage.settle()
        cpu = meter.read(stage.pids).since(before, ROWS)
    most, rest = [peak.most_mb for peak in peaks], [peak.rest_mb for peak in peaks]
    above = [one.most_mb - one.rest_mb for one in peaks]
    yield plain("roster_rows", "rows/s", rates, to="identity", rows=ROWS, file_mb=round(len(file) / 1e6, 2), cpu_us=cpu)
    yield plain(
        "roster_50k_peak_mb", "MB", most, to="identity", before_mb=rest, above_mb=[round(one, 1) for one in above]
    )


def _workbook(run: int) -> bytes:
    """Write the second compound's roster, which a population has as XLSX."""
    _name, content = Population(seed=2020, compounds=2, residents=2 * ROWS, run=run).roster(1)
    return content


async def _import(stage: Stage, area: str, file: bytes) -> float:
    """Send the file and return the seconds until all of it is stored."""
    await IdentityStore(stage.db("identity"), None).add_area(Area(area, 1, "金斗花园"), [])
    form = aiohttp.FormData({"area": area})
    form.add_field("file", file, filename="roster.xlsx")
    headers = {"Authorization": f"Bearer {stage.keys.token(new_id('acc'), (Role.PROPERTY_MANAGER, area))}"}
    began = time.monotonic()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stage.address('identity')}/v1/rosters", data=form, headers=headers) as answer,
    ):
        said = await answer.json()
    seconds = time.monotonic() - began
    if said.get("imported") != ROWS:
        raise CannotStart(f"the roster was not imported: {answer.status} {said.get('code')}")
    return seconds
