"""How a device at a gate speaks with the district: AMQP, MQTT or HTTP, each with its own credential.

Whatever the way, `present` gives the same: the status, the scan as it was answered, or the error. A scan whose answer
does not come is sent again under its nonce until it does.
"""

import asyncio
import contextlib
import json
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import aiomqtt
import stamina
from aio_pika.abc import AbstractIncomingMessage

from menshen.simulate.client import Client, Request, Unknown
from menshen.simulate.ledger import Entry, Outcome
from menshen.simulate.sessions import Session, by_secret
from menshen.simulate.world import DeviceFacts
from shared.contracts.devices import HEARTBEAT, SCAN_PRESENTED, DeviceMessage
from shared.ids import derived_id, new_id

ANSWER_SECONDS = 5.0
KEEPALIVE = 30


class Line(ABC):
    """One device's way to the district."""

    via: str

    def __init__(self, client: Client, device: DeviceFacts) -> None:
        self._client = client
        self.device = device

    async def open(self) -> None:  # noqa: B027  # nothing to do over HTTP
        """Connect."""

    async def close(self) -> None:  # noqa: B027
        """Let go."""

    @abstractmethod
    async def beat(self, gate: str) -> None:
        """Tell that the device is there."""

    @abstractmethod
    async def _send(self, scan: dict[str, Any]) -> dict[str, Any]:
        """Send a scan once and return its answer. Raises Unknown."""

    async def present(self, scan: dict[str, Any], *, kind: str = "scan") -> dict[str, Any]:
        """Send a scan until it is answered; write down what became of it. The answer is empty if that stays unknown."""
        began, tries, answer = time.monotonic(), 0, dict[str, Any]()
        with contextlib.suppress(Unknown):
            async for attempt in stamina.retry_context(
                on=Unknown, attempts=None, timeout=self._client.patience, wait_initial=0.1, wait_max=2.0
            ):
                with attempt:
                    tries = attempt.num
                    answer = await self._try(scan)
        if answer:
            self._client.stopwatch.note(kind, self.via, time.monotonic() - began)
        self._note(scan, answer, tries)
        return answer

    async def deliver(self, scans: list[dict[str, Any]]) -> None:
        """Send what happened while there was no network, in order."""
        for scan in scans:
            await self.present(scan, kind="late_scan")

    async def _try(self, scan: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._send(scan)
        except Unknown as error:
            self._client.ledger.retried("scan", f"{self.via}: {error}")
            raise

    def _note(self, scan: dict[str, Any], answer: dict[str, Any], tries: int) -> None:
        taken, error = answer.get("scan"), answer.get("error")
        outcome = Outcome.ACCEPTED if taken else Outcome.REFUSED if answer else Outcome.UNKNOWN
        entry = Entry(
            kind="scan",
            outcome=outcome,
            via=self.via,
            key=scan["nonce"],
            id=taken["id"] if taken else derived_id("scan", scan["gate"], scan["nonce"]),
            code=error["code"] if error else None if taken else "unknown",
            tries=tries,
            more={"decision": taken["decision"], "gate": scan["gate"]} if taken else {},
        )
        self._client.ledger.note(entry)


class HttpLine(Line):
    """A device that speaks HTTP: live scans one by one, late ones as a batch."""

    via = "device http"

    def __init__(self, client: Client, device: DeviceFacts) -> None:
        super().__init__(client, device)
        self._session: Session = by_secret(client, device.id, device.secret)

    async def beat(self, gate: str) -> None:
        """Tell that the device is there."""
        await self._post("heartbeat", "/v1/heartbeats", {"gate": gate, "clock": datetime.now(UTC).isoformat()})

    async def deliver(self, scans: list[dict[str, Any]]) -> None:
        """Send what happened while there was no network, in order, as one batch."""
        status, body = await self._post("late_batch", "/v1/scans/batch", {"scans": scans})
        missing = {"status": status, "scan": None, "error": {"code": body.get("code", str(status))}}
        results = body["results"] if status == 200 else [missing] * len(scans)
        for scan, answer in zip(scans, results, strict=True):
            self._note(scan, answer, 1)

    async def _send(self, scan: dict[str, Any]) -> dict[str, Any]:
        status, body = await self._post("device_batch", "/v1/scans/batch", {"scans": [scan]})
        if status == 200:
            answer: dict[str, Any] = body["results"][0]
            return answer
        return {"status": status, "scan": None, "error": {"code": body.get("code", str(status))}}

    async def _post(self, kind: str, path: str, body: Any) -> tuple[int, Any]:
        token = await self._session.token()
        answer = await self._client.ask(
            Request(kind=kind, method="POST", path=path, token=token, json=body, via=self.via)
        )
        if not answer.status:
            raise Unknown("no answer")
        return answer.status, answer.body


class _Messages(Line):
    """What AMQP and MQTT have in common: answers come by themselves, and are told apart by their nonce."""

    def __init__(self, client: Client, device: DeviceFacts) -> None:
        super().__init__(client, device)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    @abstractmethod
    async def _publish(self, place: str, message: DeviceMessage) -> None:
        """Publish to `scans` or `heartbeats`. Raises Unknown."""

    async def beat(self, gate: str) -> None:
        """Tell that the device is there."""
        data = {"gate": gate, "clock": datetime.now(UTC).isoformat()}
        with contextlib.suppress(Unknown):
            await self._publish("heartbeats", self._message(HEARTBEAT, data))

    async def _send(self, scan: dict[str, Any]) -> dict[str, Any]:
        nonce = scan["nonce"]
        waiting = self._waiting[nonce] = asyncio.get_running_loop().create_future()
        try:
            await self._publish("scans", self._message(SCAN_PRESENTED, scan))
            return await asyncio.wait_for(waiting, ANSWER_SECONDS)
        except TimeoutError:
            raise Unknown("no answer") from None
        finally:
            self._waiting.pop(nonce, None)

    def _message(self, type_: str, data: dict[str, Any]) -> DeviceMessage:
        return DeviceMessage.of(type_, f"/devices/{self.device.id}", new_id("msg"), datetime.now(UTC), data)

    def _answered(self, body: bytes) -> None:
        data = json.loads(body)["data"]
        waiting = self._waiting.get(data["nonce"])
        if waiting and not waiting.done():
            waiting.set_result(data)


class AmqpLine(_Messages):
    """A device that speaks AMQP 0-9-1."""

    via = "amqp"

    def __init__(self, client: Client, device: DeviceFacts, broker: str) -> None:
        super().__init__(client, device)
        where = urlsplit(broker)
        self._url = f"amqp://{device.id}:{device.secret}@{where.hostname}:{where.port}/?heartbeat={KEEPALIVE}"

    async def open(self) -> None:
        """Connect, and listen to the device's own queue."""
        self._connection = await aio_pika.connect_robust(self._url)
        channel = await self._connection.channel()
        self._exchange = await channel.get_exchange(self.device.amqp["exchange"], ensure=False)
        queue = await channel.get_queue(self.device.amqp["decisions"], ensure=False)
        await queue.consume(self._came, no_ack=True)
        self._kept = channel, queue

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()

    async def _publish(self, place: str, message: DeviceMessage) -> None:
        sent = aio_pika.Message(
            message.model_dump_json().encode(),
            user_id=self.device.id,
            message_id=message.id,
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        try:
            await self._exchange.publish(sent, self.device.amqp[place], timeout=ANSWER_SECONDS)
        except (aio_pika.exceptions.AMQPError, ConnectionError, RuntimeError, TimeoutError) as error:
            raise Unknown(type(error).__name__) from error

    async def _came(self, message: AbstractIncomingMessage) -> None:
        self._answered(message.body)


class MqttLine(_Messages):
    """A device that speaks MQTT 3.1.1; its session outlives its connection."""

    via = "mqtt"

    def __init__(self, client: Client, device: DeviceFacts, host: str, port: int) -> None:
        super().__init__(client, device)
        self._place = host, port
        self._mqtt: aiomqtt.Client | None = None
        self._connected = asyncio.Event()

    async def open(self) -> None:
        """Connect, and stay so."""
        self._task = asyncio.create_task(self._stay())
        await asyncio.wait_for(self._connected.wait(), 20)

    async def close(self) -> None:
        """Disconnect."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _stay(self) -> None:
        async for attempt in stamina.retry_context(on=aiomqtt.MqttError, attempts=None, timeout=None, wait_max=2.0):
            with attempt:
                await self._listen()

    async def _listen(self) -> None:
        host, port = self._place
        client = aiomqtt.Client(
            host,
            port,
            username=self.device.id,
            password=self.device.secret,
            identifier=self.device.mqtt["client_id"],
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=False,
            keepalive=KEEPALIVE,
        )
        async with client:
            await client.subscribe(self.device.mqtt["decisions"], qos=1)
            self._mqtt = client
            self._connected.set()
            try:
                async for message in client.messages:
                    self._answered(bytes(message.payload))
            finally:
                self._mqtt = None

    async def _publish(self, place: str, message: DeviceMessage) -> None:
        if self._mqtt is None:
            raise Unknown("not connected")
        try:
            await self._mqtt.publish(self.device.mqtt[place], message.model_dump_json(), qos=1, timeout=ANSWER_SECONDS)
        except aiomqtt.MqttError as error:
            raise Unknown(type(error).__name__) from error


def line_of(client: Client, device: DeviceFacts, broker: str, mqtt_port: int | None) -> Line:
    """Return a device's line by its transport."""
    if device.transport == "amqp":
        return AmqpLine(client, device, broker)
    if device.transport == "mqtt" and mqtt_port:
        return MqttLine(client, device, urlsplit(broker).hostname or "127.0.0.1", mqtt_port)
    return HttpLine(client, device)
