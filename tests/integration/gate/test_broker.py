"""Devices at the broker: who is believed, in what order they are heard, and what outages do to their answers.

On servers of its own, for some of them are stopped here; always local binaries, since only those can be.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import AMQPException

from menshen.ports import ServerPorts
from menshen.servers import Servers
from shared.contracts.devices import (
    DEVICES_EXCHANGE,
    HEARTBEAT,
    SCAN_ANSWERED,
    SCAN_PRESENTED,
    heartbeat_key,
    scan_key,
)
from shared.contracts.gate import GateScanned
from shared.contracts.health import FeverAlert
from shared.ids import new_id
from shared.messaging.devices import MAX_BYTES, MQTT_MARK
from tests.district import District
from tests.integration.gate.test_late_scans import ago
from tests.integration.gate.test_scans import Post
from tests.integration.gate.ways import WAYS, Amqp, Broker, Device, said
from tests.servers import Urls


@dataclass
class Arena:
    servers: Servers
    district: District


@pytest.fixture(scope="module")
async def arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    servers = Servers(tmp_path_factory.mktemp("gate-servers"), ServerPorts.free())
    async with AsyncExitStack() as ending:
        ending.push_async_callback(servers.stop)
        await servers.start()
        urls = Urls(servers.mongo_url, servers.amqp_url, servers.broker_api_url, servers.ports.mqtt)
        district = District(tmp_path_factory.mktemp("gate-district"), urls)
        ending.push_async_callback(district.stop)
        await district.start(["identity", "gate", "health"])
        yield Arena(servers, district)


class Stand(Post):
    """A gate with a device at the broker, and a resident with a pass."""

    device: Device
    way: Broker

    def key(self) -> str:
        return scan_key(self.compound, self.device.id)

    async def refusals(self) -> dict[str, int]:
        text = (await self.district.http("gate").get("/metrics/")).text
        found = re.findall(r'menshen_gate_device_refusals_total\{reason="(\w+)"\} ([\d.]+)', text)
        return {reason: int(float(count)) for reason, count in found}

    async def kept(self) -> int:
        return int(await self.district.db("gate").scans.count_documents({"gate": self.gate}))


@pytest.fixture
async def stand(arena: Arena) -> AsyncIterator[Stand]:
    one = Stand(arena.district)
    await one.open()
    one.device = await Device(arena.district, one.compound, one.gate).make()
    one.way = await Amqp(one.device).open()  # type: ignore[assignment]  # which is one
    yield one
    await one.way.close()


class Office:
    """The service's own user, who may write any key, and so can pretend what the broker lets no device do."""

    def __init__(self, district: District) -> None:
        self.district = district

    async def say(self, key: str, body: bytes, **properties: Any) -> None:
        connection = await aio_pika.connect(self.district.urls.amqp)
        async with connection:
            exchange = await (await connection.channel()).get_exchange(DEVICES_EXCHANGE)
            await exchange.publish(aio_pika.Message(body, **properties), key)


MQTT = {"headers": {MQTT_MARK: 1}}


