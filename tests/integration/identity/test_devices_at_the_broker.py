"""What a device may do at RabbitMQ, what it may not, and how fast that ends: asked of the broker itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import aiomqtt
import pytest
from aio_pika.exceptions import AMQPException
from yarl import URL

from menshen.ports import is_free
from shared.contracts.devices import DEVICES_EXCHANGE
from tests.district import District
from tests.integration.identity.compound import Compound
from tests.integration.identity.fleet import Fleet, end_of, publish, refused

Device = dict[str, Any]


@pytest.fixture
async def fleet(compound: Compound) -> Fleet:
    if compound.district.urls.broker_api is None:
        pytest.skip("needs RabbitMQ with the management API and MQTT")
    return await Fleet(compound).open()


@pytest.fixture
async def device(fleet: Fleet) -> Device:
    return await fleet.add()


@pytest.fixture
async def other(fleet: Fleet) -> Device:
    return await fleet.add()


class TestMay:
    async def test_publish_its_own_keys_over_amqp(self, fleet: Fleet, device: Device) -> None:
        """Scans and heartbeats, with the user-id that the broker has checked."""
        async with fleet.ear() as heard, fleet.channel(device) as channel:
            for what in ("scans", "heartbeats"):
                await publish(channel, DEVICES_EXCHANGE, device["amqp"][what], user_id=device["id"])

            messages = [await heard.get(timeout=5) for _ in range(2)]

        assert [one.routing_key for one in messages] == [device["amqp"]["scans"], device["amqp"]["heartbeats"]]
        assert {one.user_id for one in messages} == {device["id"]}

    async def test_publish_its_own_topics_over_mqtt(self, fleet: Fleet, device: Device) -> None:
        """They come out under the same keys."""
        async with fleet.ear() as heard, fleet.mqtt(device) as client:
            for what in ("scans", "heartbeats"):
                await client.publish(device["mqtt"][what], b"{}", qos=1)

            messages = [await _next(heard) for _ in range(2)]

        assert [one.routing_key for one in messages] == [device["amqp"]["scans"], device["amqp"]["heartbeats"]]

    async def test_read_its_decisions_both_ways(self, fleet: Fleet, device: Device) -> None:
        """From its queue over AMQP, where they wait for it; from its topic over MQTT."""
        key = f"gate.decisions.{device['id']}"
        async with fleet.mqtt(device) as client:
            await client.subscribe(device["mqtt"]["decisions"], qos=1)
            await fleet.decide(key, b"open")
            over_mqtt = await asyncio.wait_for(anext(aiter(client.messages)), 5)
        async with fleet.channel(device) as channel:
            queue = await channel.get_queue(device["amqp"]["decisions"], ensure=False)
            over_amqp = await queue.get(timeout=5)

        assert (over_mqtt.payload, over_amqp.body) == (b"open", b"open")


class TestMayNot:
    async def test_publish_any_other_key_over_amqp(self, fleet: Fleet, device: Device, other: Device) -> None:
        """Another device, another area, an answer to itself, the events: all are refused by the broker."""
        area, me = fleet.area, device["id"]
        keys = [
            other["amqp"]["scans"],
            f"gate.scans.{fleet.district.new_compound()}.{me}",
            f"gate.scans.{area}.x.{me}",
            f"gate.scans.{area}.{me}.x",
            f"gate.scansx.{area}.{me}",
            f"gate.decisions.{me}",
            f"gate.decisions.{other['id']}",
            "",
        ]
        for key in keys:
            async with fleet.channel(device) as channel:
                assert "ACCESS_REFUSED" in await refused(publish(channel, DEVICES_EXCHANGE, key, user_id=me)), key

    async def test_publish_anywhere_else(self, fleet: Fleet, device: Device, other: Device) -> None:
        """The default exchange would reach every queue, the events' exchange every service."""
        places = [("", other["amqp"]["decisions"]), ("menshen.events", device["amqp"]["scans"]), ("amq.topic", "x")]
        for exchange, key in places:
            async with fleet.channel(device) as channel:
                assert "ACCESS_REFUSED" in await refused(publish(channel, exchange, key)), exchange

    async def test_claim_to_be_another(self, fleet: Fleet, device: Device, other: Device) -> None:
        """The user-id is checked, so whoever reads it may believe it."""
        async with fleet.channel(device) as channel:
            said = await refused(publish(channel, DEVICES_EXCHANGE, device["amqp"]["scans"], user_id=other["id"]))

        assert "PRECONDITION_FAILED" in said

    async def test_read_what_is_not_its_own(self, fleet: Fleet, device: Device, other: Device) -> None:
        """Another's answers, the gate's queue, everybody's scans by a queue of its own."""

        async def reads(queue: str) -> None:
            async with fleet.channel(device) as channel:
                await (await channel.get_queue(queue, ensure=False)).get(fail=False)

        async def binds(key: str) -> None:
            async with fleet.channel(device) as channel:
                queue = await channel.declare_queue(f"mqtt-subscription-{device['id']}qos1", durable=True)
                await queue.bind(DEVICES_EXCHANGE, key)

        async def declares(name: str | None) -> None:
            async with fleet.channel(device) as channel:
                await channel.declare_queue(name)

        attempts: list[Awaitable[None]] = [
            *(reads(queue) for queue in (other["amqp"]["decisions"], "identity.gate_added")),
            *(binds(key) for key in ("#", "gate.scans.#", "gate.decisions.*", f"gate.decisions.{other['id']}")),
            *(declares(name) for name in (None, "mine", f"mqtt-subscription-{other['id']}qos1")),
        ]
        for attempt in attempts:
            assert "ACCESS_REFUSED" in await refused(attempt)

    async def test_use_topics_of_others_over_mqtt(self, fleet: Fleet, device: Device, other: Device) -> None:
        """MQTT has no word for refused: the broker hangs up, and nothing has come through."""
        wrong = (other["mqtt"]["scans"], f"gate/decisions/{other['id']}", device["mqtt"]["scans"] + "/x")
        async with fleet.ear() as heard:
            for topic in wrong:
                client = fleet.mqtt(device)
                await _hung_up_on(client, partial(client.publish, topic, b"{}", qos=1))
            for topic in ("#", "gate/scans/#", "gate/decisions/+", f"gate/decisions/{other['id']}"):
                client = fleet.mqtt(device)
                await _hung_up_on(client, partial(client.subscribe, topic, qos=1))
            async with fleet.mqtt(device) as client:
                await client.publish(device["mqtt"]["scans"], b"{}", qos=1)

            assert (await _next(heard)).routing_key == device["amqp"]["scans"]

    async def test_hide_who_it_is(self, fleet: Fleet, device: Device, other: Device) -> None:
        """RabbitMQ looks neither at CC nor at where a queue's dead letters go; but it leaves traces of both.

        What comes by CC keeps the sender's own key, and a dead letter says x-death: readers must ask for both.
        """
        decisions, mine = f"gate.decisions.{other['id']}", f"gate.decisions.{device['id']}"
        scans = device["amqp"]["scans"]
        grave = {"x-dead-letter-exchange": DEVICES_EXCHANGE, "x-dead-letter-routing-key": decisions}
        async with fleet.channel(device) as channel:
            await publish(channel, DEVICES_EXCHANGE, scans, headers={"CC": [decisions]})
            queue = await channel.declare_queue(f"mqtt-subscription-{device['id']}qos0", durable=True, arguments=grave)
            await queue.bind(DEVICES_EXCHANGE, mine)
            await publish(channel, DEVICES_EXCHANGE, scans, headers={"CC": [mine]})
            await (await queue.get(timeout=5)).reject()
        async with fleet.channel(other) as channel:
            read = await channel.get_queue(other["amqp"]["decisions"], ensure=False)
            copied, dead = await _next(read), await _next(read)

        assert copied.routing_key == scans
        assert dead.routing_key == decisions
        assert "x-death" in dead.headers

    async def test_come_in_without_its_secret(self, fleet: Fleet, device: Device, other: Device) -> None:
        """Neither with another's."""
        for secret in ("", "wrong", other["secret"]):
            assert await _shut_out(fleet, {**device, "secret": secret})


