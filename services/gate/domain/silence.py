"""When a gate that was heard counts as silent."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.contracts.settings import Rules


def is_silent(last_heard: datetime, now: datetime, rules: Rules, zone: ZoneInfo) -> bool:
    """Tell whether a gate has been quiet for too long.

    Of the patience at both ends of the quiet the longer counts, so that no gate falls silent because the night ends.
    """
    return now - last_heard > max(_patience(last_heard, rules, zone), _patience(now, rules, zone))


def _patience(at: datetime, rules: Rules, zone: ZoneInfo) -> timedelta:
    hours = rules.value("gate.night_hours", at)
    key = "gate.silent_night_minutes" if _within(at.astimezone(zone).time(), hours) else "gate.silent_minutes"
    return timedelta(minutes=rules.number(key, at))


def _within(moment: time, hours: object) -> bool:
    if not isinstance(hours, str):
        return False
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    return start <= moment < end if start < end else moment >= start or moment < end
