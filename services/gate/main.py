"""The gate, put together."""

from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from services.gate.api import ROUTERS
from services.gate.api.office import PassOffice
from services.gate.consumers import SUBSCRIPTIONS
from services.gate.jobs import serve_devices, watch_gates
from services.gate.store import GateStore
from shared.messaging.devices import declare_inbox
from shared.service import Service
from shared.settings import Settings


class GateSettings(Settings):
    """What the gate is told besides: its signing keys, and the key of the ID numbers' look-up hash."""

    pass_keys: SecretStr
    lookup_key: SecretStr
    silence_sweep: timedelta = timedelta(seconds=20)
    """How often it looks for gates that fell silent or are heard again."""


def _parts(settings: GateSettings) -> dict[str, Any]:
    return {"office": PassOffice(settings.pass_keys.get_secret_value(), settings.lookup_key.get_secret_value())}


service = Service(
    name="gate",
    store=GateStore,
    subscriptions=SUBSCRIPTIONS,
    routers=ROUTERS,
    settings=GateSettings,
    parts=_parts,
    jobs=[serve_devices, watch_gates],
    declare=declare_inbox,
    max_body=8 * 1024 * 1024,
)