class TestEnd:
    async def test_a_new_secret_cuts_who_has_the_old_one(self, fleet: Fleet, device: Device) -> None:
        """An open connection of a stolen device ends now, not when it likes to; the new secret works at once."""
        ended = end_of(await fleet.amqp(device))
        async with _listening(fleet, device) as cut:
            rotated = (await fleet.post(f"/{device['id']}/rotate")).json()

            await asyncio.wait_for(cut(), 8)
        await asyncio.wait_for(ended.wait(), 8)
        assert await _shut_out(fleet, device)
        async with fleet.ear() as heard, fleet.channel(rotated) as channel:
            await publish(channel, DEVICES_EXCHANGE, device["amqp"]["scans"])
            assert await heard.get(timeout=5)

    @pytest.mark.parametrize("lasting", [False, True])
    async def test_a_revoked_device_leaves_nothing(self, fleet: Fleet, device: Device, lasting: bool) -> None:
        """Its connections are cut, it cannot come back, its queues are gone, those of an MQTT session too."""
        ended = end_of(await fleet.amqp(device))
        async with _listening(fleet, device, lasting=lasting) as cut:
            revoked = await fleet.post(f"/{device['id']}/revoke")

            assert revoked.json()["provisioned"] is True
            await asyncio.wait_for(cut(), 8)
        await asyncio.wait_for(ended.wait(), 8)
        assert await _shut_out(fleet, device)

        async def nothing_left() -> bool:
            return not [one for one in await _broker(fleet, "GET", "/queues") if device["id"] in one["name"]]

        await fleet.district.until(nothing_left)


