"""Killed at any point, started again: nothing is lost, nothing happens twice.

Reports is in the arena because its tally makes every event routable; it is not killed here.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import httpx2
import pytest

from shared.contracts.identity import AreaChanged
from shared.contracts.values import Role
from tests.faults.conftest import CHAIN, Arena
from tests.faults.ledger import Crowd, check, check_feed, settled
from tests.sse import listening

FEVER, WELL = 38.5, 36.5


@asynccontextmanager
async def crashing(arena: Arena, service: str, point: str) -> AsyncIterator[None]:
    """Replace a service by a process that dies at a point; the ordinary one comes back at the end."""
    supervisor = arena.district.supervisor
    name = f"{service}-{point.replace('.', '-')}"
    doomed = arena.district.child(name, (f"services.{service}",), MENSHEN_CRASH_AT=point)
    await settled(arena.district, *CHAIN)  # so that it dies of what comes, not of what waited
    await supervisor.kill(service)
    await supervisor.start(doomed)
    try:
        yield
        await arena.district.until(lambda: died(arena, f"{name} exited with code 137"), timeout=20)
    finally:
        await supervisor.kill(name)
        await supervisor.restart(service)
        arena.district.said.clear()


async def died(arena: Arena, words: str) -> bool:
    return any(words in line for line in arena.district.said)


async def crowd_with_official(arena: Arena, size: int) -> Crowd:
    crowd = await Crowd(arena.district).gather(size)
    official = arena.district.staff((Role.OFFICIAL, crowd.compound))
    body = {"area": crowd.compound, "kinds": ["fever"]}
    answer = await arena.district.http("alerts").post("/v1/subscriptions", json=body, headers=official)
    assert answer.status_code == 201, answer.text
    return crowd


async def all_holds(arena: Arena, crowd: Crowd, fevers: int) -> None:
    await crowd.insist()
    await settled(arena.district, *CHAIN)
    await check(arena.district, crowd)
    await check_feed(arena.district, crowd, fevers)


@pytest.mark.parametrize(
    ("service", "point"),
    [
        ("gate", "api.before_txn"),
        ("gate", "api.in_txn"),
        ("gate", "api.after_commit"),
        ("gate", "relay.before_publish"),
        ("gate", "relay.before_confirm"),
        ("gate", "relay.before_mark"),
        ("health", "consumer.on_delivery"),
        ("health", "consumer.in_txn"),
        ("health", "consumer.after_commit"),
        ("health", "consumer.before_ack"),
        ("health", "relay.before_mark"),
        ("alerts", "consumer.in_txn"),
        ("alerts", "consumer.before_ack"),
    ],
)
async def test_crash_point(arena: Arena, service: str, point: str) -> None:
    """Whatever the instant, after the restart the ledger and the stores agree."""
    crowd = await crowd_with_official(arena, 6)

    async with crashing(arena, service, point):
        await crowd.pass_through(crowd.tokens[:4], WELL)
        await crowd.pass_through(crowd.tokens[4:], FEVER)

    await all_holds(arena, crowd, fevers=2)


class TestUnderLoad:
    @pytest.mark.parametrize("service", [*CHAIN, "reports"])
    async def test_a_service_is_killed(self, arena: Arena, service: str) -> None:
        """The supervisor brings it back; the guard's device asks again; nobody else notices."""
        crowd = await crowd_with_official(arena, 30)

        async def kill() -> None:
            os.kill(arena.district.supervisor.pids[service], signal.SIGKILL)

        await self._through(crowd, kill)
        await arena.district.until(lambda: arena.district._answers(service), timeout=20)

        await all_holds(arena, crowd, fevers=10)

    async def test_the_gateway_is_killed(self, arena: Arena) -> None:
        """It owns nothing; whoever lost an answer asks again with the same nonce."""
        crowd = await crowd_with_official(arena, 30)
        crowd.door = "gateway"

        async def kill() -> None:
            os.kill(arena.district.supervisor.pids["gateway"], signal.SIGKILL)

        await self._through(crowd, kill)

        await all_holds(arena, crowd, fevers=10)

    async def test_identity_is_killed(self, arena: Arena) -> None:
        """Thirty areas are made meanwhile: each is there once and was told once."""
        district, root = arena.district, arena.district.new_compound().split(".")[0]
        admin = district.staff((Role.ADMIN, root))
        wanted = [root, *(f"{root}.c{number}" for number in range(30))]
        made: set[str] = set()

        async def make(area: str) -> None:
            with contextlib.suppress(httpx2.HTTPError):
                answer = await district.http("identity").post(
                    "/v1/areas", json={"id": area, "name": "x"}, headers=admin
                )
                if answer.status_code == 201:
                    made.add(area)

        async def all_made() -> bool:
            await asyncio.gather(*(make(area) for area in wanted if area not in made))
            return len(made) == len(wanted)

        await district.until(lambda: _is_true(make(root), made), timeout=10)
        first = asyncio.gather(*(make(area) for area in wanted[1:16]))
        os.kill(district.supervisor.pids["identity"], signal.SIGKILL)
        await first
        await district.until(all_made, timeout=40)

        outbox = district.db("identity").outbox
        told = [row["subject"] async for row in outbox.find({"type": AreaChanged.wire}) if row["subject"] in made]
        assert sorted(told) == sorted(wanted)
        await district.until(lambda: _none(outbox.count_documents({"sent": False})), timeout=20)

    async def test_the_broker_is_killed(self, arena: Arena) -> None:
        """Every scan is answered meanwhile: the outbox keeps what the broker cannot take."""
        crowd = await crowd_with_official(arena, 30)

        await self._through(crowd, lambda: arena.servers.kill("rabbitmq"))
        answered = len(crowd.ledger.answered)
        await arena.servers.restart("rabbitmq")

        assert answered == 30
        await all_holds(arena, crowd, fevers=10)

    async def test_the_database_is_killed(self, arena: Arena) -> None:
        """Answers become 503, never wrong ones; consumers wait, and park nothing."""
        crowd = await crowd_with_official(arena, 30)

        await self._through(crowd, lambda: arena.servers.kill("mongod"))
        await arena.servers.restart("mongod")

        await all_holds(arena, crowd, fevers=10)
        for service in CHAIN:
            assert await arena.district.db(service).parked.count_documents({}) == 0

    async def test_the_gate_decides_alone(self, arena: Arena) -> None:
        """With every other service and the broker gone the gate goes on; what it decided is told later."""
        crowd = await crowd_with_official(arena, 6)
        supervisor = arena.district.supervisor
        for service in ("health", "alerts", "reports"):
            await supervisor.kill(service)
        await arena.servers.kill("rabbitmq")

        await crowd.pass_through(crowd.tokens[:5], WELL)
        await crowd.pass_through(crowd.tokens[5:], FEVER)
        decisions = sorted(answer["decision"] for answer in crowd.ledger.answered.values())

        await arena.servers.restart("rabbitmq")
        for service in ("health", "alerts", "reports"):
            await supervisor.restart(service)
        assert decisions == ["allow"] * 5 + ["deny"]
        await all_holds(arena, crowd, fevers=1)

    async def test_an_open_stream_sees_all_through_a_restart(self, arena: Arena) -> None:
        """An official's stream breaks with the alerts service; resumed, it has every fever once."""
        crowd = await crowd_with_official(arena, 8)
        official = arena.district.staff((Role.OFFICIAL, crowd.compound), account="acc_01KGT0000000000000000000Z9")
        client, where = arena.district.http("alerts"), {"area": crowd.compound, "kinds": "fever"}
        async with listening(client, official, **where) as stream:
            await crowd.pass_through(crowd.tokens[:4], FEVER)
            seen = list(await stream.causes(2))
            await arena.district.supervisor.kill("alerts")
        await crowd.pass_through(crowd.tokens[4:], FEVER)
        await arena.district.supervisor.restart("alerts")

        # What is told first may be the next step of an alert that was seen already.
        before = {item.data["cause"] for item in seen}
        async with listening(client, official, last=seen[-1].id, **where) as stream:
            seen += await stream.causes(8 - len(before), timeout=20, besides=before)

        assert [int(item.id) for item in seen] == list(range(1, len(seen) + 1))
        assert len({item.data["cause"] for item in seen}) == 8

    async def _through(self, crowd: Crowd, fault: object) -> None:
        """Send everybody through in three waves; the fault comes after the first."""
        third = len(crowd.tokens) // 3
        await crowd.pass_through(crowd.tokens[:third], WELL)
        second = asyncio.create_task(crowd.pass_through(crowd.tokens[third : 2 * third], FEVER))
        await fault()  # type: ignore[operator]
        await second
        await crowd.pass_through(crowd.tokens[2 * third :], WELL)


async def _is_true(doing: Awaitable[None], outcome: set[str]) -> bool:
    await doing
    return bool(outcome)


async def _none(counting: Awaitable[int]) -> bool:
    return await counting == 0


async def test_a_poison_message_takes_no_other_with_it(arena: Arena) -> None:
    """It is parked with its reason; what stands behind it in the queue flows."""
    crowd = await crowd_with_official(arena, 3)
    poison = b'{"specversion":"1.0","type":"menshen.gate.GateScanned.v9"}'

    for body in (poison, b"not json", b"{" + b" " * 300_000 + b"}"):
        await arena.district.publish_raw(body, f"gate.GateScanned.{crowd.compound}")
    await crowd.pass_through(crowd.tokens, FEVER)

    await all_holds(arena, crowd, fevers=3)
    health = arena.district.db("health").parked
    await arena.district.until(lambda: health.count_documents({"queue": "health.gate_scanned"}))
    reasons = {row["reason"] async for row in health.find({"queue": "health.gate_scanned"})}
    assert reasons == {"envelope_invalid", "message_too_large"}
