"""The three ways on which a device reaches the gate, with one face: present something, get its answer."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import aio_pika
import aiomqtt
from yarl import URL

from shared.contracts.devices import (
    DEVICES_EXCHANGE,
    HEARTBEAT,
    SCAN_PRESENTED,
    DeviceMessage,
    decision_key,
    decision_queue,
    heartbeat_key,
    scan_key,
    topic,
)
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import District

Answer = dict[str, Any]


def said(type_: str, device: str, data: dict[str, Any]) -> bytes:
    at = datetime.now(UTC)
    return DeviceMessage.of(type_, f"/devices/{device}", new_id("msg"), at, data).model_dump_json().encode()


class Device:
    """A device that identity made and the gate knows."""

    def __init__(self, district: District, area: str, gate: str) -> None:
        self.district, self.area, self.gate = district, area, gate

    async def make(self) -> "Device":
        district = self.district
        identity = district.http("identity")
        manager = district.staff((Role.PROPERTY_MANAGER, self.area))
        body = {"kind": "agent", "gate": self.gate, "area": self.area}
        await district.until(lambda: district.db("identity").gates.find_one({"_id": self.gate}))
        answer = await identity.post("/v1/devices", json=body, headers=manager)
        assert answer.status_code == 201, answer.text
        self.made = answer.json()
        self.id, self.secret = self.made["id"], self.made["secret"]
        await district.until(lambda: district.db("gate").devices.find_one({"_id": self.id}))

        async def provisioned() -> bool:
            one = await identity.get(f"/v1/devices/{self.id}", headers=manager)
            return bool(one.json()["provisioned"])

        await district.until(provisioned)
        return self

    async def revoke(self) -> None:
        manager = self.district.staff((Role.PROPERTY_MANAGER, self.area))
        answer = await self.district.http("identity").post(f"/v1/devices/{self.id}/revoke", headers=manager)
        assert answer.status_code == 200, answer.text


class Way:
    """One device's connection. What was presented under a nonce is answered under it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.district = device.district
        self._ending = AsyncExitStack()

    async def open(self) -> "Way":
        return self

    async def close(self) -> None:
        await self._ending.aclose()

    async def present(self, data: dict[str, Any]) -> Answer:
        raise NotImplementedError


class Http(Way):
    """A live scan is one request, what was decided already an item of a batch."""

    async def open(self) -> "Way":
        proof = {"grant": "device", "device": self.device.id, "secret": self.device.secret}
        answer = await self.district.http("identity").post("/v1/auth/tokens", json=proof)
        assert answer.status_code == 200, answer.text
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return self

    async def post(self, path: str, body: Any) -> Any:
        return await self.district.http("gate").post(path, json=body, headers=self.headers)

    async def present(self, data: dict[str, Any]) -> Answer:
        if "decided" in data:
            batch = await self.post("/v1/scans/batch", {"scans": [data]})
            return batch.json()["results"][0]
        answer = await self.post("/v1/scans", data)
        body = answer.json()
        if answer.status_code == 200:
            return {"status": 200, "scan": body, "error": None}
        fault = body.get("errors", [{"field": None}])[0]
        return {"status": answer.status_code, "scan": None, "error": {"code": body["code"], "field": fault["field"]}}


class Broker(Way):
    """What AMQP and MQTT share: answers come by themselves, and are matched by nonce."""

    answers: asyncio.Queue[Answer]

    async def say(self, key: str, body: bytes) -> None:
        raise NotImplementedError

    async def present(self, data: dict[str, Any]) -> Answer:
        await self.say(scan_key(self.device.area, self.device.id), said(SCAN_PRESENTED, self.device.id, data))
        return await self.answer()

    async def beat(self, data: dict[str, Any]) -> None:
        await self.say(heartbeat_key(self.device.area, self.device.id), said(HEARTBEAT, self.device.id, data))

    async def answer(self, timeout: float = 10) -> Answer:
        return await asyncio.wait_for(self.answers.get(), timeout)

    def heard(self, body: bytes) -> None:
        self.answers.put_nowait(json.loads(body)["data"])


class Amqp(Broker):
    async def open(self) -> "Way":
        self.answers = asyncio.Queue()
        url = URL(self.district.urls.amqp).with_user(self.device.id).with_password(self.device.secret)
        connection = await self._ending.enter_async_context(await aio_pika.connect(str(url)))
        channel = await connection.channel()
        self.exchange = await channel.get_exchange(DEVICES_EXCHANGE, ensure=False)
        queue = await channel.get_queue(decision_queue(self.device.id), ensure=False)

        async def take(message: Any) -> None:
            self.heard(message.body)

        await queue.consume(take, no_ack=True)
        return self

    async def say(self, key: str, body: bytes, **properties: Any) -> None:
        options = {"user_id": self.device.id, **properties}
        await self.exchange.publish(aio_pika.Message(body, **options), key, timeout=5)


class Mqtt(Broker):
    async def open(self) -> "Way":
        self.answers = asyncio.Queue()
        self.client = await self._ending.enter_async_context(
            aiomqtt.Client(
                "127.0.0.1",
                port=self.district.urls.mqtt_port or 0,
                username=self.device.id,
                password=self.device.secret,
                identifier=self.device.id,
                protocol=aiomqtt.ProtocolVersion.V311,
            )
        )
        await self.client.subscribe(topic(decision_key(self.device.id)), qos=1)
        listening = asyncio.create_task(self._listen())
        self._ending.callback(listening.cancel)
        return self

    async def _listen(self) -> None:
        async for message in self.client.messages:
            self.heard(bytes(message.payload))

    async def say(self, key: str, body: bytes) -> None:
        await self.client.publish(topic(key), body, qos=1)


WAYS = {"http": Http, "amqp": Amqp, "mqtt": Mqtt}
