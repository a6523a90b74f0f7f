"""The rules of what becomes known late: passes retraced, silence, and what a gate takes into an outage."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.domain import (
    Hold,
    Pass,
    Passage,
    Presented,
    Resident,
    Situation,
    decide,
    held_holders,
    is_silent,
    retraced,
)
from shared.contracts.settings import Rules
from shared.contracts.values import DatedSetting, Direction, ExitReason, Fever, HoldKind, HoldTarget

ZONE = ZoneInfo("Asia/Shanghai")
COMPOUND = "w.j.c01"
ROOM = f"{COMPOUND}.b1.u1.r101"
TEN = datetime(2026, 2, 7, 10, tzinfo=ZONE)
OUT, IN = Direction.OUT, Direction.IN
PASS = Pass(
    id="pass_1",
    version=1,
    exit="exit_1",
    resident="res_1",
    holder="1",
    label="张**",
    household=ROOM,
    compound=COMPOUND,
    start=TEN,
    end=TEN + timedelta(hours=2),
    reason=ExitReason.SUPPLIES,
    issued_at=TEN - timedelta(hours=1),
)


def at(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def passages(*steps: tuple[Direction, float]) -> list[Passage]:
    return [Passage(f"scan_{n}", "gate_1", COMPOUND, way, at(minutes)) for n, (way, minutes) in enumerate(steps)]


class TestRetraced:
    def test_an_outing(self) -> None:
        """Out at ten, home at eleven, whichever became known first."""
        for order in permutations(passages((OUT, 0), (IN, 60))):
            after = retraced(PASS, order)

            assert (after.out_at, after.in_at, after.version) == (at(0), at(60), 2)

    def test_whoever_is_outside_is_known_to_be(self) -> None:
        """An offline gate let the spent pass out again: the person is outside, whatever the rules say."""
        after = retraced(PASS, passages((OUT, 0), (IN, 60), (OUT, 90)))

        assert (after.out_at, after.in_at) == (at(90), None)

    def test_the_first_of_two_exits_counts(self) -> None:
        """Two people with one code: the outing began with the first."""
        after = retraced(PASS, passages((OUT, 10), (OUT, 0)))

        assert (after.out_at, after.in_at) == (at(0), None)

    def test_a_return_nobody_saw_begin_is_over_when_they_go_out(self) -> None:
        """In without an exit, then out: outside."""
        after = retraced(PASS, passages((IN, 0), (OUT, 10)))

        assert (after.out_at, after.in_at) == (at(10), None)

    def test_another_compounds_gate_is_no_way_out_of_this_one(self) -> None:
        """Whoever was let through there has not left from here."""
        elsewhere = Passage("scan_9", "gate_9", "w.j.c02", OUT, at(0))

        assert retraced(PASS, [elsewhere]).out_at is None

    @given(st.lists(st.tuples(st.sampled_from([OUT, IN]), st.integers(0, 50)), max_size=8), st.randoms())
    def test_arrival_changes_nothing(self, steps: list[tuple[Direction, float]], chance: object) -> None:
        """State is a function of what happened when, not of what was told when."""
        told = passages(*steps)
        shuffled = list(told)
        chance.shuffle(shuffled)  # type: ignore[attr-defined]

        assert retraced(PASS, shuffled) == retraced(PASS, told)


def situation(direction: Direction, when: datetime, admission: Pass, *, late: bool = True) -> Situation:
    presented = Presented(admission.id, "1", COMPOUND, TEN, TEN + timedelta(days=1))
    return Situation(direction, 36.5, Fever.NONE, COMPOUND, when, presented, None, admission, late=late)


class TestDecideLate:
    def test_an_exit_before_the_known_return_is_fine(self) -> None:
        """Out at ten, told at noon; home at eleven, told at eleven: one outing, no contradiction."""
        home = retraced(PASS, passages((IN, 60)))

        assert decide(situation(OUT, at(0), home)).reasons == ()
        assert decide(situation(OUT, at(61), home)).reasons == ("pass_already_used",)

    def test_a_second_exit_is_not(self) -> None:
        """One exit for each pass, in whatever order two gates tell."""
        out = retraced(PASS, passages((OUT, 10)))

        assert decide(situation(OUT, at(0), out)).reasons == ("pass_already_used",)

    def test_live_a_return_in_the_future_still_counts(self) -> None:
        """A device's clock that is ahead must not open the gate a second time."""
        home = retraced(PASS, passages((IN, 60)))

        assert decide(situation(OUT, at(0), home, late=False)).reasons == ("pass_already_used",)

    def test_what_was_revoked_later_was_good_then(self) -> None:
        """The gate could not know, and nobody could."""
        revoked = Pass(**{**PASS.__dict__, "revoked_at": at(30)})

        assert decide(situation(OUT, at(0), revoked)).reasons == ()
        assert decide(situation(OUT, at(31), revoked)).reasons == ("pass_revoked",)
        assert decide(situation(OUT, at(0), revoked, late=False)).reasons == ("pass_revoked",)

    def test_home_before_the_known_exit_lacks_one(self) -> None:
        """The exit that is known is a later one."""
        out = retraced(PASS, passages((OUT, 60)))

        assert decide(situation(IN, at(0), out)).reasons == ("no_exit_recorded",)