class TestReconciliation:
    async def test_what_the_broker_lost_comes_back(self, fleet: Fleet, device: Device) -> None:
        """A broker that was set up anew, or somebody's slip: the devices work again within a sweep."""
        await _broker(fleet, "DELETE", f"/users/{device['id']}")
        await _broker(fleet, "DELETE", f"/queues/%2F/{device['amqp']['decisions']}")

        await fleet.district.until(lambda: _let_in(fleet, device))
        async with fleet.ear() as heard, fleet.channel(device) as channel:
            await publish(channel, DEVICES_EXCHANGE, device["amqp"]["scans"])
            assert await heard.get(timeout=5)
        await fleet.decide(f"gate.decisions.{device['id']}", b"open")
        async with fleet.channel(device) as channel:
            assert await (await channel.get_queue(device["amqp"]["decisions"], ensure=False)).get(timeout=5)

    async def test_rights_that_grew_are_taken_back(self, fleet: Fleet, device: Device) -> None:
        """A device with more rights than it had is cut, for an open connection would go on with them."""
        ended = end_of(await fleet.amqp(device))
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        await _broker(fleet, "PUT", f"/permissions/%2F/{device['id']}", everything)

        await asyncio.wait_for(ended.wait(), 8)
        await fleet.district.until(lambda: _let_in(fleet, device))
        async with fleet.channel(device) as channel:
            assert "ACCESS_REFUSED" in await refused(publish(channel, "", "identity.gate_added"))

    async def test_a_user_nobody_made_is_removed(self, fleet: Fleet, device: Device) -> None:
        """Left by a restored backup, or put there to get in."""
        stray = device["id"][:-4] + "ZZZZ"
        await _broker(fleet, "PUT", f"/users/{stray}", {"password": "x", "tags": ""})

        async def gone() -> bool:
            return stray not in [one["name"] for one in await _broker(fleet, "GET", "/users")]

        await fleet.district.until(gone)

    async def test_who_is_as_it_should_be_is_left_alone(self, fleet: Fleet, device: Device, other: Device) -> None:
        """A sweep that settled everybody again would cut the gates every few seconds."""

        def settled(one: Device) -> int:
            lines = fleet.district.log("identity").splitlines()
            return sum("device_settled" in line and one["id"] in line for line in lines)

        async def swept() -> bool:
            return settled(other) > before[1]

        connection = await fleet.amqp(device)
        ended, before = end_of(connection), (settled(device), settled(other))
        await _broker(fleet, "DELETE", f"/users/{other['id']}")
        await fleet.district.until(swept)

        assert settled(device) == before[0]
        assert not ended.is_set()
        await connection.close()


