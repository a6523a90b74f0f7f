"""The people of a simulated district: invented, and always the same for the same seed.

Nobody is kept in memory: a person follows from the seed and a number. Their names are strings of syllables such as
nobody has, their ID numbers have order numbers from 900 on and true check digits, their phones begin with 199.
"""

import csv
import importlib
import importlib.util
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from stdnum.cn import ric

from menshen.seed import HEADER

HOUSEHOLD = 3
"""How many live in each room."""
ROOMS_OF_A_FLOOR, FLOORS, UNITS = 4, 11, 3
SYLLABLES = "阿巴达卡拉玛纳帕萨塔瓦雅哈佳莎扎德科勒摩诺普"
REGION = "340111"
_RELATIONS = ("业主", "家属", "租户")
_FIRST_DAY, _DAYS, _ORDERS = date(1940, 1, 1), 24_000, 100
_STRIDE = 7919
"""Has no divisor in common with the number of ID numbers, so that stepping by it meets each once."""
_A_RUN = 1_000_000
"""How many phones each run on one data folder has for itself."""


@dataclass(frozen=True, slots=True)
class Person:
    """An invented resident as the roster has them; `compound` counts from 0."""

    number: int
    compound: int
    building: str
    unit: str
    room: str
    name: str
    id_number: str
    phone: str
    relation: str

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the roster."""
        place = (self.building, self.unit, self.room, "89.5", "2", "1")
        return (*place, self.name, self.id_number, self.phone, self.relation)


@dataclass(frozen=True, slots=True)
class Population:
    """So many people in so many compounds; `run` tells apart the runs on one data folder."""

    seed: int
    compounds: int
    residents: int
    run: int = 1

    def of(self, compound: int) -> range:
        """Return the numbers of those who live in a compound."""
        return range(self._first(compound), self._first(compound + 1))

    def compound_of(self, number: int) -> int:
        """Say in which compound somebody lives."""
        guess = number * self.compounds // self.residents
        return next(
            one for one in (guess, guess + 1, guess - 1) if 0 <= one < self.compounds and number in self.of(one)
        )

    def households(self, compound: int) -> Iterator[range]:
        """Yield the numbers of those who share a room, room by room."""
        people = self.of(compound)
        for first in range(people.start, people.stop, HOUSEHOLD):
            yield range(first, min(first + HOUSEHOLD, people.stop))

    def person(self, number: int) -> Person:
        """Invent somebody."""
        compound = self.compound_of(number)
        home, member = divmod(number - self._first(compound), HOUSEHOLD)
        rest, side = divmod(home, ROOMS_OF_A_FLOOR)
        rest, floor = divmod(rest, FLOORS)
        building, unit = divmod(rest, UNITS)
        return Person(
            number=number,
            compound=compound,
            building=f"{building + 1}栋",
            unit=f"{unit + 1}单元",
            room=f"{floor + 1}{side + 1:02d}室",
            name=self._name(number),
            id_number=self._id_number(number),
            phone=f"199{(self.run % 100) * _A_RUN + number:08d}",
            relation=_RELATIONS[member],
        )

    def roster(self, compound: int) -> tuple[str, bytes]:
        """Return a compound's roster as a file: every second one is XLSX where that can be written."""
        rows = [HEADER, *(self.person(number).row for number in self.of(compound))]
        if compound % 2 and importlib.util.find_spec("xlsxwriter"):
            return "roster.xlsx", _xlsx(rows)
        table = io.StringIO()
        csv.writer(table).writerows(rows)
        return "roster.csv", table.getvalue().encode("utf-8-sig")

    def _first(self, compound: int) -> int:
        return compound * self.residents // self.compounds

    def _name(self, number: int) -> str:
        chance = Random(f"{self.seed}/name/{number}")  # noqa: S311  # invented people, not secrets
        family = chance.choice(SYLLABLES) + chance.choice(SYLLABLES)
        return f"{family}·{''.join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))}"

    def _id_number(self, number: int) -> str:
        start = Random(self.seed).randrange(_DAYS * _ORDERS)  # noqa: S311
        day, order = divmod((start + (self.run * _A_RUN + number) * _STRIDE) % (_DAYS * _ORDERS), _ORDERS)
        head = f"{REGION}{_FIRST_DAY + timedelta(days=day):%Y%m%d}{900 + order}"
        return head + ric.calc_check_digit(head + "0")


def _xlsx(rows: list[tuple[str, ...]]) -> bytes:
    # For development only, hence not there for every mypy and every installation.
    xlsxwriter: Any = importlib.import_module("xlsxwriter")
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return file.getvalue()
