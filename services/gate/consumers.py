"""Everything the gate reacts to."""

from typing import Any

from services.gate import handlers
from services.gate.store import GateStore
from shared.contracts.health import HoldLifted, HoldPlaced
from shared.contracts.identity import AreaChanged, DeviceChanged, ResidentRemoved, ResidentVerified
from shared.messaging.topology import Subscription
from shared.projections import project_area

SUBSCRIPTIONS: list[Subscription[Any, GateStore]] = [
    Subscription("gate.resident_verified", ResidentVerified, handlers.project_verified),
    Subscription("gate.resident_removed", ResidentRemoved, handlers.project_removed),
    Subscription("gate.hold_placed", HoldPlaced, handlers.project_hold_placed),
    Subscription("gate.hold_lifted", HoldLifted, handlers.project_hold_lifted),
    Subscription("gate.area_changed", AreaChanged, project_area),
    Subscription("gate.device_changed", DeviceChanged, handlers.project_device),
]