class TestApiAway:
    """A second process of identity has no way to the management API; the first one reconciles what it leaves."""

    @pytest.fixture
    async def cut_off(self, fleet: Fleet) -> AsyncIterator[str]:
        async with _another_identity(fleet.district, MENSHEN_BROKER_API="http://x:a-secret@127.0.0.1:1") as url:
            yield url

    async def test_a_device_is_made_all_the_same(self, fleet: Fleet, cut_off: str) -> None:
        """The answer says that the broker does not know it yet, and soon it does."""
        made = await _post(cut_off, "", fleet)

        assert made["provisioned"] is False
        await fleet.district.until(lambda: _let_in(fleet, made))
        await fleet.district.until(lambda: _provisioned(fleet, made))

    async def test_who_has_an_old_secret_is_cut_afterwards(self, fleet: Fleet, cut_off: str, device: Device) -> None:
        """A change that the broker has not heard of is not lost."""
        ended = end_of(await fleet.amqp(device))

        rotated = await _post(cut_off, f"/{device['id']}/rotate", fleet)

        assert rotated["provisioned"] is False
        await asyncio.wait_for(ended.wait(), 8)
        await fleet.district.until(lambda: _let_in(fleet, rotated))
        assert await _shut_out(fleet, device)

    async def test_so_is_a_revoked_device(self, fleet: Fleet, cut_off: str, device: Device) -> None:
        """Its sign-in ends at once in any case."""
        ended = end_of(await fleet.amqp(device))

        revoked = await _post(cut_off, f"/{device['id']}/revoke", fleet)

        assert (revoked["active"], revoked["provisioned"]) == (False, False)
        assert (await fleet.sign_in(device["id"], device["secret"])).status_code == 401
        await asyncio.wait_for(ended.wait(), 8)
        assert await _shut_out(fleet, device)

    async def test_the_way_is_in_no_log(self, fleet: Fleet, cut_off: str) -> None:
        """It is the administrator's password of the broker."""
        await _post(cut_off, "", fleet)

        log = fleet.district.log("identity-2")
        assert "device_not_settled" in log
        assert "broker_api_away" in log
        assert "a-secret" not in log
        assert "Basic " not in log
        assert (fleet.district.urls.broker_api or "?").split("@")[0] not in fleet.district.log("identity")

    async def test_what_never_was_at_the_broker_is_settled_too(self, fleet: Fleet, cut_off: str) -> None:
        """Made and revoked while the API was away: nothing is left to do, and the device says so."""
        made = await _post(cut_off, "", fleet)
        await _post(cut_off, f"/{made['id']}/revoke", fleet)

        await fleet.district.until(lambda: _provisioned(fleet, made))
        assert await _shut_out(fleet, made)


class TestNoApi:
    async def test_devices_are_known_without_one(self, fleet: Fleet) -> None:
        """A district that has gates over HTTP alone needs no management API."""
        async with _another_identity(fleet.district, MENSHEN_BROKER_API="") as url:
            made = await _post(url, "", fleet)

        assert made["provisioned"] is False
        assert (await fleet.sign_in(made["id"], made["secret"])).status_code == 200


