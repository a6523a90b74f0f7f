"""Scans by the other ways: posted in batches of a hundred, over AMQP and over MQTT; each beside single scans over HTTP.

The devices are made through the API and speak through the simulation's own clients, which run in this process: of what
a scan costs over AMQP or MQTT here, a good part is the device's own.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import stamina
import stamina.instrumentation

from menshen.bench import meter
from menshen.bench.load import Post, send
from menshen.bench.stage import Stage
from menshen.bench.table import Row, compared, percentile
from menshen.bench.town import Compound, Town, peopled
from menshen.simulate.client import Client
from menshen.simulate.ledger import Ledger, Stopwatch
from menshen.simulate.lines import Line, line_of
from menshen.simulate.people import Population
from menshen.simulate.sessions import Session
from menshen.simulate.world import Builder, DeviceFacts
from menshen.supervisor import CannotStart
from shared.contracts.values import Role
from shared.ids import new_id

COMPOUNDS = 32
"""At one gate of each the device speaks AMQP, at the other one MQTT; each waits for its answer before its next scan."""
CONNECTIONS = 32
BATCH = 100
SENDERS = 4
"""Of batches: connections."""
SECONDS = 3
MOST = {"http": 1500, "batch": 4000, "amqp": 1500, "mqtt": 1500}
"""Scans a second, more than any of these machines decides."""
ROOT = "ways"
EXPECTED = '"decision":"allow"'


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Measure each way once in each round, single scans over HTTP first."""
    stamina.instrumentation.set_on_retry_hooks([])  # a try again is counted, not logged
    async with aiohttp.ClientSession() as http, _devices(stage, http) as devices:
        passes = (stage.rounds + 1) * SECONDS * sum(MOST.values())
        ways = _Ways(stage, devices, await peopled(stage, ROOT, _compounds(stage, devices), passes))
        await ways.round()  # warm
        rounds = [await ways.round() for _ in range(stage.rounds)]
    for row, way in (("scan_batch_100", "batch"), ("scan_amqp", "amqp"), ("scan_mqtt", "mqtt")):
        last = rounds[-1][way]
        yield compared(
            row,
            "scans/s",
            [(one[way].rate, one["http"].rate) for one in rounds],
            p50_ms=round(last.p50_ms, 2),
            p99_ms=round(last.p99_ms, 2),
            floor_p50_ms=rounds[-1]["http"].p50_ms,
            floor_p99_ms=rounds[-1]["http"].p99_ms,
            cpu_us=last.cpu,
            rss_mb=meter.rss_mb(stage.pids),
        )


@dataclass(frozen=True)
class _Device:
    area: str
    gate: str
    line: Line


Devices = Mapping[str, list[_Device]]
"""By the way that they speak."""


