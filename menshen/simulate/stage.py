"""What all actors share: the plan, the clock, the client, the world."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from menshen.simulate.client import Client
from menshen.simulate.clock import Clock
from menshen.simulate.desks import Desk
from menshen.simulate.plan import Scenario
from menshen.simulate.world import World


@dataclass
class Figures:
    """What the display shows."""

    out: int = 0
    scans: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    fevers: int = 0
    alerts: int = 0
    clues: int = 0
    registered: int = 0
    offline: int = 0
    office_lag: float = 0.0
    """How far registrations are behind the plan, in seconds: they let those at the gates go first."""
    killed: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """What went otherwise than the plan thinks, by code; no rule is broken by it."""


@dataclass
class Stage:
    """One run."""

    scenario: Scenario
    clock: Clock
    client: Client
    world: World
    desks: Sequence[Sequence[Desk]]
    """The gates of each compound."""
    run: str
    """What makes this run's keys its own."""
    figures: Figures = field(default_factory=Figures)

    def wall(self, at: float) -> float:
        """Return when a simulated instant comes, in seconds of the wall clock since the beginning."""
        return self.scenario.wall(at)

    def chance(self, what: str) -> Random:
        """Return the dice for one thing, the same in every run of the seed."""
        return Random(f"{self.scenario.population.seed}/{what}")  # noqa: S311  # a plan, no secret
