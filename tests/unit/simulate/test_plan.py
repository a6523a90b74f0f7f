"""The plan of a simulated day."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from menshen.simulate.people import HOUSEHOLD, Population
from menshen.simulate.plan import DAY, HOUR, STARTS, Scenario, clues, outages, outings, registrations
from shared.fields import check_id_number, check_name, check_phone

WHOLE_DAY = Scenario(Population(2020, 4, 1200), minutes=1, speed=24 * 60)


def plan_of(scenario: Scenario) -> tuple:
    return list(outings(scenario)), list(registrations(scenario)), clues(scenario), outages(scenario)


class TestPlan:
    def test_follows_from_its_seed(self) -> None:
        """A fault that a run finds can be met again; another seed meets others."""
        other = replace(WHOLE_DAY, population=replace(WHOLE_DAY.population, seed=2021))

        assert plan_of(WHOLE_DAY) == plan_of(WHOLE_DAY)
        assert plan_of(WHOLE_DAY) != plan_of(other)

    def test_is_the_same_whatever_the_speed(self) -> None:
        """Speed changes when things come on the wall clock, not what happens in the simulated day."""
        slower = replace(WHOLE_DAY, minutes=10, speed=WHOLE_DAY.speed / 10)

        assert plan_of(slower) == plan_of(WHOLE_DAY)
        assert slower.wall(DAY) == 10 * WHOLE_DAY.wall(DAY)

    def test_is_in_order(self) -> None:
        """Whoever plays it never looks back."""
        for things, at in zip(plan_of(WHOLE_DAY), ("asked", "at", "at", "at"), strict=True):
            times = [getattr(one, at) for one in things]
            assert times == sorted(times)

    def test_has_three_waves(self) -> None:
        """Gates are not met evenly: more go out at each peak than in the hours between."""
        hours = Counter(int((one.out.at + STARTS) % DAY // HOUR) for one in outings(WHOLE_DAY))

        assert min(hours[7], hours[12], hours[18]) > max(hours[9], hours[15], hours[21])

    def test_goes_out_after_asking_and_home_after_that(self) -> None:
        """Nobody stands at a gate without a pass by plan."""
        assert all(one.asked <= one.out.at < one.home.at for one in outings(WHOLE_DAY))

    @pytest.mark.parametrize("residents", [20, 200, 5000])
    def test_holds_a_bit_of_everything_however_small(self, residents: int) -> None:
        """The smoke run exercises what the large one does: a fever, a lent pass, clues with photos and without."""
        scenario = replace(WHOLE_DAY, population=Population(2020, 2, residents))
        going, _, reported, apart = plan_of(scenario)

        assert any(one.out.temperature_c >= 37.3 for one in going)
        lent = [one for one in going if one.copied]
        both = [one for one in apart if one.compound == 0]
        assert len(lent) == 1
        assert all(one.at < lent[0].out.at < one.until for one in both)
        assert {bool(one.photos) for one in reported} == {True, False}


class TestPeople:
    def test_are_nobody_and_each_another(self) -> None:
        """ID numbers, phones and names pass every check, and no two people or runs share a number."""
        first, second = Population(2020, 3, 1000), Population(2020, 3, 1000, run=2)
        everybody = [one.person(number) for one in (first, second) for number in range(1000)]

        assert len({one.id_number for one in everybody}) == len({one.phone for one in everybody}) == 2000
        for one in everybody:
            assert check_id_number(one.id_number) == one.id_number
            assert check_phone(one.phone) == one.phone
            assert check_name(one.name) == one.name

    def test_share_rooms_by_threes(self) -> None:
        """A household's quota means something only where somebody shares it."""
        population = Population(2020, 7, 1000)

        for compound in range(7):
            homes = list(population.households(compound))
            rooms = {(one.building, one.unit, one.room) for home in homes for one in map(population.person, home)}
            assert list(itertools.chain(*homes)) == list(population.of(compound))
            assert len(rooms) == len(homes)
            assert all(len(home) <= HOUSEHOLD for home in homes)
            assert {population.compound_of(number) for number in population.of(compound)} == {compound}
