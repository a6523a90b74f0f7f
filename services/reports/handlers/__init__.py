"""Reports' use cases: one command and one function each."""

from services.reports.handlers.count_event import count_event
from services.reports.handlers.find_anomaly import FindAnomaly, find_anomaly, on_contradiction
from services.reports.handlers.miss_clock import miss_clock
from services.reports.handlers.move_clue import MoveClue, move_clue
from services.reports.handlers.report_clue import ReportClue, report_clue

__all__ = [
    "FindAnomaly",
    "MoveClue",
    "ReportClue",
    "count_event",
    "find_anomaly",
    "miss_clock",
    "move_clue",
    "on_contradiction",
    "report_clue",
]
