"""Everything identity reacts to."""

from typing import Any

from services.identity import handlers
from services.identity.store import IdentityStore
from shared.contracts.gate import GateAdded
from shared.messaging.topology import Subscription

SUBSCRIPTIONS: list[Subscription[Any, IdentityStore]] = [
    Subscription("identity.gate_added", GateAdded, handlers.project_gate),
]