def rules(**settings: object) -> Rules:
    old = TEN - timedelta(days=9)
    dated = [DatedSetting(key=f"gate.{key}", value=value, starts=old) for key, value in settings.items()]  # type: ignore[arg-type]
    return Rules(COMPOUND, {COMPOUND: dated})


class TestSilence:
    @pytest.mark.parametrize(
        ("last", "quiet", "silent"),
        [
            ("10:00", 15, False),
            ("10:00", 15.1, True),
            ("23:00", 60, False),
            ("23:00", 60.1, True),
            ("22:55", 20, False),
            ("04:55", 20, False),
            ("04:55", 61, True),
            ("05:00", 16, True),
        ],
    )
    def test_nights_are_quieter(self, last: str, quiet: float, silent: bool) -> None:
        """15 minutes by day, 60 at night; a quiet that begins or ends in the night has the night's patience."""
        heard = datetime.fromisoformat(f"2026-02-07T{last}:00+08:00").astimezone(UTC)

        assert is_silent(heard, heard + timedelta(minutes=quiet), rules(), ZONE) is silent

    def test_a_compound_has_its_own_patience(self) -> None:
        """A side gate may be quiet for long; without night hours the day's number holds always."""
        heard = datetime(2026, 2, 7, 2, tzinfo=ZONE)
        own = rules(silent_minutes=30, night_hours=None)

        assert is_silent(heard, heard + timedelta(minutes=31), own, ZONE)
        assert not is_silent(heard, heard + timedelta(minutes=29), own, ZONE)


def resident(number: int, room: str) -> Resident:
    return Resident(f"res_{number}", 1, True, "张**", f"{COMPOUND}.{room}", (), "", 1980)


class TestHeldHolders:
    def test_holds_reach_everybody_they_bind(self) -> None:
        """A gate knows passes only by their holders: persons, households and the compound are resolved for it."""
        people = [resident(1, "b1.u1.r101"), resident(2, "b1.u1.r101"), resident(3, "b1.u1.r102")]
        fever = Hold("h1", 1, True, HoldKind.FEVER, HoldTarget.RESIDENT, "res_1")
        home = Hold("h2", 1, True, HoldKind.OBSERVATION, HoldTarget.HOUSEHOLD, ROOM)
        sealed = Hold("h3", 1, True, HoldKind.SEALED, HoldTarget.COMPOUND, COMPOUND)

        assert held_holders([fever, home], people) == {
            "1": ("fever_hold", "under_observation"),
            "2": ("under_observation",),
        }
        assert set(held_holders([sealed], people)) == {"1", "2", "3"}

    def test_a_person_the_gate_does_not_know_yet(self) -> None:
        """The hold may come before the resident does."""
        fever = Hold("h1", 1, True, HoldKind.FEVER, HoldTarget.RESIDENT, "res_7")

        assert held_holders([fever], []) == {"7": ("fever_hold",)}