@asynccontextmanager
async def _another_identity(district: District, **env: str) -> AsyncIterator[str]:
    """Run one more process of identity, on a port of its own."""
    port = next(port for port in range(32000, 33000) if is_free(port))
    url = f"http://127.0.0.1:{port}"

    async def ready() -> bool:
        with suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as client, client.get(f"{url}/readyz") as answer:
                return answer.status == 200
        return False

    child = replace(district.child("identity-2", ("services.identity",), MENSHEN_PORT=str(port), **env), ready=ready)
    await district.supervisor.start(child)
    try:
        yield url
    finally:
        await district.supervisor.kill("identity-2")


@asynccontextmanager
async def _listening(
    fleet: Fleet, device: Device, *, lasting: bool = True
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Be connected over MQTT, with a session that outlives it or not; gives what waits for its end."""
    connected = asyncio.Event()

    async def listen() -> None:
        with suppress(aiomqtt.MqttError):
            async with fleet.mqtt(device, clean_session=not lasting) as client:
                await client.subscribe(device["mqtt"]["decisions"], qos=1)
                connected.set()
                async for _ in client.messages:
                    pass

    task = asyncio.create_task(listen())
    await asyncio.wait_for(connected.wait(), 5)

    async def cut() -> None:
        await task

    try:
        yield cut
    finally:
        task.cancel()


async def _hung_up_on(client: aiomqtt.Client, attempt: Callable[[], Awaitable[Any]]) -> None:
    """Fail unless the broker answers an attempt by closing the connection; no answer at all would not do."""
    with suppress(aiomqtt.MqttError):  # leaving a connection that is gone already
        async with client:
            trying = asyncio.ensure_future(attempt())
            with pytest.raises(aiomqtt.MqttError, match="Disconnected"):
                await asyncio.wait_for(anext(aiter(client.messages)), 5)
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)


async def _next(heard: Any) -> Any:
    async with asyncio.timeout(5):
        while not (message := await heard.get(fail=False)):
            await asyncio.sleep(0.02)
    return message


async def _post(url: str, path: str, fleet: Fleet) -> Device:
    body = {} if path else {"json": fleet.body()}
    session = aiohttp.ClientSession(headers=fleet.manager)
    async with session as client, client.post(f"{url}/v1/devices{path}", **body) as answer:
        assert answer.status in {200, 201}, await answer.text()
        made: Device = await answer.json()
        return made


async def _broker(fleet: Fleet, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Do something to the broker behind identity's back."""
    url = URL(fleet.district.urls.broker_api or "")
    headers = {"Authorization": aiohttp.encode_basic_auth(url.user or "", url.password or "")}
    target = URL(f"{url.with_user(None)}".rstrip("/") + "/api" + path, encoded=True)
    async with aiohttp.ClientSession(headers=headers) as client, client.request(method, target, json=body) as answer:
        assert answer.status < 400, await answer.text()
        return await answer.json() if method == "GET" else None


async def _let_in(fleet: Fleet, device: Device) -> bool:
    """Tell whether the broker lets a device in over AMQP, all its rights given."""
    try:
        async with fleet.channel(device) as channel:
            await (await channel.get_queue(device["amqp"]["decisions"], ensure=False)).get(fail=False)
    except (AMQPException, ConnectionError):
        return False
    return True


async def _shut_out(fleet: Fleet, device: Device) -> bool:
    """Tell whether the broker turns a device away at both doors."""
    with suppress(aiomqtt.MqttError):
        async with fleet.mqtt(device):
            return False
    return not await _let_in(fleet, device)


async def _provisioned(fleet: Fleet, device: Device) -> bool:
    answer = await fleet.http.get(f"/v1/devices/{device['id']}", headers=fleet.manager)
    return bool(answer.json()["provisioned"])
