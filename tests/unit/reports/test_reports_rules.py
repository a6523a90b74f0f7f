"""Reports' rules, without anything around them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.reports.domain import (
    MACHINES_OWN,
    Category,
    Clock,
    Clue,
    ClueState,
    DayCount,
    Finding,
    Step,
    clocks,
    counted,
)
from shared import texts
from shared.contracts.gate import ExitDecided, GateScanned
from shared.contracts.health import FeverAlert
from shared.contracts.reports import ClueReported
from shared.contracts.settings import Rules
from shared.contracts.values import DatedSetting, Decision, Direction, Fever, Site
from shared.errors import DomainError

NOON = datetime(2026, 2, 7, 12, tzinfo=UTC)
ROOM = "w.j.c01.b1.u1.r101"
CLUE = Clue(
    id="clue_1",
    version=1,
    category=Category.GATHERING,
    text="t",
    place="p",
    area=ROOM,
    anonymous=True,
    reporter=None,
    reporter_label=None,
    reporter_key="k",
    photos=(),
    reported_at=NOON,
    verify_due=NOON + timedelta(hours=24),
    resolve_due=NOON + timedelta(hours=48),
    state=ClueState.NEW,
    steps=(),
)


class TestTriage:
    def test_life_of_a_clue(self) -> None:
        """Nothing is resolved that nobody verified and nobody was given."""
        admitted = {(start, to) for start in ClueState for to in ClueState if self.moves(start, to)}

        assert admitted == {
            (ClueState.NEW, ClueState.VERIFIED),
            (ClueState.NEW, ClueState.FALSE),
            (ClueState.VERIFIED, ClueState.ASSIGNED),
            (ClueState.ASSIGNED, ClueState.ASSIGNED),
            (ClueState.ASSIGNED, ClueState.RESOLVED),
        }

    def moves(self, start: ClueState, to: ClueState) -> bool:
        if to is ClueState.NEW:
            return False
        try:
            replace(CLUE, state=start).moved(Step(to, "acc_1", NOON))
        except DomainError as error:
            assert error.code == "clue_state"
            return False
        return True

    def test_assignee_and_outcome_stay(self) -> None:
        """A later step does not forget an earlier one."""
        assigned = replace(CLUE, state=ClueState.VERIFIED).moved(Step(ClueState.ASSIGNED, "a", NOON), assignee="acc_2")
        resolved = assigned.moved(Step(ClueState.RESOLVED, "a", NOON), outcome="done")

        assert (resolved.assignee, resolved.outcome, resolved.version) == ("acc_2", "done", 3)


class TestClocks:
    def test_verifying_comes_first(self) -> None:
        """The nearer deadline is the one to watch."""
        assert CLUE.next_clock == (Clock.VERIFY, NOON + timedelta(hours=24))

    def test_missed_clock_gives_way_to_the_next(self) -> None:
        """A clue nobody looks at is told twice: unverified after a day, unresolved after two."""
        once = CLUE.overdue(Clock.VERIFY)
        twice = once.overdue(Clock.RESOLVE)

        assert once.next_clock == (Clock.RESOLVE, NOON + timedelta(hours=48))
        assert twice.next_clock is None

    @pytest.mark.parametrize("state", [ClueState.VERIFIED, ClueState.ASSIGNED])
    def test_verified_clue_is_still_to_be_resolved(self, state: ClueState) -> None:
        """Believing it is not dealing with it."""
        assert replace(CLUE, state=state).next_clock == (Clock.RESOLVE, NOON + timedelta(hours=48))

    @pytest.mark.parametrize("state", [ClueState.FALSE, ClueState.RESOLVED])
    def test_ended_clue_has_no_clock(self, state: ClueState) -> None:
        """What is over cannot be late."""
        assert replace(CLUE, state=state).next_clock is None

    def test_hours_are_the_areas_settings(self) -> None:
        """A district in the thick of it may want an answer within the hour."""
        setting = DatedSetting(key="clue.verify_hours", value=1, starts=NOON - timedelta(days=1))

        due = clocks(Rules(ROOM, {"w.j": [setting]}), NOON)

        assert due == (NOON + timedelta(hours=1), NOON + timedelta(hours=48))


class TestFinding:
    found = Finding("pass_1", {"reasons": ["curfew"]}, NOON)
    clue = replace(CLUE, category=Category.GATE_CONTRADICTION, finding=found)

    def test_the_latest_is_shown_whatever_came_last(self) -> None:
        """In either order the same: twice, and the later one's evidence."""
        later = Finding("pass_1", {"reasons": ["pass_already_used"]}, NOON + timedelta(hours=1))
        merged = [self.clue.joined(later), replace(self.clue, finding=later).joined(self.found)]

        assert [one.finding for one in merged] == [replace(later, count=2)] * 2
        assert {one.version for one in merged} == {2}

    def test_joined_only_while_open(self) -> None:
        """What was settled is not opened again; a person's clue takes no findings."""
        ended = {state for state in ClueState if replace(self.clue, state=state).takes is None}

        assert self.clue.takes == "gate_contradiction/pass_1"
        assert ended == {ClueState.FALSE, ClueState.RESOLVED}
        assert CLUE.takes is None

    @pytest.mark.parametrize("category", MACHINES_OWN)
    def test_every_kind_has_its_words(self, category: Category) -> None:
        """Nobody wrote a text: without a sentence the clue would be mute."""
        assert texts.known(f"clue_{category.value}")


