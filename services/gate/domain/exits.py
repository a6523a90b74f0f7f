"""The rules of going out, each with its own reason code."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.gate.domain.entities import EXEMPT, Hold, QuotaUse, Refusal, Resident
from shared.contracts.settings import Rules
from shared.contracts.values import ExitReason
from shared.errors import DomainError, FieldFault, Kind

LONGEST_SENSIBLE = timedelta(hours=24)
FURTHEST_AHEAD = timedelta(days=14)
BACKDATED = timedelta(hours=1)
"""How far in the past a window may start: a slow phone or a wrong clock, not a second outing."""


@dataclass(frozen=True)
class Window:
    """When a resident wants to be outside."""

    start: datetime
    end: datetime

    def require_sensible(self, now: datetime) -> None:
        """Raise `period_invalid`, naming both fields, for a window that no rule needs to look at."""
        sensible = (
            self.start < self.end
            and self.end > now
            and is_near(self.start, now)
            and self.end - self.start <= LONGEST_SENSIBLE
        )
        if not sensible:
            faults = [FieldFault("start", "period_invalid"), FieldFault("end", "period_invalid")]
            raise DomainError(Kind.INVALID, "period_invalid", faults)


def is_near(start: datetime, now: datetime) -> bool:
    """Tell whether an outing may be asked for that starts then."""
    return now - BACKDATED <= start <= now + FURTHEST_AHEAD


def objections(
    resident: Resident, window: Window, reason: ExitReason, holds: Iterable[Hold], rules: Rules, zone: ZoneInfo
) -> list[Refusal]:
    """Return every rule that stands against an exit, but for the household's quota; holds first.

    `medical` and `emergency` pass all of them; holds are returned even then, for the caller must alert.
    """
    against = [Refusal(code) for code in sorted({hold.kind.value for hold in holds})]
    if reason in EXEMPT:
        return against
    if _overlaps_closed_hours(window, rules.value("exit.closed_hours", window.start), zone):
        against.append(Refusal("outside_hours", {"hours": str(rules.value("exit.closed_hours", window.start))}))
    longest = rules.number("exit.max_hours", window.start)
    if window.end - window.start > timedelta(hours=longest):
        against.append(Refusal("window_too_long", {"hours": f"{longest:g}"}))
    if _age_barred(resident, window.start, rules):
        against.append(Refusal("age_barred"))
    if reason is ExitReason.WORK:
        # Certificates come with the enterprises; until one is issued nobody has any.
        against.append(Refusal("certificate_missing"))
    return against


def _age_barred(resident: Resident, at: datetime, rules: Rules) -> bool:
    age = at.year - resident.birth_year
    youngest, oldest = rules.value("exit.min_age", at), rules.value("exit.max_age", at)
    too_young = isinstance(youngest, (int, float)) and age < youngest
    too_old = isinstance(oldest, (int, float)) and age > oldest
    return too_young or too_old


def _overlaps_closed_hours(window: Window, hours: object, zone: ZoneInfo) -> bool:
    if not isinstance(hours, str):
        return False
    closes, opens = (time.fromisoformat(part) for part in hours.split("-"))
    return any(window.start < end and start < window.end for start, end in _closed_spans(window, closes, opens, zone))


def _closed_spans(window: Window, closes: time, opens: time, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    day = window.start.astimezone(zone).date() - timedelta(days=1)
    while day <= window.end.astimezone(zone).date():
        last = day if closes < opens else day + timedelta(days=1)
        yield datetime.combine(day, closes, zone), datetime.combine(last, opens, zone)
        day += timedelta(days=1)


def quota_window(start: datetime, interval_days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the span in which another outing of the household stands against one that starts then.

    Days are calendar days: out on Monday at any hour, out again from Wednesday on.
    """
    day = datetime.combine(start.astimezone(zone).date(), time(), zone)
    return day - timedelta(days=interval_days - 1), day + timedelta(days=interval_days)


def next_opening(uses: Sequence[QuotaUse], start: datetime, interval_days: int, zone: ZoneInfo) -> datetime:
    """Return from when on a household may send somebody out; that is `start` itself if its place is free then.

    What the household has planned for later counts too, so that this instant is not refused in its turn.
    """
    while standing := _standing(uses, start, interval_days, zone):
        start = quota_window(standing[-1].start, interval_days, zone)[1]
    return start


def quota_refusal(uses: Sequence[QuotaUse], start: datetime, interval_days: int, zone: ZoneInfo) -> Refusal:
    """Say who has the household's place for a start that is not free, and when the next one opens."""
    standing = _standing(uses, start, interval_days, zone)
    opens = next_opening(uses, start, interval_days, zone)
    return Refusal("household_quota_used", {"used_by": standing[-1].label, "next_opens": opens.isoformat()})


def _standing(uses: Sequence[QuotaUse], start: datetime, interval_days: int, zone: ZoneInfo) -> list[QuotaUse]:
    low, high = quota_window(start, interval_days, zone)
    return sorted((use for use in uses if low <= use.start < high), key=lambda use: use.start)
