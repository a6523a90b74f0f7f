"""The gate's rules: who may go out, what a pass is worth, how a scan is decided. Pure: no I/O, no clock."""

from services.gate.domain.entities import (
    Decider,
    Device,
    Exit,
    ExitStatus,
    Gate,
    Heartbeat,
    Hold,
    Pass,
    PassForm,
    QuotaUse,
    Refusal,
    Resident,
    Scan,
)
from services.gate.domain.exits import Window, is_near, next_opening, objections, quota_refusal, quota_window
from services.gate.domain.offline import OfflineData, held_holders, targets_groups
from services.gate.domain.passages import Passage, retraced
from services.gate.domain.scans import Presented, Situation, Verdict, decide, measure
from services.gate.domain.silence import is_silent

__all__ = [
    "Decider",
    "Device",
    "Exit",
    "ExitStatus",
    "Gate",
    "Heartbeat",
    "Hold",
    "OfflineData",
    "Pass",
    "PassForm",
    "Passage",
    "Presented",
    "QuotaUse",
    "Refusal",
    "Resident",
    "Scan",
    "Situation",
    "Verdict",
    "Window",
    "decide",
    "held_holders",
    "is_near",
    "is_silent",
    "measure",
    "next_opening",
    "objections",
    "quota_refusal",
    "quota_window",
    "retraced",
    "targets_groups",
]
