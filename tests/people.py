"""Invented people: valid numbers that belong to nobody, and facts about them as identity would tell."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from stdnum.cn import ric

from shared.contracts import Fact
from shared.contracts.identity import ResidentVerified
from shared.contracts.values import ExitWish
from shared.ids import new_id


def id_number(region: str = "340111", born: str | None = None) -> str:
    """Make a valid number with a random order number, and of a random grown-up's birth date unless one is given.

    A thousand order numbers alone would give two people of one test the same number now and then.
    """
    born = born or f"{date(1960, 1, 1) + timedelta(days=secrets.randbelow(10_000)):%Y%m%d}"
    head = f"{region}{born}{secrets.randbelow(1000):03d}"
    return head + ric.calc_check_digit(head + "0")


def phone() -> str:
    return f"139{secrets.randbelow(10**8):08d}"


@dataclass(frozen=True)
class Person:
    resident: str
    account: str
    room: str


def somebody(compound: str, room: str = "b1.u1.r101") -> Person:
    return Person(new_id("res"), new_id("acc"), f"{compound}.{room}")


def verified(person: Person, *, lookup: str = "", wish: ExitWish | None = None, sequence: int = 1) -> Fact:
    event = ResidentVerified(
        label="张**",
        accounts=[person.account],
        id_lookup=lookup or secrets.token_hex(32),
        birth_year=1980,
        verified_by="machine",
        first_exit=wish,
    )
    return Fact(event, person.resident, person.room, sequence)
