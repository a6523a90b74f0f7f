"""One simulation from the first process to the verdict."""

import asyncio
import contextlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import stamina.instrumentation

from menshen import preflight
from menshen.district import ADDRESSES, Addresses, District
from menshen.lock import locked
from menshen.options import Options
from menshen.secrets import write_private
from menshen.simulate.client import Client
from menshen.simulate.clock import Clock
from menshen.simulate.desks import Desk
from menshen.simulate.display import Display
from menshen.simulate.evidence import Evidence
from menshen.simulate.invariants import Finding, judge
from menshen.simulate.ledger import Ledger, Stopwatch
from menshen.simulate.lines import line_of
from menshen.simulate.officials import Official
from menshen.simulate.plan import Scenario
from menshen.simulate.play import Play, all_of
from menshen.simulate.quiet import leaks, queues, settle, stores_at
from menshen.simulate.report import Report
from menshen.simulate.sessions import by_password
from menshen.simulate.stage import Stage
from menshen.simulate.world import Builder, World
from menshen.supervisor import CannotStart
from menshen.terminal import Terminal
from services.identity.main import create_admin

UNLIMITED = "1000000/second"
LIMITS = {f"MENSHEN_{name}_LIMIT": UNLIMITED for name in ("CODES", "SIGN_IN", "PUBLIC", "GATE", "STAFF", "RESIDENT")}
"""All clients of a simulation have one address."""
TRIES = 3
"""How often an inbox may be found behind before that counts."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to play, and on which district."""

    scenario: Scenario
    options: Options
    kill_every: float | None
    url: str | None


async def run(wanted: Wanted, run_number: int, terminal: Terminal) -> Report:
    """Bring a district up, or attach to the one that runs, play, and judge. Raises CannotStart."""
    stamina.instrumentation.set_on_retry_hooks([])  # a try again is counted, not logged
    async with _district(wanted, terminal) as (addresses, district):
        if wanted.kill_every and district is None:
            raise CannotStart("a district that somebody else started cannot be killed piece by piece")
        data = wanted.options.data
        with Ledger(data / f"simulation-{run_number}.sqlite") as ledger:
            report = await _Run(wanted, addresses, district, ledger, terminal).go(run_number)
        text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
        write_private(data / f"simulation-{run_number}.json", text)
        return report


@asynccontextmanager
async def _district(wanted: Wanted, terminal: Terminal) -> AsyncIterator[tuple[Addresses, District | None]]:
    data = wanted.options.data
    preflight.check_folder(data)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(data / "lock", f"the simulation of process {os.getpid()}"))
        except CannotStart:
            if not (data / ADDRESSES).exists():
                raise
            yield Addresses(**json.loads((data / ADDRESSES).read_text())), None
            return
        district = District(wanted.options, terminal)
        try:
            await district.start()
            yield district.addresses, district
        finally:
            await district.stop()


class _Run:
    def __init__(
        self, wanted: Wanted, addresses: Addresses, district: District | None, ledger: Ledger, terminal: Terminal
    ) -> None:
        self._wanted = wanted
        self._addresses = addresses
        self._district = district
        self._ledger = ledger
        self._terminal = terminal
        self._prefix = os.environ.get("MENSHEN_DB_PREFIX", "menshen_")

    async def go(self, number: int) -> Report:
        timeout = aiohttp.ClientTimeout(total=20, sock_connect=5)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
            gateway = (self._wanted.url or self._addresses.gateway).rstrip("/")
            client = Client(gateway, http, self._ledger, Stopwatch())
            began = time.monotonic()
            world = await self._world(client, f"sim{number}")
            stage = self._stage(client, world, f"run{number}")
            prepared = time.monotonic() - began
            return await self._played(stage, prepared)

    async def _world(self, client: Client, root: str) -> World:
        name, password = f"sim-admin-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
        await create_admin(self._addresses.mongo, self._prefix, name, password, root)

        def progress(what: str, made: int, count: int) -> None:
            if made == count:
                self._terminal.say(f"  {what}: {made}")

        builder = Builder(client, root, by_password(client, name, password), progress)
        return await builder.build(self._wanted.scenario.population)

    def _stage(self, client: Client, world: World, run: str) -> Stage:
        broker, mqtt = self._addresses.amqp, self._addresses.mqtt_port
        desks = [
            [
                Desk(client, gate, one.guard, line_of(client, gate.device, broker, mqtt) if gate.device else None, run)
                for gate in one.gates
            ]
            for one in world.compounds
        ]
        clock = Clock(self._wanted.scenario.minutes * 60)
        return Stage(self._wanted.scenario, clock, client, world, desks, run)

    async def _played(self, stage: Stage, prepared: float) -> Report:
        world, lines = stage.world, [desk.line for desk in all_of(stage.desks) if desk.line]
        officials = [
            Official(stage, world.official, world.root, clears=False),
            *(Official(stage, one.worker, one.area, clears=True) for one in world.communities),
        ]
        await asyncio.gather(*(line.open() for line in lines), *(one.subscribe() for one in officials))
        following = [asyncio.create_task(one.follow()) for one in officials]
        showing = asyncio.create_task(Display(self._terminal, stage).run())
        began = time.monotonic()
        try:
            await Play(stage, officials, self._district).run(self._wanted.kill_every)
            played = time.monotonic() - began
            showing.cancel()
            with stores_at(self._addresses.mongo, self._prefix) as stores:
                quiet = await settle(stores, officials, self._terminal.say)
                findings = await self._judged(stores, world.root)
        finally:
            for task in (*following, showing):
                task.cancel()
            await asyncio.gather(*following, showing, *(line.close() for line in lines), return_exceptions=True)
        return Report(stage, findings, played, quiet, prepared)

    async def _judged(self, stores: dict[str, object], root: str) -> list[Finding]:
        connection = self._ledger.connection
        evidence = Evidence(connection, stores, root)
        for attempt in range(TRIES):
            await evidence.gather()
            bodies = connection.execute("SELECT type || ' ' || id, data FROM events")
            found = await asyncio.to_thread(leaks, self._wanted.options.data / "logs", bodies.fetchall())
            evidence.add("leaks", found)
            evidence.add("queues", await queues(self._addresses.amqp, stores))
            findings = judge(connection)
            if all(one.holds for one in findings) or attempt == TRIES - 1:
                break
            await asyncio.sleep(3)
        return findings
