"""Sentences for people."""

import pytest

from shared.texts import sentence


class TestSentence:
    @pytest.mark.parametrize(
        "at", ["2026-11-24T07:25:30.011000+00:00", "2026-11-24T07:25:30Z", "2026-11-24T15:25:30+08:00"]
    )
    def test_tells_a_time_by_the_clock_on_the_wall(self, at: str) -> None:
        """A guard reads 15:25, not an instant of another zone to the microsecond."""
        told = sentence("pass_already_used", "zh", {"used_at": at})

        assert "11-24 15:25" in told
        assert "2026" not in told

    def test_tells_a_days_beginning_as_the_day(self) -> None:
        """Nobody goes out at midnight because the next exit opens "at 00:00"."""
        told = sentence("household_quota_used", "en", {"used_by": "王**", "next_opens": "2026-11-28T00:00:00+08:00"})

        assert told.endswith("opens 11-28.")

    def test_leaves_everything_else_as_it_is(self) -> None:
        """A name is a name, and what is missing is shown as missing."""
        told = sentence("household_quota_used", "en", {"used_by": "王**", "next_opens": "2026-11-25"})

        assert "王**" in told
        assert "2026-11-25" in told
        assert "…" in sentence("household_quota_used", "en", {})
