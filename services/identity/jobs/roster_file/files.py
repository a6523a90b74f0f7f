"""Opens a roster file by what it is, not what it is called: XLSX or CSV, and nothing that could do harm."""

import contextlib
import csv
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET  # a DOCTYPE is refused before it is read
from xml.parsers import expat

import python_calamine as calamine

from services.identity.jobs.roster_file.faults import Fault, Faulty, Refused, Rows, cell_name, column_number

MAX_UNPACKED = 100 * 1024 * 1024
MAX_RATIO = 100
RATIO_FROM = 100 * 1024
"""Small parts may be as empty as they like; the same grace as Apache POI's."""
MAX_ENTRIES = 1000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_FAULTS = 200


def open_rows(path: Path, name: str) -> Rows:
    """Return the rows with their numbers, the header's first. Raises Refused or Faulty for the file as a whole."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PK\x03\x04"):
        return _workbook_rows(path)
    if name.lower().endswith((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")) or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("roster_format")
    return _csv_rows(path)


def _csv_rows(path: Path) -> Rows:
    text = _decoded(path.read_bytes())
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    formulas = []
    rows = []
    try:
        for number, row in enumerate(reader, start=1):
            formulas += [cell_name(number, at) for at, cell in enumerate(row) if cell.lstrip().startswith("=")]
            rows.append((number, row))
    except csv.Error:
        raise Refused("roster_format") from None
    if len(rows) > MAX_ROWS or any(len(row) > MAX_COLUMNS for _number, row in rows):
        raise Faulty([("A" + str(MAX_ROWS), "roster_too_long", {})])
    if formulas:
        raise Faulty([(cell, "cell_is_formula", {}) for cell in formulas])
    return iter(rows)


def _decoded(content: bytes) -> str:
    if any(byte < 32 and byte not in b"\t\r\n" for byte in content[:4096]) or b"\x00" in content:
        raise Refused("roster_format")
    for encoding in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise Refused("roster_format")


def _workbook_rows(path: Path) -> Rows:
    try:
        with zipfile.ZipFile(path) as package:
            _require_harmless(package)
            part, sheet = _first_sheet(package)
            scan = _scan(package, part)
        if scan.rows > MAX_ROWS or scan.columns > MAX_COLUMNS:
            # Before it is loaded: every cell up to the farthest would take its place.
            raise Faulty([(f"A{MAX_ROWS}", "roster_too_long", {})])
        with calamine.CalamineWorkbook.from_path(path) as book:
            return _sheet_rows(book.get_sheet_by_name(sheet), scan)
    except (zipfile.BadZipFile, KeyError, ET.ParseError, expat.ExpatError, calamine.CalamineError):
        raise Refused("roster_format") from None
    except (NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        # zipfile's words for a compression or encryption it does not know, and for a part that ends too soon.
        raise Refused("roster_format") from None


def _require_harmless(package: zipfile.ZipFile) -> None:
    entries = package.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    bombs = [
        entry
        for entry in entries
        if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * max(1, entry.compress_size)
    ]
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or bombs:
        raise Refused("roster_unpacked_too_large")
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        raise Refused("roster_format")
    if b"macroEnabled" in package.read("[Content_Types].xml"):
        raise Refused("roster_format")


def _first_sheet(package: zipfile.ZipFile) -> tuple[str, str]:
    """Return the part and name of the first sheet. A hidden one anywhere is a fault: nobody sees what it holds."""
    book, relations = (_tree(package, part) for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    sheets = [one for one in book.iter() if one.tag.endswith("}sheet")]
    hidden = [at for at, one in enumerate(sheets, start=1) if one.get("state", "visible") != "visible"]
    if hidden:
        raise Faulty([(f"sheet {at}", "sheet_hidden", {}) for at in hidden])
    if not sheets:
        raise Refused("roster_format")
    relation = next(value for key, value in sheets[0].attrib.items() if key.endswith("}id"))
    target = targets[relation]
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return part, sheets[0].get("name", "")


def _tree(package: zipfile.ZipFile, part: str) -> ET.Element:
    content = package.read(part)
    if b"<!DOCTYPE" in content:
        raise Refused("roster_format")
    return ET.fromstring(content)  # noqa: S314  # without a DOCTYPE there is nothing to expand


class _Scan:
    """What only the sheet's XML tells: formulas, and how far its filled cells reach."""

    def __init__(self) -> None:
        self.formulas: list[str] = []
        self.rows = 0
        self.columns = 0
        self._cell = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self._cell = attributes.get("r", "")
        elif name == "f" and len(self.formulas) < MAX_FAULTS:
            self.formulas.append(self._cell)
        elif name in {"v", "is"}:
            letters = self._cell.rstrip("0123456789")
            self.rows = max(self.rows, int(self._cell[len(letters) :] or 0))
            self.columns = max(self.columns, column_number(letters))

    def doctype(self, *_about: object) -> None:
        raise Refused("roster_format")


def _scan(package: zipfile.ZipFile, part: str) -> _Scan:
    scan, parser = _Scan(), expat.ParserCreate()
    parser.StartElementHandler = scan.start
    parser.StartDoctypeDeclHandler = scan.doctype
    with package.open(part) as sheet:
        parser.ParseFile(sheet)
    return scan


def _sheet_rows(sheet: calamine.CalamineSheet, scan: _Scan) -> Rows:
    faults: list[Fault] = [(cell, "cell_is_formula", {}) for cell in scan.formulas]
    faults += [(cell_name(top + 1, left), "cell_is_merged", {}) for (top, left), _end in sheet.merged_cell_ranges or []]
    if faults:
        raise Faulty(faults)
    top, left = sheet.start or (0, 0)
    return ((top + at, [""] * left + row) for at, row in enumerate(sheet.iter_rows(), start=1))
