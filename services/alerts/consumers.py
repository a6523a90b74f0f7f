"""Everything alerts reacts to. A fever has its own queue, so that no backlog of anything else is in its way."""

from typing import Any

from services.alerts import handlers
from services.alerts.store import AlertsStore
from shared.contracts.gate import ExitDecided, GateHeard, GateSilent
from shared.contracts.health import FeverAlert, FeverMoved
from shared.contracts.identity import AccountChanged, AreaChanged
from shared.contracts.reports import ClueMoved, ClueReported
from shared.messaging.topology import Subscription
from shared.projections import project_area

SUBSCRIPTIONS: list[Subscription[Any, AlertsStore]] = [
    Subscription("alerts.fever_alert", FeverAlert, handlers.on_fever),
    # Comes with each new fever, right behind it, and is then no news: it must not be in the way.
    Subscription("alerts.fever_moved", FeverMoved, handlers.on_fever_moved, linger=0.05),
    Subscription("alerts.clue_reported", ClueReported, handlers.on_clue),
    Subscription("alerts.clue_moved", ClueMoved, handlers.on_clue_moved),
    Subscription("alerts.exit_decided", ExitDecided, handlers.on_exit),
    Subscription("alerts.gate_silent", GateSilent, handlers.on_gate_silent),
    Subscription("alerts.gate_heard", GateHeard, handlers.on_gate_heard),
    Subscription("alerts.workers_changed", AccountChanged, handlers.project_account),
    Subscription("alerts.area_changed", AreaChanged, project_area),
]
