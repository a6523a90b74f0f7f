"""The gate's use cases: one command and one function each."""

from services.gate.handlers.add_gate import AddGate, add_gate
from services.gate.handlers.cancel_exit import CancelExit, cancel_exit
from services.gate.handlers.devices import Hear, Sender, gate_of, hear
from services.gate.handlers.household_quota import HouseholdQuota, household_quota
from services.gate.handlers.offline_data import offline_data
from services.gate.handlers.project import (
    project_device,
    project_hold_lifted,
    project_hold_placed,
    project_removed,
    project_verified,
)
from services.gate.handlers.record_scan import RecordScan, record_scan
from services.gate.handlers.request_exit import RequestExit, request_exit
from services.gate.handlers.revoke_passes import RevokePasses, revoke_passes
from services.gate.handlers.watch_gate import gates_to_judge, judge_gate

__all__ = [
    "AddGate",
    "CancelExit",
    "Hear",
    "HouseholdQuota",
    "RecordScan",
    "RequestExit",
    "RevokePasses",
    "Sender",
    "add_gate",
    "cancel_exit",
    "gate_of",
    "gates_to_judge",
    "hear",
    "household_quota",
    "judge_gate",
    "offline_data",
    "project_device",
    "project_hold_lifted",
    "project_hold_placed",
    "project_removed",
    "project_verified",
    "record_scan",
    "request_exit",
    "revoke_passes",
]