@dataclass(frozen=True)
class _Taken:
    """What came of one way in one round; of a batch the percentiles are those of its answer."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu: dict[str, int]


@dataclass
class _Ways:
    stage: Stage
    devices: Devices
    town: Town

    async def round(self) -> dict[str, _Taken]:
        return {"http": await self._http(), "batch": await self._batches()} | {
            way: await self._messages(way) for way in ("amqp", "mqtt")
        }

    async def _http(self) -> _Taken:
        posts = self.town.scans(SECONDS * MOST["http"])
        before = meter.read(self.stage.pids)
        came = await send(self.stage.gateway, posts, CONNECTIONS, EXPECTED, SECONDS)
        self.town.spent(came.sent)
        return _Taken(came.rate, came.p50_ms, came.p99_ms, await self._cost(before, came.answered))

    async def _batches(self) -> _Taken:
        posts = self._taken("batch")
        before, stored = meter.read(self.stage.pids), await self._stored()
        came = await send(self.stage.gateway, _in_batches(posts), SENDERS, EXPECTED, SECONDS)
        scans = came.good * BATCH
        cpu = await self._cost(before, scans)
        # The answer to a batch was looked at for one scan that was allowed: here are the others.
        if await self._stored() - stored < scans:
            raise CannotStart("not every scan of the batches was allowed")
        return _Taken(scans / came.seconds, came.p50_ms, came.p99_ms, cpu)

    async def _messages(self, way: str) -> _Taken:
        """Let every device present one scan after the other."""
        waiting = _dealt(self._taken(way))
        before, began, times = meter.read(self.stage.pids), time.monotonic(), list[float]()

        async def present(device: _Device) -> None:
            scans = iter(waiting[self.town.guard_of(device.area)])
            while (at := time.monotonic()) < began + SECONDS:
                answer = await device.line.present({**next(scans), "gate": device.gate})
                if (answer.get("scan") or {}).get("decision") != "allow":
                    raise CannotStart(f"a scan over {way} was not allowed: {answer.get('error')}")
                times.append((time.monotonic() - at) * 1000)

        await asyncio.gather(*(present(device) for device in self.devices[way]))
        rate = len(times) / (time.monotonic() - began)
        return _Taken(rate, percentile(times, 0.5), percentile(times, 0.99), await self._cost(before, len(times)))

    def _taken(self, way: str) -> list[Post]:
        posts = self.town.scans(SECONDS * MOST[way])
        self.town.spent(len(posts))
        return posts

    async def _cost(self, before: meter.Reading, scans: int) -> dict[str, int]:
        await self.stage.settle()
        return meter.read(self.stage.pids).since(before, scans)

    async def _stored(self) -> int:
        count: int = await self.stage.db("gate").scans.count_documents({"decision": "allow"})
        return count


def _in_batches(posts: Sequence[Post]) -> list[Post]:
    """Gather scans of the same guard in bodies of a hundred."""
    return [
        Post("/v1/scans/batch", guard, json.dumps({"scans": scans[first : first + BATCH]}))
        for guard, scans in _dealt(posts).items()
        for first in range(0, len(scans) - BATCH + 1, BATCH)
    ]


def _dealt(posts: Sequence[Post]) -> dict[str, list[dict[str, Any]]]:
    """Return the scans of each guard."""
    dealt = defaultdict[str, list[dict[str, Any]]](list)
    for post in posts:
        dealt[post.token].append(json.loads(post.body))
    return dealt


def _compounds(stage: Stage, devices: Devices) -> list[Compound]:
    places = [(one.area, one.gate) for one in devices["amqp"]]
    return [Compound(area, gate, stage.keys.token(new_id("acc"), (Role.GUARD, area))) for area, gate in places]


@asynccontextmanager
async def _devices(stage: Stage, http: aiohttp.ClientSession) -> AsyncIterator[Devices]:
    """Have a world built as the simulation does, and open the lines of its devices."""

    async def admin() -> str:
        return stage.keys.token(new_id("acc"), (Role.ADMIN, ROOT))

    with Ledger() as ledger:
        client = Client(stage.gateway, http, ledger, Stopwatch())
        population = Population(seed=1, compounds=COMPOUNDS, residents=COMPOUNDS)
        world = await Builder(client, ROOT, Session(admin), lambda *_: None).build(population)
        devices: Devices = {"amqp": [], "mqtt": []}
        for compound in world.compounds:
            for gate, (way, there) in zip(compound.gates, devices.items(), strict=True):
                if gate.device:
                    there.append(_Device(gate.area, gate.id, _line(stage, client, replace(gate.device, transport=way))))
        await stage.settle()  # the gate hears of its devices by event
        lines = [one.line for there in devices.values() for one in there]
        try:
            await asyncio.gather(*(line.open() for line in lines))
            yield devices
        finally:
            await asyncio.gather(*(line.close() for line in lines), return_exceptions=True)


def _line(stage: Stage, client: Client, device: DeviceFacts) -> Line:
    where = stage.district.addresses
    return line_of(client, device, where.amqp, where.mqtt_port)
