"""The gates' devices: what stands at which gate, and whether its credential still counts."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.contracts.values import DeviceKind
from shared.errors import conflict


@dataclass(frozen=True)
class KnownGate:
    """What identity knows of a gate, from the gate service."""

    id: str
    sequence: int
    area: str


@dataclass(frozen=True)
class Refusals:
    """How often the broker refused a device something that is not its own, and when last: it may be stolen."""

    count: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class Device:
    """A device's account. `secret_hash` is the broker's own form, so that one hash serves both ways in.

    `provisioned` once the broker does as this version says; a change takes that back.
    """

    id: str
    version: int
    kind: DeviceKind
    gate: str
    area: str
    label: str | None
    active: bool
    created_at: datetime
    tokens_not_before: datetime
    secret_hash: str
    provisioned: bool = False

    def rotated(self, secret_hash: str, now: datetime) -> "Device":
        """Return this device with another secret; what the old one opened is void. Raises `device_revoked`."""
        if not self.active:
            raise conflict("device_revoked")
        return replace(self._changed(now), secret_hash=secret_hash)

    def revoked(self, now: datetime) -> "Device":
        """Return this device as one that opens nothing any more."""
        return replace(self._changed(now), active=False)

    def _changed(self, now: datetime) -> "Device":
        return replace(self, version=self.version + 1, tokens_not_before=now, provisioned=False)
