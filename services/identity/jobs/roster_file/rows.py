"""Reads a roster's header and rows: each good one as plain values, each bad one with its column and reason."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO, Any

from pydantic_core import PydanticCustomError

from services.identity.domain.places import slug
from services.identity.domain.residents import Relation
from services.identity.jobs.roster_file.faults import Cell, Fault, Faulty, Rows, as_text, cell_name, letters_of
from shared.fields import check_id_number, check_name, check_phone

HEADERS = {
    "building": ("building", "楼栋", "楼号", "栋", "幢", "栋号", "楼"),
    "unit": ("unit", "单元", "单元号"),
    "room": ("room", "房号", "房间", "房间号", "室", "室号"),
    "floor_area": ("floorarea", "area", "面积", "建筑面积"),
    "bedrooms": ("bedrooms", "卧室", "卧室数", "室数"),
    "living_rooms": ("livingrooms", "客厅", "客厅数", "厅数"),
    "name": ("name", "姓名", "业主姓名"),
    "id_number": ("idnumber", "id", "idno", "身份证号", "身份证", "身份证号码"),
    "phone": ("phone", "mobile", "电话", "手机", "手机号", "联系电话", "手机号码", "电话号码"),
    "relation": ("relation", "关系", "与业主关系", "身份"),
}
REQUIRED = ("building", "room", "name", "id_number", "phone")
RELATIONS = {
    "owner": Relation.OWNER,
    "业主": Relation.OWNER,
    "户主": Relation.OWNER,
    "family": Relation.FAMILY,
    "家属": Relation.FAMILY,
    "家人": Relation.FAMILY,
    "tenant": Relation.TENANT,
    "租户": Relation.TENANT,
    "租客": Relation.TENANT,
    "": Relation.OWNER,
}
_BY_HEADER = {header: field for field, headers in HEADERS.items() for header in headers}
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[Ee]\+?\d+", re.ASCII)


def read_header(first: tuple[int, list[Cell]]) -> dict[str, int]:
    """Return each field's column. Raises Faulty with everything that is wrong with the header."""
    row, cells = first
    at: dict[str, list[int]] = {}
    for column, cell in enumerate(cells):
        plain = re.sub(r"[\s_*()（）-]+", "", unicodedata.normalize("NFKC", str(cell))).lower()
        if plain in _BY_HEADER:
            at.setdefault(_BY_HEADER[plain], []).append(column)
    faults = [("A1", "header_missing", {"header": HEADERS[field][1]}) for field in REQUIRED if field not in at]
    faults += [
        (cell_name(row, column), "header_twice", {"header": HEADERS[field][1]})
        for field, columns in at.items()
        for column in columns[1:]
    ]
    if row != 1:
        faults.insert(0, ("A1", "header_not_in_row_1", {}))
    if faults:
        raise Faulty(faults)
    return {field: columns[0] for field, columns in at.items()}


def read_rows(header: dict[str, int], rows: Rows) -> Iterator[dict[str, Any]]:
    """Yield what there is to say of the rows: the rejected first, then the good. Rows without a person are nothing."""
    with TemporaryFile() as file:
        good = _Good(file)
        for number, cells in rows:
            if all(str(cells[at]).strip() == "" for at in header.values() if at < len(cells)):
                continue
            row, faults = _read(header, number, cells)
            for at, (column, code, params) in faults or good.keep(row):
                yield {"rejected": [at, column, code, params]}
        for row in good.alone():
            yield {"row": row}


class _Good:
    """Good rows until the last one is read, for only then it is known whose number is theirs alone.

    They wait in a file: as objects they would take more memory than the whole sheet.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0
        self._first: dict[str, int] = {}
        self._shared: set[str] = set()

    def keep(self, row: dict[str, Any]) -> list[tuple[int, Fault]]:
        """Keep a row, unless its number was seen: the same person counts once, of two persons neither is believed."""
        number = row["id_number"]
        if number not in self._first:
            self._first[number] = self._end
            self._end += self._file.write(json.dumps(row).encode() + b"\n")
            return []
        first = self._at(self._first[number])
        rows = {"rows": f"{first['row']}, {row['row']}"}
        if first["name"] == row["name"] and number not in self._shared:
            return [(row["row"], ("id_number", "person_twice", rows))]
        told = [] if number in self._shared else [first["row"]]
        self._shared.add(number)
        return [(at, ("id_number", "id_number_shared", rows)) for at in (*told, row["row"])]

    def alone(self) -> Iterator[dict[str, Any]]:
        """Yield the rows whose number no other person has."""
        self._file.seek(0)
        for line in self._file:
            row: dict[str, Any] = json.loads(line)
            if row["id_number"] not in self._shared:
                yield row

    def _at(self, place: int) -> dict[str, Any]:
        self._file.seek(place)
        row: dict[str, Any] = json.loads(self._file.readline())
        self._file.seek(self._end)
        return row


def _read(header: dict[str, int], number: int, cells: list[Cell]) -> tuple[dict[str, Any], list[tuple[int, Fault]]]:
    row: dict[str, Any] = {"row": number}
    faults: list[tuple[int, Fault]] = []
    for field, read in _READERS.items():
        column = header.get(field)
        cell = cells[column] if column is not None and column < len(cells) else ""
        try:
            row[field] = read(cell)
        except PydanticCustomError as fault:
            letter = letters_of(column) if column is not None else ""
            faults.append((number, (field, fault.type, {"column": letter})))
    return row, faults


def _fault(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{code}", {"code": code})


def _plain(cell: Cell) -> str:
    return unicodedata.normalize("NFC", as_text(cell)).strip()


def _place(part: str) -> Callable[[Cell], str]:
    def read(cell: Cell) -> str:
        text = _plain(cell)
        if slug(part, text) is None or len(text) > 40:
            raise _fault(f"{part}_format")
        return text

    return read


def _id_number(cell: Cell) -> str:
    if isinstance(cell, (int, float)) or _SCIENTIFIC.fullmatch(cell.strip() if isinstance(cell, str) else ""):
        raise _fault("id_number_is_numeric_cell")
    return check_id_number(_plain(cell))


def _phone(cell: Cell) -> str | None:
    text = _plain(cell)
    return text if _MOBILE.fullmatch(text) else check_phone(text) if text else None


def _relation(cell: Cell) -> str:
    found = RELATIONS.get(_plain(cell).lower())
    if found is None:
        raise _fault("relation_unknown")
    return found.value


def _number(most: float) -> Callable[[Cell], float | None]:
    def read(cell: Cell) -> float | None:
        text = _plain(cell).removesuffix("㎡").removesuffix("m²").removesuffix("平方米").strip()
        if not text:
            return None
        if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text, re.ASCII) or not 0 <= float(text) <= most:
            raise _fault("number_out_of_range")
        return float(text)

    return read


_READERS: dict[str, Callable[[Cell], Any]] = {
    "building": _place("building"),
    "unit": _place("unit"),
    "room": _place("room"),
    "floor_area": _number(100_000),
    "bedrooms": _number(100),
    "living_rooms": _number(100),
    "name": lambda cell: check_name(_plain(cell)),
    "id_number": _id_number,
    "phone": _phone,
    "relation": _relation,
}
