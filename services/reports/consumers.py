"""Everything reports reacts to."""

from typing import Any

from services.reports import handlers
from services.reports.store import ReportsStore
from shared.contracts import Event
from shared.contracts.gate import GateContradicted
from shared.contracts.identity import AreaChanged, ResidentRemoved, ResidentVerified
from shared.messaging.topology import Subscription
from shared.projections import project_area, project_removed, project_verified

SUBSCRIPTIONS: list[Subscription[Any, ReportsStore]] = [
    # Takes every event, so that none is ever unroutable. Figures may be a moment behind what they count.
    Subscription("reports.everything", Event, handlers.count_event, linger=0.25),
    Subscription("reports.gate_contradicted", GateContradicted, handlers.on_contradiction),
    Subscription("reports.resident_verified", ResidentVerified, project_verified),
    Subscription("reports.resident_removed", ResidentRemoved, project_removed),
    Subscription("reports.area_changed", AreaChanged, project_area),
]
