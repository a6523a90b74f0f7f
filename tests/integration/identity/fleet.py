"""Devices of a compound as the tests of this folder need them: made through the API, then at the real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import aiomqtt
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPException
from yarl import URL

from shared.contracts import Fact
from shared.contracts.devices import DEVICES_EXCHANGE
from shared.contracts.gate import GateAdded
from shared.ids import new_id
from tests.integration.identity.compound import Compound


class Fleet:
    """A compound with a gate that identity knows."""

    def __init__(self, compound: Compound) -> None:
        self.compound = compound
        self.district = compound.district
        self.http = compound.http
        self.area = compound.area
        self.manager = compound.manager
        self.gate = new_id("gate")

    async def open(self) -> "Fleet":
        await self.know(self.gate, self.area)
        return self

    async def know(self, gate: str, area: str) -> None:
        await self.district.publish(Fact(GateAdded(gate_name="East"), gate, area, 1))

        async def known() -> Any:
            return await self.district.db("identity").gates.find_one({"_id": gate})

        await self.district.until(known)

    async def post(self, path: str = "", **options: Any) -> Any:
        return await self.http.post(f"/v1/devices{path}", **{"headers": self.manager, **options})

    def body(self, **more: str) -> dict[str, str]:
        return {"kind": "reader", "gate": self.gate, "area": self.area, **more}

    async def add(self, **more: str) -> dict[str, Any]:
        answer = await self.post(json=self.body(**more))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def sign_in(self, device: str, secret: str) -> Any:
        return await self.http.post("/v1/auth/tokens", json={"grant": "device", "device": device, "secret": secret})

    # At the broker

    async def amqp(self, device: dict[str, Any]) -> Any:
        """Connect as a device, without any healing."""
        url = URL(self.district.urls.amqp).with_user(device["id"]).with_password(device["secret"])
        return await aio_pika.connect(str(url))

    def mqtt(self, device: dict[str, Any], *, clean_session: bool = True) -> aiomqtt.Client:
        """Make a client of a device, not yet connected."""
        return aiomqtt.Client(
            "127.0.0.1",
            port=self.district.urls.mqtt_port or 0,
            username=device["id"],
            password=device["secret"],
            identifier=device["id"],
            clean_session=clean_session,
            protocol=aiomqtt.ProtocolVersion.V311,
        )

    @asynccontextmanager
    async def channel(self, device: dict[str, Any]) -> AsyncIterator[AbstractChannel]:
        connection = await self.amqp(device)
        try:
            yield await connection.channel()
        finally:
            await connection.close()

    @asynccontextmanager
    async def ear(self) -> AsyncIterator[Any]:
        """Hear everything that devices say. What they are answered comes in between, at any moment."""
        connection = await aio_pika.connect(self.district.urls.amqp)
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            for key in ("gate.scans.#", "gate.heartbeats.#"):
                await queue.bind(DEVICES_EXCHANGE, key)
            yield queue

    async def decide(self, key: str, body: bytes) -> None:
        """Publish as the gate service would."""
        connection = await aio_pika.connect(self.district.urls.amqp)
        async with connection:
            exchange = await (await connection.channel()).get_exchange(DEVICES_EXCHANGE)
            await exchange.publish(aio_pika.Message(body), key)


async def publish(channel: AbstractChannel, exchange: str, key: str, **properties: Any) -> None:
    place = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    await place.publish(aio_pika.Message(b"{}", **properties), key, timeout=5)


def end_of(connection: Any) -> asyncio.Event:
    """Return what is set once the broker closes an AMQP connection; to be asked for before it may."""
    ended = asyncio.Event()
    connection.close_callbacks.add(lambda *_: ended.set())
    return ended


async def refused(attempt: Any) -> str:
    """Return what the broker said to an attempt that it must not let pass."""
    try:
        await attempt
    except AMQPException as error:
        return str(error)
    raise AssertionError("the broker let it pass")