class TestSenders:
    async def test_who_does_not_say_who_it_is(self, stand: Stand) -> None:
        """The broker checks a user id only where there is one."""
        before = (await stand.refusals()).get("user_id_missing", 0)

        await stand.way.say(stand.key(), said(SCAN_PRESENTED, stand.device.id, stand.body()), user_id=None)  # type: ignore[call-arg]

        answer = await stand.way.answer()
        assert (answer["status"], answer["error"]["code"]) == (403, "user_id_missing")
        assert (await stand.refusals())["user_id_missing"] == before + 1
        assert await stand.kept() == 0

    async def test_who_is_somebody_else(self, stand: Stand) -> None:
        """A service's user that writes a device's key is not that device."""
        user = aio_pika.connection.URL(stand.district.urls.amqp).user

        await Office(stand.district).say(stand.key(), said(SCAN_PRESENTED, stand.device.id, stand.body()), user_id=user)

        assert (await stand.way.answer())["error"]["code"] == "user_id_mismatch"
        assert await stand.kept() == 0

    async def test_what_the_broker_refuses_by_itself(self, stand: Stand) -> None:
        """Another's id, another's key: nothing of it reaches the gate."""
        other = await Device(stand.district, stand.compound, stand.gate).make()
        body = said(SCAN_PRESENTED, other.id, stand.body())

        for key, user in ((stand.key(), other.id), (scan_key(stand.compound, other.id), stand.device.id)):
            way = await Amqp(stand.device).open()
            with pytest.raises(AMQPException):
                await way.say(key, body, user_id=user)  # type: ignore[attr-defined]
            await way.close()
        assert await stand.kept() == 0

    async def test_who_was_revoked(self, stand: Stand) -> None:
        """What is still in the queue of a device that was revoked does not count any more."""
        before = (await stand.refusals()).get("device_unknown", 0)
        await stand.device.revoke()
        devices = stand.district.db("gate").devices
        await stand.district.until(lambda: devices.find_one({"_id": stand.device.id, "active": False}))

        await Office(stand.district).say(stand.key(), said(SCAN_PRESENTED, stand.device.id, stand.body()), **MQTT)

        async def counted() -> bool:
            return (await stand.refusals()).get("device_unknown", 0) == before + 1

        await stand.district.until(counted)
        assert await stand.kept() == 0

    @pytest.mark.parametrize("key", ["gate.scans", "gate.scans.w.j.c01.somebody", "gate.heartbeats.W.dev_1"])
    async def test_keys_that_no_device_has(self, stand: Stand, key: str) -> None:
        """Counted, and nobody to be told."""
        before = (await stand.refusals()).get("routing_key", 0)

        await Office(stand.district).say(key, b"{}")

        async def counted() -> bool:
            return (await stand.refusals()).get("routing_key", 0) == before + 1

        await stand.district.until(counted)

    async def test_another_area_in_the_key(self, stand: Stand) -> None:
        """The area of the key is the device's own, or it is not its key."""
        key = scan_key(stand.district.new_compound(), stand.device.id)

        await Office(stand.district).say(key, said(SCAN_PRESENTED, stand.device.id, stand.body()), **MQTT)

        assert (await stand.way.answer())["error"]["code"] == "device_mismatch"

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "unreadable"),
            (b"\xff\x00", 400, "unreadable"),
            (b"[" * 10_000, 400, "unreadable"),
            (b'{"data": {}}', 400, "unreadable"),
            (said(HEARTBEAT, "dev_1", {}), 400, "unreadable"),
            (b"x" * (MAX_BYTES + 1), 413, "too_large"),
        ],
        ids=["cut", "no text", "deep", "no envelope", "another type", "large"],
    )
    async def test_what_is_no_message(self, stand: Stand, body: bytes, status: int, code: str) -> None:
        """Answered, counted, and the next one has its turn."""
        await stand.way.say(stand.key(), body)

        answer = await stand.way.answer()
        assert (answer["status"], answer["error"]["code"], answer["nonce"]) == (status, code, None)
        assert (await stand.way.present(stand.body()))["status"] == 200

    async def test_no_token_and_no_body_is_logged(self, stand: Stand) -> None:
        """A refusal is logged by its reason and device alone."""
        await stand.way.say(stand.key(), said(SCAN_PRESENTED, stand.device.id, {"token": stand.token, "x": "canary"}))
        await stand.way.answer()
        await stand.way.say(stand.key(), b"{canary")
        await stand.way.answer()

        log = stand.district.log("gate")
        assert stand.device.id in log
        assert "canary" not in log
        assert stand.token not in log


