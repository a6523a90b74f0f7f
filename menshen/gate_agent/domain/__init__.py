"""The rules of a gate that is alone: what time it is, and what a code is worth by what was known last. Pure."""

from menshen.gate_agent.domain.clock import ClockState, GateClock, Moment, Remembered
from menshen.gate_agent.domain.judging import Earlier, Knowledge, Presence, Shown, judge

__all__ = [
    "ClockState",
    "Earlier",
    "GateClock",
    "Knowledge",
    "Moment",
    "Presence",
    "Remembered",
    "Shown",
    "judge",
]
