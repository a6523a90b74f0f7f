"""What the person at the terminal sees: a live table, or a plain line now and then."""

import asyncio
import time

from rich.live import Live
from rich.table import Table

from menshen.simulate.ledger import Outcome
from menshen.simulate.plan import DAY, STARTS
from menshen.simulate.stage import Stage
from menshen.terminal import Terminal

DRAWN, SAID = 0.5, 5.0
"""Seconds between two pictures, and between two lines."""


class Display:
    """Follows a run until cancelled."""

    def __init__(self, terminal: Terminal, stage: Stage) -> None:
        self._terminal = terminal
        self._stage = stage
        self._scans, self._at, self._rate = 0, time.monotonic(), 0.0

    async def run(self) -> None:
        """Show what happens."""
        if not self._terminal.console.is_terminal:
            while True:
                await asyncio.sleep(SAID)
                self._terminal.say("  ".join(f"{name} {value}" for name, value in self._rows()))
        with Live(console=self._terminal.console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(self._table(), refresh=True)
                await asyncio.sleep(DRAWN)

    def _rows(self) -> list[tuple[str, str]]:
        stage = self._stage
        figures, clock = stage.figures, stage.clock
        now = time.monotonic()
        if now - self._at > 2:
            self._rate = (figures.scans - self._scans) / (now - self._at)
            self._scans, self._at = figures.scans, now
        hour, minute = divmod(int((clock.now * stage.scenario.speed + STARTS) % DAY) // 60, 60)
        decided = figures.decisions
        return [
            ("time", f"{hour:02d}:{minute:02d} ({min(clock.now, clock.length):.0f}/{clock.length:.0f} s)"),
            ("registered", str(figures.registered)),
            ("out", str(figures.out)),
            ("scans", f"{figures.scans} ({self._rate:.0f}/s)"),
            ("allow/deny/recheck", "/".join(str(decided[one]) for one in ("allow", "deny", "recheck"))),
            ("fevers", str(figures.fevers)),
            ("alerts", str(figures.alerts)),
            ("clues", str(figures.clues)),
            ("offline", str(figures.offline)),
            ("under way", str(stage.client.gone)),
            ("unknown", str(sum(n for (_, how), n in stage.client.ledger.outcomes.items() if how is Outcome.UNKNOWN))),
            ("killed", str(figures.killed.total())),
            ("lag", f"{max(clock.lag, stage.client.queued):.1f} s (registrations {figures.office_lag:.0f} s)"),
        ]

    def _table(self) -> Table:
        table = Table(title="menshen simulate", show_header=False)
        for name, value in self._rows():
            table.add_row(name, value)
        return table
