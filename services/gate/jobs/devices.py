"""Devices that speak to the gate over the broker: the same scans, the same answers as over HTTP.

Everything that came by a device's own key is answered there, refusals too. A message is acknowledged once its answer is
published, and answered once its scan is committed; what is delivered again gets the same answer by its nonce.
"""

from dataclasses import dataclass
from typing import Any

import stamina
import structlog
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from prometheus_client import Counter
from pydantic import ValidationError

from services.gate.api.devices import HeartbeatBody
from services.gate.api.presented import BatchResult, Desk, LateScanBody, LiveScanBody
from services.gate.handlers import Sender, hear
from services.gate.store import GateStore
from shared.contracts.devices import HEARTBEAT, SCAN_ANSWERED, SCAN_PRESENTED, DeviceMessage, decision_key
from shared.errors import DomainError, Kind, Transient
from shared.faults import crash_point
from shared.ids import new_id
from shared.messaging.devices import MAX_BYTES, Inbox, Origin, Refused, declare_devices, origin_of, require_sender
from shared.messaging.publisher import close_quietly, connect, publish
from shared.service import Runtime
from shared.texts import Language
from shared.web.strict import parse_json
from shared.work import Work

SOURCE = "menshen/gate"
KINDS = {"scans": SCAN_PRESENTED, "heartbeats": HEARTBEAT}
LANGUAGE: Language = "zh"
MOST_NONCE = 100
_KINDS_OF_FAULT = {"unreadable": Kind.MALFORMED, "too_large": Kind.TOO_LARGE}
_COUNTED = frozenset({400, 403, 413})
"""Statuses of what should not have been said, rather than of a slip in a field."""

refusals = Counter("menshen_gate_device_refusals", "Messages of devices that were refused", ["reason"])
log = structlog.get_logger()


async def serve_devices(runtime: Runtime) -> None:
    """Answer devices for as long as the service lives; an absent broker is waited for."""
    url = runtime.settings.amqp_url.get_secret_value()
    # Two connections: an alarm of the broker blocks the publishing one, and must not block the other's acks.
    answering, taking = await connect(url, "gate-devices-out"), await connect(url, "gate-devices-in")
    inbox: Inbox | None = None
    try:
        async for attempt in stamina.retry_context(
            on=(AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError, TimeoutError),
            attempts=None,
            timeout=None,
            wait_max=2.0,
        ):
            with attempt:
                await answering.connected.wait()
                board = Switchboard(runtime, await declare_devices(await answering.channel()))
                await taking.connected.wait()
                inbox = Inbox(board.handle)
                await inbox.start(taking)
        await runtime.stopping.wait()
    finally:
        if inbox:
            await inbox.stop()
        await close_quietly(taking)
        await close_quietly(answering)


@dataclass(frozen=True)
class Answer:
    """What a device is told about one message; `nonce` tells it which."""

    nonce: str | None
    result: BatchResult | None


class Switchboard:
    """Connects what devices say with what answers them."""

    def __init__(self, runtime: Runtime, exchange: AbstractExchange) -> None:
        self._work: Work[GateStore] = runtime.work
        self._desk = Desk(runtime.work, runtime.parts["office"], LANGUAGE)
        self._exchange = exchange

    async def handle(self, message: AbstractIncomingMessage) -> None:
        """Answer one message. While the database is away it is held; whatever else goes wrong is its answer."""
        try:
            origin = origin_of(message)
        except Refused as refusal:
            _count(str(refusal), None)
            return
        async for attempt in stamina.retry_context(
            on=Transient, attempts=None, timeout=None, wait_initial=0.1, wait_max=2.0
        ):
            with attempt:
                answer = await self._answer(message, origin)
        crash_point("devices.before_answer")
        if answer.result:
            await self._send(origin.device, answer)

    async def _answer(self, message: AbstractIncomingMessage, origin: Origin) -> Answer:
        nonce, result = None, None
        try:
            device = await self._work.view(lambda store: store.device(origin.device))
            if device is None:
                # Nobody to be told: the broker keeps no queue for such.
                _count("device_unknown", origin)
                return Answer(None, None)
            require_sender(message, origin)
            if device.area != origin.area:
                raise Refused("device_mismatch")
            data = _read(message.body, origin.kind)
            nonce = _nonce(data)
            result = await self._do(origin, data)
        except Refused as refusal:
            result = _refused(_KINDS_OF_FAULT.get(str(refusal), Kind.FORBIDDEN), str(refusal))
        except Transient:
            raise
        except Exception:
            # The device keeps what it was not told to be taken, and sends it again.
            log.exception("device_message_failed", device=origin.device)
            result = _refused(Kind.INTERNAL, "internal")
        if result and result.error and result.status in _COUNTED:
            _count(result.error.code, origin)
        return Answer(nonce, result)

    async def _do(self, origin: Origin, data: dict[str, Any]) -> BatchResult | None:
        sender = Sender(origin.device, (origin.area,), origin.device)
        if origin.kind == "scans":
            # What the gate decided already is recorded, what it asks is decided: as by the two routes of HTTP.
            form = LiveScanBody if data.get("decided") is None else LateScanBody
            return await self._desk.take(data, sender, form)
        try:
            await self._work.run(hear, HeartbeatBody.model_validate(data).command(sender))
        except (ValidationError, DomainError) as error:
            return BatchResult.refused(error, LANGUAGE)
        return None

    async def _send(self, device: str, answer: Answer) -> None:
        data = {"nonce": answer.nonce, **answer.result.model_dump(mode="json")} if answer.result else {}
        said = DeviceMessage.of(SCAN_ANSWERED, SOURCE, new_id("ans"), self._work.clock(), data)
        body = said.model_dump_json().encode()
        async for attempt in stamina.retry_context(
            on=Transient, attempts=None, timeout=None, wait_initial=0.1, wait_max=2.0
        ):
            with attempt:
                # A device that does not listen asks again, by the same nonce.
                await publish(self._exchange, decision_key(device), body, {}, mandatory=False)


def _refused(kind: Kind, code: str) -> BatchResult:
    return BatchResult.refused(DomainError(kind, code), LANGUAGE)


def _read(body: bytes, kind: str) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise Refused("too_large")
    try:
        said = DeviceMessage.model_validate(parse_json(body))
    except (DomainError, ValidationError) as error:
        raise Refused("unreadable") from error
    if said.type != KINDS[kind]:
        raise Refused("unreadable")
    return said.data


def _nonce(data: dict[str, Any]) -> str | None:
    nonce = data.get("nonce")
    return nonce if isinstance(nonce, str) and len(nonce) <= MOST_NONCE else None


def _count(reason: str, origin: Origin | None) -> None:
    refusals.labels(reason).inc()
    log.warning("device_message_refused", reason=reason, device=origin.device if origin else None)
