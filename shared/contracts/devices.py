"""What a gate's devices and the gate service say to each other on the exchange `menshen.devices`.

Over AMQP 0-9-1 and over MQTT, where `/` stands for `.` in the routing key. Messages are CloudEvents 1.0 in JSON.

    gate.scans.<area path>.<device>        device -> gate   ScanPresented; data as one scan of POST /v1/scans/batch
    gate.heartbeats.<area path>.<device>   device -> gate   Heartbeat; data as the body of POST /v1/heartbeats
    gate.decisions.<device>                gate -> device   ScanAnswered; data is nonce, status, scan or error

The broker lets each device write its own two keys only and read its own decisions only; its user name, its MQTT client
id and the device's id are one.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

DEVICES_EXCHANGE = "menshen.devices"

SCAN_PRESENTED = "menshen.device.ScanPresented.v1"
HEARTBEAT = "menshen.device.Heartbeat.v1"
SCAN_ANSWERED = "menshen.gate.ScanAnswered.v1"


class DeviceMessage(BaseModel):
    """A CloudEvent between a device and the gate service."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any]

    @classmethod
    def of(cls, type_: str, source: str, message_id: str, at: datetime, data: dict[str, Any]) -> "DeviceMessage":
        """Make a message; a device's source is `/devices/<id>`."""
        return cls(id=message_id, source=source, type=type_, time=at, data=data)


def scan_key(area: str, device: str) -> str:
    """Say where a device publishes what is presented to it."""
    return f"gate.scans.{area}.{device}"


def heartbeat_key(area: str, device: str) -> str:
    """Say where a device tells that it is there."""
    return f"gate.heartbeats.{area}.{device}"


def decision_key(device: str) -> str:
    """Say where the answers to a device's scans come back."""
    return f"gate.decisions.{device}"


def decision_queue(device: str) -> str:
    """Name the queue in which an AMQP device finds its answers; over MQTT it subscribes to the topic instead."""
    return f"menshen.device.{device}"


def topic(routing_key: str) -> str:
    """Return the MQTT topic of a routing key."""
    return routing_key.replace(".", "/")
