"""Writes the rows that an import rejects as a workbook to correct: as they stood, with what is wrong in a last column.

A workbook, since only there text stays text: no ID number loses its digits and no cell becomes a formula.
"""

from collections import defaultdict
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.identity.jobs.roster_file.faults import Cell, Refused, Rows, as_text
from services.identity.jobs.roster_file.files import open_rows
from services.identity.jobs.roster_file.rows import read_header, read_rows
from shared.texts import Language, sentence

HEADING: dict[Language, str] = {"zh": "需要更正", "en": "To be corrected"}
"""Above the last column. No field has this name, so an import passes over it."""
LONGEST = 32_767
"""Characters of a cell, as Excel counts them."""
COLUMN, NOTE = 16, 60
"""Widths, in characters."""


def write_rejected(path: Path, name: str, to: Path, language: Language) -> None:
    """Write the workbook. Raises Refused or Faulty for the file as a whole, as an import does."""
    rejected = _Rejected(open_rows(path, name))
    try:
        # In constant memory: row by row through a file beside the workbook, which goes when its folder goes.
        with Workbook(to, {"constant_memory": True, "tmpdir": str(to.parent)}) as book:
            sheet = _Sheet(book, rejected, language)
            for number, cells in open_rows(path, name):
                sheet.write(number, cells)
    except XlsxWriterException:
        raise Refused("roster_unpacked_too_large") from None


class _Rejected:
    """What an import of these rows rejects: of each row, by its number, what is wrong in which field.

    With a row that is wrong because of another comes the other: alone, it would be taken for right the next time.
    """

    def __init__(self, rows: Rows) -> None:
        self.faults: dict[int, dict[tuple[str, str], dict[str, str]]] = defaultdict(dict)
        number, self.headings = next(rows, (1, []))
        self.columns = read_header((number, self.headings))
        self.width = len(self.headings)
        for said in read_rows(self.columns, self._measured(rows)):
            if "rejected" in said:
                row, field, code, params = said["rejected"]
                for one in (row, *_rows_of(params)):
                    self.faults[one].setdefault((field, code), params)
        self.numbers = {row: number for number, row in enumerate(sorted(self.faults), start=2)}

    def _measured(self, rows: Rows) -> Rows:
        for number, cells in rows:
            self.width = max(self.width, len(cells))
            yield number, cells

    def note(self, row: int, language: Language) -> str:
        """Say what is wrong, a line for each fault, by the headings and row numbers of the new workbook."""
        return "\n".join(
            f"{as_text(self.headings[self.columns[field]]).strip()}{': ' if language == 'en' else '：'}"
            + sentence(code, language, self._renumbered(params))
            for (field, code), params in self.faults[row].items()
        )

    def _renumbered(self, params: dict[str, str]) -> dict[str, str]:
        rows = ", ".join(str(self.numbers[row]) for row in _rows_of(params))
        return {**params, "rows": rows} if rows else params


def _rows_of(params: dict[str, str]) -> list[int]:
    return [int(row) for row in params["rows"].split(", ")] if "rows" in params else []


class _Sheet:
    """The workbook's one sheet. Notes from an earlier time, in a file that comes again, give way to the new ones."""

    def __init__(self, book: Workbook, rejected: _Rejected, language: Language) -> None:
        self._rejected, self._language = rejected, language
        headings = [as_text(heading).strip() for heading in rejected.headings]
        self._note = next((at for at, one in enumerate(headings) if one in HEADING.values()), rejected.width)
        self._width = max(rejected.width, self._note + 1)
        self._head, self._text, self._wrong, self._told = (
            book.add_format({"num_format": "@", "valign": "top", **look})
            for look in ({"bold": True}, {}, {"bg_color": "#FDECEA"}, {"text_wrap": True, "font_color": "#7A150F"})
        )
        self._sheet: Worksheet = book.add_worksheet()
        self._sheet.set_column(0, self._width - 1, COLUMN, self._text)
        self._sheet.set_column(self._note, self._note, NOTE, self._told)
        self._sheet.freeze_panes(1, 0)
        # Excel would mark every number that is text, and text is what they are meant to be.
        self._sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rejected.faults) + 1}"})

    def write(self, number: int, cells: list[Cell]) -> None:
        """Write a row, if it is the header or to be corrected."""
        if number == 1:
            self._fill(0, cells, [self._head] * self._width, HEADING[self._language])
        elif number in self._rejected.faults:
            looks = [self._text] * self._width
            for field, _code in self._rejected.faults[number]:
                looks[self._rejected.columns[field]] = self._wrong
            looks[self._note] = self._told
            note = self._rejected.note(number, self._language)
            self._fill(self._rejected.numbers[number] - 1, cells, looks, note)

    def _fill(self, row: int, cells: list[Cell], looks: list[Format], note: str) -> None:
        texts = [as_text(cell) for cell in cells] + [""] * (self._width - len(cells))
        texts[self._note] = note
        for column, (text, look) in enumerate(zip(texts, looks, strict=True)):
            self._sheet.write_string(row, column, text[:LONGEST], look)