class TestAnswers:
    @pytest.mark.parametrize("kind", ["amqp", "mqtt"])
    async def test_are_cloudevents_by_nonce(self, stand: Stand, kind: str) -> None:
        """In the device's own language, Chinese, and with the nonce that asked."""
        if kind == "mqtt":
            await stand.way.close()
            stand.way = await WAYS[kind](stand.device).open()  # type: ignore[assignment]
        bodies: list[bytes] = []
        stand.way.heard = bodies.append  # type: ignore[method-assign]
        body = stand.body()
        await stand.way.say(stand.key(), said(SCAN_PRESENTED, stand.device.id, body))

        async def heard() -> bool:
            return bool(bodies)

        await stand.district.until(heard)
        event = json.loads(bodies[0])
        assert (event["specversion"], event["type"], event["source"]) == ("1.0", SCAN_ANSWERED, "menshen/gate")
        assert event["data"]["nonce"] == body["nonce"]
        assert event["data"]["scan"]["message"] == "可以出门，请按时返回。"

    async def test_come_in_the_devices_order(self, stand: Stand) -> None:
        """Forty sent without waiting: taken one after the other, none before its forerunner."""
        bodies = [stand.body(sequence=number, decided="deny") for number in range(1, 41)]

        for body in bodies:
            await stand.way.say(stand.key(), said(SCAN_PRESENTED, stand.device.id, body))
        answers = [await stand.way.answer() for _ in bodies]

        assert [one["nonce"] for one in answers] == [body["nonce"] for body in bodies]
        assert {tuple(one["scan"]["marks"]) for one in answers} == {()}

    @pytest.mark.parametrize("kind", ["amqp", "mqtt"])
    async def test_heartbeats_are_heard(self, stand: Stand, kind: str) -> None:
        """A good one has no answer, a bad one has."""
        if kind == "mqtt":
            await stand.way.close()
            stand.way = await WAYS[kind](stand.device).open()  # type: ignore[assignment]
        await stand.way.beat({"gate": stand.gate, "waiting": 7})

        heard = stand.district.db("gate").heard
        kept = await stand.district.until(lambda: heard.find_one({"gate": stand.gate}))
        assert (kept["sender"], kept["waiting"]) == (stand.device.id, 7)
        await stand.way.beat({"gate": stand.gate, "waiting": -1})
        answer = await stand.way.answer()
        assert (answer["status"], answer["error"]["field"]) == (422, "waiting")
        await stand.way.beat({"gate": new_id("gate")})
        assert (await stand.way.answer())["error"]["code"] == "device_mismatch"
        assert heartbeat_key(stand.compound, stand.device.id).startswith("gate.heartbeats.")

    async def test_a_late_fever_still_alerts(self, stand: Stand) -> None:
        """A temperature of an hour ago that comes only now is still somebody with a fever."""
        at = ago(60).isoformat()
        scan = stand.body(38.6, site="ear", decided="deny", reasons=["fever_confirmed"], scanned_at=at)

        await stand.way.present(scan)

        alert = await stand.district.event(FeverAlert, area=stand.person.room)
        assert (alert.data.late, alert.data.temperature_c) == (True, 38.6)


class TestOutages:
    async def test_killed_between_commit_and_answer(self, arena: Arena, stand: Stand) -> None:
        """The scan is stored and nobody was told: delivered again it has the same answer, and happened once."""
        supervisor = arena.district.supervisor
        doomed = arena.district.child("gate-doomed", ("services.gate",), MENSHEN_CRASH_AT="devices.before_answer")
        await supervisor.kill("gate")
        await supervisor.start(doomed)
        await stand.way.say(stand.key(), said(SCAN_PRESENTED, stand.device.id, stand.body()))

        async def died() -> bool:
            return any("gate-doomed exited with code 137" in line for line in arena.district.said)

        try:
            await arena.district.until(died, timeout=20)
            assert stand.way.answers.empty()
            assert await stand.kept() == 1
        finally:
            await supervisor.kill("gate-doomed")
            await supervisor.restart("gate")
        answer = await stand.way.answer(20)

        assert (answer["status"], answer["scan"]["decision"]) == (200, "allow")
        assert await stand.kept() == 1
        await arena.district.event(GateScanned, answer["scan"]["id"])
        assert (await stand.way.present(stand.body()))["scan"]["reasons"] == ["pass_already_used"]
        assert len(arena.district.events(GateScanned, answer["scan"]["id"])) == 1

    async def test_while_the_database_is_away_nothing_is_lost(self, arena: Arena, stand: Stand) -> None:
        """Nothing is answered and nothing acknowledged; what was sent meanwhile is decided afterwards."""
        await arena.servers.kill("mongod")
        await stand.way.say(stand.key(), said(SCAN_PRESENTED, stand.device.id, stand.body(decided="allow")))
        with pytest.raises(TimeoutError):
            await stand.way.answer(2)

        await arena.servers.restart("mongod")

        answer = await stand.way.answer(30)
        assert (answer["scan"]["decision"], answer["scan"]["disputed"]) == ("allow", [])
        assert await stand.kept() == 1

    async def test_the_broker_is_restarted(self, arena: Arena, stand: Stand) -> None:
        """Both sides come back by themselves; the queue and the device's account are there as before."""
        await stand.way.present(stand.body(sequence=1))
        await arena.servers.kill("rabbitmq")
        await arena.servers.restart("rabbitmq")

        async def answered() -> Any:
            try:
                stand.way = await Amqp(stand.device).open()  # type: ignore[assignment]
                return await stand.way.present(stand.body(direction="in", sequence=2))
            except (AMQPException, ConnectionError, TimeoutError):
                return None

        answer = await arena.district.until(answered, timeout=60)

        assert answer["scan"]["decision"] == "allow"
        await arena.district.until(lambda: arena.district._answers("gate"), timeout=30)
