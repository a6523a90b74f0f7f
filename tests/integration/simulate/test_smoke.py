"""`menshen simulate` as somebody types it: a district of its own, a whole day in seconds, and the verdict."""

import asyncio
import json
import os
import random
import sys
from pathlib import Path

from menshen.ports import is_free

PORTS = 18


def free_range() -> int:
    """Find a port after which as many more are free."""
    firsts = random.sample(range(20000, 31000), 200)
    return next(first for first in firsts if all(is_free(first + more) for more in range(PORTS)))


async def test_a_small_district_holds(tmp_path: Path) -> None:
    """Every transport is used, both gates were apart, a fever came through; and every invariant holds."""
    port = free_range()
    size = ("--compounds", "2", "--residents", "60", "--minutes", "0.15")
    where = ("--data", str(tmp_path), "--port", str(port), "--base-port", str(port + 1))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "menshen", "simulate", *size, *where),
        env={**os.environ, "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said = (await asyncio.wait_for(process.communicate(), 110))[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 0, said
    told = json.loads((tmp_path / "simulation-1.json").read_text())
    assert told["holds"]
    ways = {row["via"] for row in told["latencies"] if row["kind"] in {"scan", "late_scan"}}
    assert {"guard http", "amqp", "mqtt"} <= ways
    assert told["plan"]["played"]["copy"] == 1
    checked = {one["number"]: one["checked"] for one in told["invariants"]}
    assert all(checked[number] for number in (1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17))
