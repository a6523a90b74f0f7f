"""How an alert moves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.domain import Account, Alert, AlertKind, AlertState, Occurrence, resumes, subscription_id
from shared.errors import DomainError

NOW = datetime(2020, 2, 10, 9, 0, tzinfo=UTC)
DUE = NOW + timedelta(minutes=10)
ROOM = "s.c.p.b1.u1.r101"


def occurrence(area: str = ROOM, at: datetime = NOW, sequence: int = 1, celsius: float = 38.0) -> Occurrence:
    return Occurrence(AlertKind.FEVER, "case_1", area, "王**", {"temperature_c": celsius}, at, sequence)


@pytest.fixture
def alert() -> Alert:
    return Alert.first(occurrence(), NOW, DUE)


class TestFirst:
    def test_the_compound_has_the_first_turn(self, alert: Alert) -> None:
        """Not the room, the unit and the building: nobody sits there."""
        assert (alert.level, alert.escalate_at) == ("s.c.p", DUE)

    def test_a_subdistrict_has_nobody_above(self) -> None:
        """No clock runs that could do nothing."""
        assert Alert.first(occurrence("s"), NOW, DUE).escalate_at is None

    def test_one_kind_and_cause_are_one_alert(self) -> None:
        """Wherever and whenever it shows again."""
        assert occurrence().alert == occurrence("s.c.p", NOW + timedelta(days=1), 9).alert


class TestAgain:
    def test_a_late_one_counts_without_overwriting(self, alert: Alert) -> None:
        """The facts shown are the newest by the time of measurement, not of arrival."""
        again = alert.again(occurrence(at=NOW - timedelta(hours=1), celsius=40.0), DUE)

        assert (again.count, again.version) == (2, 2)
        assert (again.facts, again.last_at) == ({"temperature_c": 38.0}, NOW)

    def test_any_order_ends_alike(self, alert: Alert) -> None:
        """State is a function of the facts' times and sequences."""
        one, two = (
            occurrence(at=NOW + timedelta(1), sequence=2, celsius=38.5),
            occurrence(at=NOW + timedelta(2), sequence=3),
        )

        assert alert.again(one, DUE).again(two, DUE) == alert.again(two, DUE).again(one, DUE)

    def test_what_is_being_seen_to_stays_so(self, alert: Alert) -> None:
        """Another reading does not take the case from whoever has it."""
        taken = alert.acknowledged("acc_1", NOW)

        again = taken.again(occurrence(), DUE)

        assert (again.state, again.acknowledged_by, again.escalate_at) == (AlertState.ACKNOWLEDGED, "acc_1", None)

    def test_what_was_resolved_opens_as_new(self, alert: Alert) -> None:
        """Nothing of the former round remains but the count."""
        resolved = alert.assigned("acc_2", "acc_1", NOW).resolved("handled", "acc_2", NOW, NOW)

        again = resolved.again(occurrence(), DUE)

        assert again == replace(alert, version=4, count=2)


class TestMove:
    def test_twice_is_once(self, alert: Alert) -> None:
        """Also for another person; the first stays."""
        seen = alert.acknowledged("acc_1", NOW)
        given = seen.assigned("acc_2", "acc_1", NOW)
        done = given.resolved("handled", "acc_2", NOW, NOW)

        assert seen.acknowledged("acc_9", NOW) is seen
        assert given.assigned("acc_2", "acc_9", NOW) is given
        assert done.resolved("handled", "acc_9", NOW, NOW) is done

    def test_assigning_or_resolving_is_seeing(self, alert: Alert) -> None:
        """The clock stops whatever the first step is."""
        assert alert.assigned("acc_2", "acc_1", NOW).acknowledged_by == "acc_1"
        assert alert.assigned("acc_2", "acc_1", NOW).escalate_at is None
        assert alert.resolved("handled", "acc_1", NOW, NOW).escalate_at is None

    def test_wrong_steps_name_the_state_they_met(self, alert: Alert) -> None:
        """Backwards there is no way."""
        given = alert.assigned("acc_2", "acc_1", NOW)
        done = alert.resolved("handled", "acc_1", NOW, NOW)
        for step in (
            lambda: given.acknowledged("acc_1", NOW),
            lambda: done.acknowledged("acc_1", NOW),
            lambda: done.assigned("acc_2", "acc_1", NOW),
            lambda: done.resolved("duplicate", "acc_1", NOW, NOW),
        ):
            with pytest.raises(DomainError, match="alert_state"):
                step()

    def test_the_clock_ends_at_the_top(self, alert: Alert) -> None:
        """Above the subdistrict there is nobody."""
        assert alert.escalated("s.c", DUE).escalate_at == DUE
        assert alert.escalated("s", DUE).escalate_at is None


class TestResume:
    @pytest.mark.parametrize(
        ("position", "oldest", "newest", "seen"),
        [
            ("0", 1, 5, 0),
            ("3", 1, 5, 3),
            ("5", 1, 5, 5),
            ("5", None, 5, 5),
            ("0", None, 0, 0),
            ("2", 3, 5, 2),
            ("1", 3, 5, None),
            ("4", None, 5, None),
            ("6", 1, 5, None),
            ("-1", 1, 5, None),
            ("1.0", 1, 5, None),
            ("٣", 1, 5, None),
            ("x", 1, 5, None),
            ("", 1, 5, None),
            ("9" * 19, 1, 5, None),
        ],
    )
    def test_a_place_is_one_that_misses_nothing(
        self, position: str, oldest: int | None, newest: int, seen: int | None
    ) -> None:
        """Every row after it must still be there."""
        assert resumes(position, oldest, newest) == seen


class TestWho:
    def test_kinds_in_any_order_are_one_feed(self) -> None:
        """A client that writes them the other way round goes on with its feed."""
        kinds = (AlertKind.CLUE, AlertKind.FEVER)

        assert subscription_id("a", "s", kinds) == subscription_id("a", "s", kinds[::-1])
        assert subscription_id("a", "s", kinds) != subscription_id("b", "s", kinds)

    def test_work_reaches_downwards_only(self) -> None:
        """And ends with the account."""
        worker = Account("a", 1, active=True, tokens_not_before=NOW, areas=("s.c",))

        assert worker.sees(AlertKind, "s.c.p")
        assert not worker.sees([AlertKind.FEVER], "s")
        assert not worker.sees([AlertKind.FEVER], "s.c2")
        assert not replace(worker, active=False).sees([AlertKind.FEVER], "s.c.p")
