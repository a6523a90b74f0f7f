"""The settings of areas: every rule's number, its default, and how an area's value is found.

A setting is kept on an area with the instant from which it holds. What holds for a place at an instant is the newest
such value of the nearest area that has one, upwards from the room; else the default. None lifts the rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.area import chain
from shared.contracts.values import DatedSetting

Value = int | float | str | bool | None


@dataclass(frozen=True)
class Definition:
    """A setting's default, its bounds if it is a number, its pattern if it is a text, and what it means."""

    default: Value
    meaning: str
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    may_be_none: bool = False


SETTINGS: Mapping[str, Definition] = {
    "exit.interval_days": Definition(2, "one person of a household goes out for supplies every so many days", 1, 30),
    "exit.max_hours": Definition(3, "longest outing, hours", 0.5, 24),
    "exit.closed_hours": Definition(
        "23:00-05:00",
        "daily hours, local time, in which nobody goes out",
        pattern=r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d",
        may_be_none=True,
    ),
    "exit.min_age": Definition(None, "youngest age that may go out", 0, 120, may_be_none=True),
    "exit.max_age": Definition(None, "oldest age that may go out", 0, 120, may_be_none=True),
    "fever.threshold_c": Definition(37.3, "a temperature from here on is a fever, °C", 36.0, 39.0),
    "gate.fever_locks_out": Definition(default=False, meaning="whether somebody with a fever is refused on the way in"),
    "gate.retest_minutes": Definition(10, "how long after a recheck the next measurement counts as its retest", 1, 60),
    "gate.silent_minutes": Definition(15, "a gate of which nothing is heard for so long is silent", 1, 1440),
    "gate.silent_night_minutes": Definition(60, "the same in the night, when few people pass", 1, 1440),
    "gate.night_hours": Definition(
        "23:00-05:00",
        "daily hours, local time, that are the night of a gate",
        pattern=r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d",
        may_be_none=True,
    ),
    "gate.offline_hours": Definition(12, "how old a gate's own data may be when it decides without network", 0.1, 168),
    "hold.clear_hours": Definition(4, "least hours between the two normal readings that clear a fever hold", 0, 72),
    "alert.escalate_minutes": Definition(10, "an alert not acknowledged by then goes to the next area up", 1, 1440),
    "clue.verify_hours": Definition(24, "a clue is verified within so many hours", 1, 240),
    "clue.resolve_hours": Definition(48, "a clue is resolved within so many hours", 1, 720),
    "presence.retention_days": Definition(30, "movements and temperatures are removed after so many days", 1, 365),
}


class Rules:
    """What holds at one place: the settings of its area and of all above it, nearest first."""

    def __init__(self, area: str, own: Mapping[str, Sequence[DatedSetting]]) -> None:
        """Take the settings of each area on the way up; areas missing from the mapping have none."""
        self._levels = [own.get(step, ()) for step in chain(area)]

    def value(self, key: str, at: datetime) -> Value:
        """Return the value of a setting at an instant."""
        for settings in self._levels:
            started = [one for one in settings if one.key == key and one.starts <= at]
            if started:
                return max(started, key=lambda one: one.starts).value
        return SETTINGS[key].default

    def number(self, key: str, at: datetime) -> float:
        """Return a setting that is always a number."""
        value = self.value(key, at)
        if isinstance(value, (int, float)):
            return float(value)
        raise TypeError(f"{key} is not a number")

    def flag(self, key: str, at: datetime) -> bool:
        """Return a setting that is a yes or no."""
        return self.value(key, at) is True