class TestCounted:
    day = date(2026, 2, 7)
    scan = GateScanned(
        gate="g",
        direction=Direction.OUT,
        decision=Decision.ALLOW,
        reasons=[],
        resident=None,
        label=None,
        pass_id=None,
        temperature_c=36.5,
        site=Site.FOREHEAD,
        fever=Fever.NONE,
        retest_of=None,
        scanned_at=NOON,
        recorded_at=NOON,
        late=False,
    )

    def test_event_counts_in_its_compound_by_its_name(self) -> None:
        """Figures of one household would be surveillance."""
        (one,) = counted(ClueReported(category="other", anonymous=True, photos=0), ROOM, NOON)

        assert one == DayCount("w.j.c01", self.day, ("ClueReported",))

    @pytest.mark.parametrize(("approved", "outcome"), [(True, "approved"), (False, "refused")])
    def test_exit_counts_by_its_outcome_too(self, approved: bool, outcome: str) -> None:
        """How many were refused is what the office asks every evening."""
        (one,) = counted(ExitDecided(resident="r", approved=approved, reasons=[], pass_id=None), ROOM, NOON)

        assert one.figures == ("ExitDecided", f"ExitDecided:{outcome}")

    def test_scan_counts_by_decision_and_by_direction(self) -> None:
        """Who went out and who came back are two columns of the report."""
        (one,) = counted(self.scan, ROOM, NOON)

        assert one.figures == ("GateScanned", "GateScanned:allow", "GateScanned:out:allow")

    @pytest.mark.parametrize(("decision", "hours"), [("allow", "out"), ("deny", "refused"), ("recheck", None)])
    def test_scan_counts_in_its_hour(self, decision: str, hours: str | None) -> None:
        """A recheck is no answer yet: the scan that follows it counts."""
        scan = self.scan.model_copy(update={"decision": Decision(decision)})

        (one,) = counted(scan, ROOM, NOON)

        assert one.hours == (((12, hours),) if hours else ())

    def test_late_scan_counts_in_the_hour_it_happened(self) -> None:
        """A gate without network must not make a rush hour of the moment it is back; its day is told as before."""
        before = NOON - timedelta(days=1, hours=3)

        told, happened = counted(self.scan.model_copy(update={"scanned_at": before}), ROOM, NOON)

        assert (told.day, told.figures[0], told.hours) == (self.day, "GateScanned", ())
        assert happened == DayCount("w.j.c01", before.date(), (), ((9, "out"),))

    @pytest.mark.parametrize("said", [NOON + timedelta(days=400), NOON - timedelta(days=400)])
    def test_clock_that_cannot_be_right_hides_nothing(self, said: datetime) -> None:
        """A device's clock that was reset would else put a fever where nobody looks."""
        (one,) = counted(self.scan.model_copy(update={"scanned_at": said}), ROOM, NOON)

        assert one.hours == ((12, "out"),)

    @pytest.mark.parametrize(("area", "building"), [(ROOM, "b1"), ("w.j.c01", "-")])
    def test_fever_counts_in_its_building(self, area: str, building: str) -> None:
        """By building is how it spreads; a stranger at the gate lives in none of them."""
        fever = FeverAlert(
            reading="r",
            resident=None,
            label=None,
            temperature_c=38.2,
            site=Site.EAR,
            gate=None,
            measured_at=NOON,
            late=False,
        )

        (one,) = counted(fever, area, NOON)

        assert (one.hours, one.fevers) == (((12, "fevers"),), (building,))
