"""The place that is played: areas, staff, gates and their devices, rosters; all made through the API."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import stamina

from menshen.simulate.client import Client, Request, by_id
from menshen.simulate.people import Population
from menshen.simulate.plan import GATES
from menshen.simulate.sessions import Session, by_password
from menshen.supervisor import CannotStart

COMPOUNDS_OF_A_COMMUNITY = 10
TRANSPORTS = ("amqp", "mqtt", "http")
KINDS = ("reader", "turnstile", "thermometer")
SETTINGS = ({"key": "exit.closed_hours", "value": None}, {"key": "gate.retest_minutes", "value": 1})
"""Open around the clock, since the simulated hour is not the real one; a retest that does not come is told soon."""


@dataclass(frozen=True)
class DeviceFacts:
    """A device as its maker was told of it, once. `transport` is how the simulation speaks for it."""

    id: str
    transport: str
    secret: str = field(repr=False)
    amqp: Mapping[str, str]
    mqtt: Mapping[str, str]


@dataclass
class Gate:
    """A gate of a compound with its device, if the district knows devices."""

    id: str
    area: str
    device: DeviceFacts | None = None


@dataclass
class Compound:
    """A compound: its gates, and the guard who walks between them."""

    area: str
    guard: Session
    gates: list[Gate]


@dataclass
class Community:
    """A community with those who work for it."""

    area: str
    manager: Session
    worker: Session


@dataclass
class World:
    """Everything there is before anybody acts. `root` is the subdistrict, new with each run."""

    root: str
    official: Session
    communities: list[Community]
    compounds: list[Compound]

    def community_of(self, compound: int) -> Community:
        """Return the community that a compound belongs to."""
        return self.communities[compound // COMPOUNDS_OF_A_COMMUNITY]


Progress = Callable[[str, int, int], None]
"""Told what is being made, how many there are, and of how many."""


class Builder:
    """Makes a world. Raises CannotStart when something is refused."""

    def __init__(self, client: Client, root: str, admin: Session, progress: Progress) -> None:
        self._client = client
        self._root = root
        self._admin = admin
        self._progress = progress

    async def build(self, population: Population) -> World:
        """Make areas, staff and gates, then import the rosters."""
        count = population.compounds
        areas = [f"{self._root}.k{one // COMPOUNDS_OF_A_COMMUNITY + 1:02d}.c{one + 1:02d}" for one in range(count)]
        above = sorted({area.rpartition(".")[0] for area in areas})
        await self._area(self._root)
        await self._each("communities", above, self._area)
        await self._each("compounds", areas, self._area)
        official = await self._staff("official", self._root)
        await self._settings(official)
        communities = await self._each("community staff", above, self._community)
        compounds = await self._each("gates and guards", areas, lambda area: self._compound(area, communities))
        world = World(self._root, official, communities, compounds)
        await self._each("rosters", list(range(count)), lambda one: self._roster(world, population, one))
        return world

    async def _each(self, what: str, items: list[Any], make: Callable[[Any], Awaitable[Any]]) -> list[Any]:
        made, slots = 0, asyncio.Semaphore(4)

        async def one(item: Any) -> Any:
            nonlocal made
            async with slots:
                outcome = await make(item)
            made += 1
            self._progress(what, made, len(items))
            return outcome

        return await asyncio.gather(*(one(item) for item in items))

    async def _area(self, area: str) -> None:
        await self._post("area", "/v1/areas", self._admin, {"id": area, "name": f"模拟 {area.rpartition('.')[2]}"})

    async def _settings(self, official: Session) -> None:
        path, body = f"/v1/areas/{self._root}/settings", {"settings": list(SETTINGS)}
        request = Request(kind="settings", method="PUT", path=path, token=await official.token(), json=body)
        answer = await self._client.ask(request)
        if not answer.ok:
            raise CannotStart(f"the simulation's settings were refused: {answer.code}")

    async def _community(self, area: str) -> Community:
        return Community(area, await self._staff("property_manager", area), await self._staff("community_worker", area))

    async def _compound(self, area: str, communities: list[Community]) -> Compound:
        manager = next(one.manager for one in communities if area.startswith(one.area + "."))
        guard = await self._staff("guard", area)
        gates = []
        for number in range(GATES):
            made = await self._post("gate", "/v1/gates", manager, {"area": area, "name": f"{'东西'[number % 2]}门"})
            gates.append(Gate(str(made["id"]), area))
        place = int(area.rpartition(".c")[2])
        for number, gate in enumerate(gates):
            gate.device = await self._device(gate, manager, place * GATES + number)
        return Compound(area, guard, gates)

    async def _staff(self, role: str, area: str) -> Session:
        username, password = f"sim-{role}-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
        body = {"username": username, "password": password, "grants": [{"role": role, "area": area}]}
        await self._post("staff", "/v1/staff", self._admin, body)
        session = by_password(self._client, username, password)
        await session.token()
        return session

    async def _device(self, gate: Gate, manager: Session, place: int) -> DeviceFacts | None:
        body = {"kind": KINDS[place % len(KINDS)], "gate": gate.id, "area": gate.area, "label": f"sim {place}"}
        made = await self._post("device", "/v1/devices", manager, body, hears=True)
        transport = TRANSPORTS[place % len(TRANSPORTS)]
        return DeviceFacts(str(made["id"]), transport, made["secret"], made["amqp"], made["mqtt"])

    async def _roster(self, world: World, population: Population, compound: int) -> None:
        name, content = await asyncio.to_thread(population.roster, compound)
        area = world.compounds[compound].area
        kind = "text/csv" if name.endswith("csv") else "application/octet-stream"

        def form() -> aiohttp.FormData:
            filled = aiohttp.FormData({"area": area})
            filled.add_field("file", content, filename=name, content_type=kind)
            return filled

        token = await world.community_of(compound).manager.token()
        answer = await self._client.ask(
            Request(kind="roster", method="POST", path="/v1/rosters", token=token, form=form)
        )
        if not answer.ok or answer.body["rejected"]:
            raise CannotStart(f"the roster of {area} was not taken: {answer.body}")

    async def _post(self, kind: str, path: str, by: Session, body: Any, *, hears: bool = False) -> dict[str, Any]:
        key = f"{kind}-{secrets.token_hex(12)}"
        # What identity is to know of the gate comes by event: it may not be there yet.
        async for attempt in stamina.retry_context(
            on=_NotHeard, attempts=None if hears else 1, timeout=20, wait_initial=0.1, wait_max=0.5
        ):
            with attempt:
                request = Request(kind=kind, method="POST", path=path, token=await by.token(), json=body, key=key)
                answer = await self._client.ask(replace(request, made=by_id))
                if hears and answer.code == "gate_unknown":
                    raise _NotHeard(answer.code)
        if not answer.ok:
            raise CannotStart(f"the simulation's {kind} was refused: {answer.status} {answer.code}")
        made: dict[str, Any] = answer.body
        return made


class _NotHeard(Exception):
    """An event has not come through yet."""
