"""The use cases of alerts: one command and one function each."""

from services.alerts.handlers.deliver import NoteTry, claim_delivery, note_try
from services.alerts.handlers.keep_channel import (
    OwnChannel,
    Replay,
    add_channel,
    own_channel,
    remove_channel,
    replay,
    send_test,
)
from services.alerts.handlers.move_alert import Acknowledge, Assign, Resolve, acknowledge, assign, resolve
from services.alerts.handlers.project import project_account
from services.alerts.handlers.raise_alert import escalate, raise_alert
from services.alerts.handlers.react import (
    on_clue,
    on_clue_moved,
    on_exit,
    on_fever,
    on_fever_moved,
    on_gate_heard,
    on_gate_silent,
)
from services.alerts.handlers.subscribe import Subscribe, Unsubscribe, subscribe, unsubscribe

__all__ = [
    "Acknowledge",
    "Assign",
    "NoteTry",
    "OwnChannel",
    "Replay",
    "Resolve",
    "Subscribe",
    "Unsubscribe",
    "acknowledge",
    "add_channel",
    "assign",
    "claim_delivery",
    "escalate",
    "note_try",
    "on_clue",
    "on_clue_moved",
    "on_exit",
    "on_fever",
    "on_fever_moved",
    "on_gate_heard",
    "on_gate_silent",
    "own_channel",
    "project_account",
    "raise_alert",
    "remove_channel",
    "replay",
    "resolve",
    "send_test",
    "subscribe",
    "unsubscribe",
]
