"""Roster files as a property manager has them."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xlsxwriter
from python_calamine import CalamineWorkbook

from tests.people import id_number, phone

HEADERS = ("楼栋", "单元", "房号", "面积", "卧室", "客厅", "姓名", "身份证号", "电话", "关系")


@dataclass(frozen=True)
class Owner:
    name: str
    number: str
    phone: str
    building: str = "3栋"
    unit: str = "1单元"
    room: str = "502室"
    relation: str = "业主"

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.building,
            self.unit,
            self.room,
            "89.5",
            "2",
            "1",
            self.name,
            self.number,
            self.phone,
            self.relation,
        )


def owner(name: str = "王小明", **place: str) -> Owner:
    return Owner(name, id_number(), phone(), **place)


def xlsx(*owners: Owner, headers: tuple[str, ...] = HEADERS) -> bytes:
    return workbook([headers, *(one.cells for one in owners)])


def workbook(rows: Iterable[Sequence[str]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return file.getvalue()


def cells(content: bytes) -> list[list[str]]:
    """Read a workbook as anybody's spreadsheet does."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
