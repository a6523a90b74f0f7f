"""What a simulation takes for a leak: its own people, and nothing that only looks like them."""

from pathlib import Path

import pytest

from menshen.simulate.people import Population
from menshen.simulate.quiet import leaks

SOMEBODY = Population(seed=1, compounds=1, residents=10).person(3)


class TestLeaks:
    @pytest.mark.parametrize(
        ("text", "what"),
        [
            (f'{{"phone": "{SOMEBODY.phone}"}}', "a phone"),
            (f"sent to +86{SOMEBODY.phone}.", "a phone"),
            (f"of {SOMEBODY.id_number}", "an ID number"),
            (f"for {SOMEBODY.name}", "a name"),
            (f"for {SOMEBODY.name}".encode("unicode_escape").decode(), "a name"),
        ],
    )
    def test_are_found_wherever_they_stand(self, tmp_path: Path, text: str, what: str) -> None:
        """In a log as in an event, escaped or not."""
        (tmp_path / "gate.log").write_text(text, encoding="utf-8")

        assert leaks(tmp_path, [("event 1", text)]) == [("event 1", what), ("gate.log", what)]

    @pytest.mark.parametrize("text", ["id_lookup: ab19912345678cd", "199123456789", f"{SOMEBODY.name[0]}**", "a1b2"])
    def test_are_no_accidents(self, tmp_path: Path, text: str) -> None:
        """Ten thousand hashes hold every run of digits once; the verdict of a run must not hang on it."""
        assert leaks(tmp_path / "none", [("event 1", text)]) == []
