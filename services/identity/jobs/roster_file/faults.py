"""What can be wrong with a roster file, and how its cells are named."""

from collections.abc import Iterator
from typing import Any

Cell = Any
Rows = Iterator[tuple[int, list[Cell]]]
Fault = tuple[str, str, dict[str, str]]
"""Where (a cell or a column), the code, and what fills its sentence."""


class Refused(Exception):
    """The file as a whole is none that is read."""


class Faulty(Exception):
    """The file's form is wrong; every fault with its cell."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(len(faults))
        self.faults = faults


EXACT = 10**15
"""Spreadsheets keep fifteen digits of a number."""


def as_text(cell: Cell) -> str:
    """Return a cell as text. A number whose last digits are lost stays visibly one: nobody may take it for whole."""
    if isinstance(cell, (int, float)) and abs(cell) >= EXACT:
        return f"{cell:.14E}"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def letters_of(column: int) -> str:
    """Name a column as the spreadsheet does: 0 is A."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Count the columns up to this one: A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def cell_name(row: int, column: int) -> str:
    """Name a cell, such as C7; rows count from 1, columns from 0."""
    return f"{letters_of(column)}{row}"
