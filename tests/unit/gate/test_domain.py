"""The gate's rules, without anything around them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.domain import (
    Hold,
    Pass,
    Presented,
    QuotaUse,
    Resident,
    Situation,
    Window,
    decide,
    measure,
    next_opening,
    objections,
    quota_refusal,
    quota_window,
)
from shared.contracts.settings import Rules
from shared.contracts.values import (
    DatedSetting,
    Decision,
    Direction,
    ExitReason,
    Fever,
    HoldKind,
    HoldTarget,
    Site,
)
from shared.errors import DomainError

ZONE = ZoneInfo("Asia/Shanghai")
ROOM = "w.j.c01.b1.u1.r101"
NOON = datetime(2026, 2, 7, 12, tzinfo=ZONE)
RESIDENT = Resident("res_1", 1, True, "张**", ROOM, ("acc_1",), "h", 1980)
HOLD = Hold("hold_1", 1, True, HoldKind.FEVER, HoldTarget.RESIDENT, "res_1")


def rules(**settings: object) -> Rules:
    dated = [
        DatedSetting(key=key.replace("__", "."), value=value, starts=NOON - timedelta(days=9))  # type: ignore[arg-type]
        for key, value in settings.items()
    ]
    return Rules(ROOM, {"w.j.c01": dated})


def codes(start: datetime, hours: float = 2, reason: ExitReason = ExitReason.SUPPLIES, **settings: object) -> list[str]:
    window = Window(start, start + timedelta(hours=hours))
    return [one.code for one in objections(RESIDENT, window, reason, [], rules(**settings), ZONE)]


class TestObjections:
    def test_noon_is_fine(self) -> None:
        """The ordinary case has nothing against it."""
        assert codes(NOON) == []

    @pytest.mark.parametrize(
        ("hour", "hours", "refused"),
        [(20, 3, False), (20.01, 3, True), (23, 1, True), (4, 0.5, True), (4.5, 1, True), (5, 1, False), (1, 2, True)],
    )
    def test_closed_hours_are_local_and_touching_is_not_overlapping(
        self, hour: float, hours: float, refused: bool
    ) -> None:
        """Not between 23:00 and 05:00; back at 23:00 sharp and out at 05:00 sharp are right."""
        start = NOON.replace(hour=0) + timedelta(hours=hour)

        assert (codes(start, hours) == ["outside_hours"]) is refused

    def test_closed_hours_within_a_day(self) -> None:
        """A setting may close the gates at noon as well as over midnight."""
        assert codes(NOON, exit__closed_hours="11:30-12:30") == ["outside_hours"]
        assert codes(NOON + timedelta(hours=1), exit__closed_hours="11:30-12:30") == []

    def test_none_lifts_a_rule(self) -> None:
        """In 2020 rules changed weekly; a setting of None takes one away."""
        assert codes(NOON.replace(hour=23), exit__closed_hours=None) == []

    def test_three_hours_are_allowed_and_not_a_minute_more(self) -> None:
        """At most 3 h per outing."""
        assert codes(NOON, 3) == []
        assert codes(NOON, 3 + 1 / 60) == ["window_too_long"]

    def test_age_bars_are_off_until_set(self) -> None:
        """Both ends, as settings."""
        assert codes(NOON, exit__max_age=40) == ["age_barred"]
        assert codes(NOON, exit__min_age=50) == ["age_barred"]
        assert codes(NOON, exit__min_age=46, exit__max_age=46) == []

    def test_holds_are_named_even_where_they_do_not_bind(self) -> None:
        """An emergency passes a hold, but the community must hear of it."""
        window = Window(NOON, NOON + timedelta(hours=9))

        against = objections(RESIDENT, window, ExitReason.EMERGENCY, [HOLD], rules(), ZONE)

        assert [one.code for one in against] == ["fever_hold"]


class TestWindow:
    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, 0), (1, 0), (-3, -1), (-2, 1), (24 * 15, 24 * 15 + 1), (0, 24 * 400)],
        ids=["empty", "reversed", "past", "backdated", "too far", "400 days"],
    )
    def test_what_no_rule_needs_to_see(self, start: float, end: float) -> None:
        """Bad input, not a refusal: both fields are named."""
        window = Window(NOON + timedelta(hours=start), NOON + timedelta(hours=end))

        with pytest.raises(DomainError) as caught:
            window.require_sensible(NOON)

        assert [fault.field for fault in caught.value.faults] == ["start", "end"]


class TestQuota:
    def test_days_are_calendar_days(self) -> None:
        """Out on the 7th at any hour, out again from the 9th on."""
        uses = [QuotaUse("exit_1", "张**", NOON)]

        assert next_opening(uses, NOON, 2, ZONE) == datetime(2026, 2, 9, tzinfo=ZONE)

    def test_what_is_free_opens_at_once(self) -> None:
        """Whoever is told "from now on" need not look at a calendar."""
        uses = [QuotaUse("exit_1", "张**", NOON - timedelta(days=2))]

        assert next_opening(uses, NOON, 2, ZONE) == NOON
        assert next_opening([], NOON, 2, ZONE) == NOON

    def test_what_is_planned_is_jumped_over(self) -> None:
        """Out on the 7th and planned for the 9th: told "from the 9th on", the next one would be refused then."""
        uses = [QuotaUse("exit_1", "张**", NOON), QuotaUse("exit_2", "李**", NOON + timedelta(days=2))]

        refusal = quota_refusal(uses, NOON, 2, ZONE)

        assert refusal.params == {"used_by": "张**", "next_opens": datetime(2026, 2, 11, tzinfo=ZONE).isoformat()}

    @given(st.integers(-10_000, 10_000), st.integers(1, 30))
    def test_it_is_mutual(self, minutes: int, days: int) -> None:
        """If one outing stands against another then also the other way round, whichever was asked for first."""
        other = NOON + timedelta(minutes=minutes)

        def stands(a: datetime, b: datetime) -> bool:
            low, high = quota_window(a, days, ZONE)
            return low <= b < high

        assert stands(NOON, other) == stands(other, NOON)


def situation(direction: Direction = Direction.OUT, **changes: object) -> Situation:
    admission = changes.pop("admission", _pass())
    base: dict[str, object] = {
        "direction": direction,
        "temperature_c": 36.5,
        "fever": Fever.NONE,
        "gate_area": "w.j.c01",
        "at": NOON,
        "presented": Presented("pass_1", "h", "w.j.c01", NOON, NOON + timedelta(seconds=90)),
        "fault": None,
        "admission": admission,
    }
    return Situation(**{**base, **changes})  # type: ignore[arg-type]


def _pass(**changes: object) -> Pass:
    base: dict[str, object] = {
        "id": "pass_1",
        "version": 1,
        "exit": "exit_1",
        "resident": "res_1",
        "holder": "h",
        "label": "张**",
        "household": ROOM,
        "compound": "w.j.c01",
        "start": NOON,
        "end": NOON + timedelta(hours=2),
        "reason": ExitReason.SUPPLIES,
        "issued_at": NOON,
    }
    return Pass(**{**base, **changes})  # type: ignore[arg-type]


class TestDecide:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"presented": None, "fault": "qr_signature"}, "qr_signature"),
            ({"presented": None}, "qr_unreadable"),
            ({"at": NOON + timedelta(seconds=90)}, "qr_expired"),
            ({"admission": None}, "pass_unknown"),
            ({"admission": _pass(revoked_at=NOON)}, "pass_revoked"),
            ({"gate_area": "w.j.c012"}, "wrong_compound"),
            ({"admission": _pass(out_at=NOON)}, "pass_already_used"),
            ({"admission": _pass(start=NOON + timedelta(minutes=16))}, "window_not_open"),
            ({"admission": _pass(end=NOON - timedelta(seconds=1))}, "window_over"),
            ({"fever": Fever.CONFIRMED}, "fever_confirmed"),
            ({"holds": [HOLD]}, "fever_hold"),
        ],
    )
    def test_what_keeps_one_in(self, changes: dict[str, object], reason: str) -> None:
        """On the way out whatever is odd is refused, with its own code."""
        verdict = decide(situation(**changes))

        assert (verdict.decision, verdict.reasons) == (Decision.DENY, (reason,))

    @pytest.mark.parametrize(
        ("changes", "notes"),
        [
            ({"holds": [HOLD], "admission": _pass(out_at=NOON)}, ()),
            ({"admission": _pass()}, ("no_exit_recorded",)),
            ({"admission": _pass(out_at=NOON, end=NOON - timedelta(hours=1))}, ("overdue_return",)),
            (
                {"admission": _pass(out_at=NOON), "fever": Fever.CONFIRMED},
                ("fever_confirmed", "isolate_at_home"),
            ),
        ],
    )
    def test_nobody_is_locked_out(self, changes: dict[str, object], notes: tuple[str, ...]) -> None:
        """Home is let in, with a note of what was odd."""
        verdict = decide(situation(Direction.IN, **changes))

        assert (verdict.decision, verdict.reasons) == (Decision.ALLOW, notes)

    def test_a_doctor_is_reached_through_a_hold(self) -> None:
        """`medical` passes holds, but not its own measured fever at the gate."""
        admission = _pass(reason=ExitReason.MEDICAL)

        assert decide(situation(admission=admission, holds=[HOLD])).decision is Decision.ALLOW

    def test_a_setting_can_lock_out(self) -> None:
        """It is a setting, for a compound that has somewhere else to bring people."""
        with_fever = situation(Direction.IN, admission=_pass(out_at=NOON), fever=Fever.CONFIRMED, fever_locks_out=True)

        assert decide(with_fever).decision is Decision.DENY

    @given(st.floats(30, 45), st.sampled_from(Site), st.booleans(), st.sampled_from(Direction))
    def test_a_fever_never_walks_out(self, value: float, site: Site, retest: bool, direction: Direction) -> None:
        """Whatever the thermometer, nobody at or above the threshold is waved through on the way out."""
        fever = measure(value, site, 37.3, is_retest=retest)
        verdict = decide(situation(direction, temperature_c=value, fever=fever))

        if direction is Direction.OUT and value >= 37.3:
            assert verdict.decision is not Decision.ALLOW
        if direction is Direction.IN:
            assert verdict.decision is not Decision.DENY


class TestRules:
    def test_the_nearest_area_wins(self) -> None:
        """A compound's value wins over its community's, and so on up."""
        old = NOON - timedelta(days=1)
        own = {
            "w": [DatedSetting(key="exit.max_hours", value=8, starts=old)],
            "w.j.c01": [DatedSetting(key="exit.max_hours", value=2, starts=old)],
        }

        assert Rules(ROOM, own).value("exit.max_hours", NOON) == 2
        assert Rules("w.j.c02", own).value("exit.max_hours", NOON) == 8
        assert Rules("x", own).value("exit.max_hours", NOON) == 3

    def test_a_value_holds_from_its_date_on(self) -> None:
        """Announced today, in force tomorrow; the newest that has come counts."""
        tomorrow = NOON + timedelta(days=1)
        own = {
            "w": [
                DatedSetting(key="exit.max_hours", value=1, starts=tomorrow),
                DatedSetting(key="exit.max_hours", value=5, starts=NOON - timedelta(days=5)),
                DatedSetting(key="exit.max_hours", value=4, starts=NOON - timedelta(days=1)),
            ]
        }

        assert Rules("w", own).value("exit.max_hours", NOON) == 4
        assert Rules("w", own).value("exit.max_hours", tomorrow) == 1

    def test_no_instant_is_read_in_another_zone(self) -> None:
        """Settings are kept in UTC and asked for in local time."""
        own = {"w": [DatedSetting(key="exit.max_hours", value=1, starts=NOON.astimezone(UTC))]}

        assert Rules("w", own).value("exit.max_hours", NOON) == 1
        assert Rules("w", own).value("exit.max_hours", NOON - timedelta(seconds=1)) == 3
