"""Everything health reacts to."""

from typing import Any

from services.health import handlers
from services.health.store import HealthStore
from shared.contracts.gate import GateScanned
from shared.contracts.identity import AreaChanged, ResidentRemoved, ResidentVerified
from shared.messaging.topology import Subscription
from shared.projections import project_area, project_removed, project_verified

SUBSCRIPTIONS: list[Subscription[Any, HealthStore]] = [
    Subscription("health.gate_scanned", GateScanned, handlers.record_scan, ahead=handlers.look_ahead),
    Subscription("health.resident_verified", ResidentVerified, project_verified),
    Subscription("health.resident_removed", ResidentRemoved, project_removed),
    Subscription("health.area_changed", AreaChanged, project_area),
]
