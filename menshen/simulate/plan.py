"""What a simulated day holds: pure, and for the same scenario always the same.

All times are seconds of the simulated clock since its start at six in the morning. Who goes out when follows three
waves: to work and to market in the morning, at noon, and in the evening.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from menshen.simulate.people import Population
from shared.contracts.values import ExitReason, Site

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
STARTS = 6 * HOUR
WAVES = ((7.6 * HOUR, 0.9 * HOUR, 0.40), (12.0 * HOUR, 0.8 * HOUR, 0.25), (18.2 * HOUR, 1.2 * HOUR, 0.35))
"""Middle, spread and share of each wave."""
GATES = 2
"""Gates of each compound."""
CATEGORIES = ("outsider", "gathering", "not_measured", "concealed_return", "group_rental", "price", "other")


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things happen; a day is 24 simulated hours."""

    supplies: float = 0.5
    """Households that send somebody for supplies each day."""
    second: float = 0.06
    """Households of which another member asks for supplies too, and is refused."""
    medical: float = 0.015
    emergency: float = 0.002
    work: float = 0.003
    """Residents who ask each day; nobody has a certificate for work yet."""
    fever: float = 0.012
    """Passages with a temperature from 37.3 °C on."""
    cold: float = 0.01
    """Passages whose thermometer shows next to nothing, as in winter air."""
    twice: float = 0.05
    """Requests that are sent again although they were answered."""
    clue: float = 0.008
    """Residents who report a clue each day."""
    outage: float = 0.6
    """Gates that lose their network once each day."""
    revoked: float = 0.01
    """Outings whose pass a worker voids before anybody went."""
    looked_up: float = 0.04
    """Outings of people without a phone at the gate."""
    by_device: float = 0.7
    """Passages at a gate's device; the others a guard scans."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played: `minutes` of the wall clock, at `speed` simulated minutes in each."""

    population: Population
    minutes: float
    speed: float
    rates: Rates = Rates()

    @property
    def span(self) -> float:
        """How many simulated seconds are played."""
        return self.minutes * self.speed * MINUTE

    def wall(self, at: float) -> float:
        """Return after how many seconds of the wall clock a simulated instant comes."""
        return at / self.speed


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody stands at a gate. `retest` is what the second measurement shows; None: they walk away."""

    at: float
    gate: int
    by_device: bool
    temperature_c: float
    site: Site
    retest: float | None
    twice: bool


@dataclass(frozen=True, slots=True)
class Outing:
    """Somebody asks, goes out and comes home. `copied` passes are shown at both gates while these are apart."""

    person: int
    asked: float
    reason: ExitReason
    out: Passage
    home: Passage
    along: bool
    """Asked for along with the registration, if that has not been made before."""
    looked_up: bool = False
    revoked: bool = False
    copied: bool = False
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """Somebody signs in and registers, wherever they go or stay afterwards."""

    at: float
    person: int


@dataclass(frozen=True, slots=True)
class Clue:
    """Somebody reports an anomaly."""

    at: float
    person: int
    category: str
    photos: int
    anonymous: bool
    twice: bool


@dataclass(frozen=True, slots=True)
class Outage:
    """A gate without network; `skew` is how wrong its clock is meanwhile, in seconds."""

    at: float
    until: float
    compound: int
    gate: int
    skew: float


def outings(scenario: Scenario) -> Iterator[Outing]:
    """Yield the outings of all compounds, by the time at which they are asked for."""
    each = (_outings_of(scenario, compound) for compound in range(scenario.population.compounds))
    return heapq.merge(*each, key=lambda one: one.asked)


def outages(scenario: Scenario) -> list[Outage]:
    """Return which gate is without network when, by time. Both gates of the first compound are apart at noon."""
    chance, days = _chance(scenario, "outages"), scenario.span / DAY
    found = []
    for compound in range(scenario.population.compounds):
        for gate in range(GATES):
            if chance.random() < scenario.rates.outage * max(days, 0.25) or compound == 0:
                length = min(chance.uniform(20 * MINUTE, 4 * HOUR), scenario.span / 4)
                begins = chance.uniform(0.1, 0.6) * scenario.span if compound else 0.4 * scenario.span
                skew = chance.choice((0.0, 0.0, 0.0, -40.0, 95.0))
                found.append(Outage(begins, begins + length, compound, gate, skew))
    return sorted(found, key=lambda one: one.at)


def clues(scenario: Scenario) -> list[Clue]:
    """Return who reports what when, by time; at least one with and one without a photo."""
    chance, population = _chance(scenario, "clues"), scenario.population
    count = max(2, round(population.residents * scenario.rates.clue * scenario.span / DAY))
    found = [
        Clue(
            at=chance.uniform(0.05, 0.9) * scenario.span,
            person=chance.randrange(population.residents),
            category=chance.choice(CATEGORIES),
            photos=number % 3,
            anonymous=chance.random() < 0.3,
            twice=chance.random() < 0.2,
        )
        for number in range(count)
    ]
    return sorted(found, key=lambda one: one.at)


def registrations(scenario: Scenario) -> Iterator[Registration]:
    """Yield when everybody registers who has not done so for an outing before, evenly over the span."""
    people = list(range(scenario.population.residents))
    _chance(scenario, "registrations").shuffle(people)
    for place, person in enumerate(people):
        yield Registration(0.95 * scenario.span * place / len(people), person)


def _outings_of(scenario: Scenario, compound: int) -> list[Outing]:
    chance = _chance(scenario, f"outings/{compound}")
    found = []
    for day in range(math.ceil((scenario.span + STARTS) / DAY)):
        for home in scenario.population.households(compound):
            for person, reason in _wishes(scenario.rates, home, chance):
                leaves = day * DAY + _hour(chance) - STARTS
                if 0 < leaves <= scenario.span:
                    found.append(_outing(scenario.rates, person, reason, leaves, chance))
    if found and not any(one.out.temperature_c >= 37.3 for one in found):
        # The smallest district has a fever, too.
        ill = replace(found[0].out, temperature_c=38.4, site=Site.EAR)
        found[0] = replace(found[0], out=ill, reason=ExitReason.MEDICAL, revoked=False)
    if found and compound == 0:
        _lent(scenario, found)
    return sorted(found, key=lambda one: one.asked)


def _lent(scenario: Scenario, found: list[Outing]) -> None:
    """Let somebody lend their pass while both gates are apart, so that there is something to contradict."""
    apart = [one for one in outages(scenario) if one.compound == 0]
    middle = (max(one.at for one in apart) + min(one.until for one in apart)) / 2
    lender = found[-1]
    out = replace(lender.out, at=middle, temperature_c=36.5, site=Site.FOREHEAD, retest=None, twice=False)
    home = replace(lender.home, at=max(lender.home.at, middle + HOUR))
    found[-1] = replace(
        lender, asked=middle / 2, reason=ExitReason.MEDICAL, out=out, home=home, copied=True, revoked=False
    )


def _wishes(rates: Rates, home: range, chance: Random) -> Iterator[tuple[int, ExitReason]]:
    if chance.random() < rates.supplies:
        yield chance.choice(home), ExitReason.SUPPLIES
        if chance.random() < rates.second / rates.supplies:
            yield chance.choice(home), ExitReason.SUPPLIES
    for person in home:
        lot = chance.random()
        if lot < rates.medical:
            yield person, ExitReason.MEDICAL
        elif lot < rates.medical + rates.emergency:
            yield person, ExitReason.EMERGENCY
        elif lot < rates.medical + rates.emergency + rates.work:
            yield person, ExitReason.WORK


def _outing(rates: Rates, person: int, reason: ExitReason, leaves: float, chance: Random) -> Outing:
    back = leaves + chance.triangular(15, 170, 50) * MINUTE
    return Outing(
        person=person,
        asked=max(0.0, leaves - chance.triangular(3, 90, 20) * MINUTE),
        reason=reason,
        out=_passage(rates, leaves, chance),
        home=_passage(rates, back, chance),
        along=chance.random() < 0.6,
        looked_up=chance.random() < rates.looked_up,
        revoked=chance.random() < rates.revoked,
        twice=chance.random() < rates.twice,
    )


def _passage(rates: Rates, at: float, chance: Random) -> Passage:
    temperature, site, retest = round(chance.gauss(36.5, 0.2), 1), Site.FOREHEAD, None
    lot = chance.random()
    if lot < rates.fever:
        temperature = round(chance.uniform(37.4, 39.5), 1)
        site = chance.choice((Site.FOREHEAD, Site.WRIST, Site.EAR))
        retest = chance.choice((temperature, temperature, 36.6, None))
    elif lot < rates.fever + rates.cold:
        temperature, retest = 33.9, 36.4
    return Passage(
        at=at,
        gate=chance.randrange(GATES),
        by_device=chance.random() < rates.by_device,
        temperature_c=min(temperature, 37.2) if lot >= rates.fever else temperature,
        site=site,
        retest=retest,
        twice=chance.random() < rates.twice,
    )


def _hour(chance: Random) -> float:
    middle, spread, _ = chance.choices(WAVES, [share for *_, share in WAVES])[0]
    return min(max(chance.gauss(middle, spread), 5 * HOUR), 22.5 * HOUR)


def _chance(scenario: Scenario, what: str) -> Random:
    return Random(f"{scenario.population.seed}/{what}")  # noqa: S311  # a plan, no secret
