"""Health's use cases: one command and one function each."""

from services.health.handlers.clear_hold import ClearHold, clear_hold
from services.health.handlers.move_fever import MoveFever, move_fever
from services.health.handlers.place_hold import PlaceHold, place_hold
from services.health.handlers.raise_unretested import raise_unretested
from services.health.handlers.record_reading import RecordVisit, look_ahead, record_scan, record_visit

__all__ = [
    "ClearHold",
    "MoveFever",
    "PlaceHold",
    "RecordVisit",
    "clear_hold",
    "look_ahead",
    "move_fever",
    "place_hold",
    "raise_unretested",
    "record_scan",
    "record_visit",
]
