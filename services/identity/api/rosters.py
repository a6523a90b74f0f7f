"""Importing a compound's roster: the file is read by a program of its own, the good rows stored as they come."""

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.identity.api.cabinet import Cabinet
from services.identity.api.deps import AcceptLanguage, Cabinets, Working
from services.identity.api.roster_reader import read_roster, rejected_workbook
from services.identity.domain import Entry, Flat, Relation, household
from services.identity.handlers import Imported, ImportRoster, Line, import_roster
from services.identity.store import IdentityStore, entry_id
from shared.contracts.area import COMPOUND_DEPTH, AreaPath, depth
from shared.errors import DomainError, FieldFault, Kind, invalid
from shared.texts import Language, preferred, sentence
from shared.web.auth import ManagerOrAdmin
from shared.web.strict import StrictRoute
from shared.work import Work

router = APIRouter(prefix="/v1/rosters", tags=["rosters"], route_class=StrictRoute)

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AT_ONCE = 400
"""Rows of one transaction: some tens of milliseconds, and never more memory than this."""


class RejectedRow(BaseModel):
    """Why a row was left out; `row` is its number in the spreadsheet, where the header is 1."""

    row: int
    column: str
    code: str
    message: str


class RosterResult(BaseModel):
    """What became of the rows. The same file again: all unchanged."""

    imported: int
    changed: int
    unchanged: int
    rejected: list[RejectedRow]


@router.post("")
async def import_file(
    file: Annotated[UploadFile, File()],
    area: Annotated[AreaPath, Form()],
    caller: ManagerOrAdmin,
    work: Working,
    cabinet: Cabinets,
    accept_language: AcceptLanguage = None,
) -> RosterResult:
    """Import a roster as XLSX or CSV. A bad row never stops the good ones; a wrong header stops all."""
    caller.require(area)
    await _require_compound(area, work)
    language = preferred(accept_language)
    total, rejected = Imported(0, 0, 0), list[RejectedRow]()
    async with read_roster(file) as said:
        rows: list[dict[str, Any]] = []
        async for one in said:
            if "rejected" in one:
                rejected.append(_rejected(one["rejected"], language))
            else:
                rows.append(one["row"])
            if len(rows) == AT_ONCE:
                total, rows = await _store(area, rows, total, work, cabinet), []
        total = await _store(area, rows, total, work, cabinet)
    rejected.sort(key=lambda one: one.row)
    return RosterResult(imported=total.imported, changed=total.changed, unchanged=total.unchanged, rejected=rejected)


@router.post(
    "/rejected",
    response_class=Response,
    responses={200: {"content": {WORKBOOK: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def return_rejected(
    file: Annotated[UploadFile, File()],
    area: Annotated[AreaPath, Form()],
    caller: ManagerOrAdmin,
    work: Working,
    accept_language: AcceptLanguage = None,
) -> Response:
    """Return what an import of this file rejects, as an XLSX to correct and import; nothing is stored.

    The rows are as they stood, all cells as text; a last column says what is wrong with each.
    """
    caller.require(area)
    await _require_compound(area, work)
    workbook = await rejected_workbook(file, preferred(accept_language))
    headers = {"Content-Disposition": 'attachment; filename="rejected.xlsx"'}
    return StreamingResponse(_pieces(workbook), media_type=WORKBOOK, headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(256 * 1024):
            yield piece


async def _require_compound(area: str, work: Work[IdentityStore]) -> None:
    if depth(area) != COMPOUND_DEPTH:
        raise invalid("area", "roster_area")
    if await work.view(lambda store: store.area(area)) is None:
        raise DomainError(Kind.NOT_FOUND, "area_unknown", [FieldFault("area", "area_unknown")])


def _rejected(said: list[Any], language: Language) -> RejectedRow:
    row, column, code, params = said
    return RejectedRow(row=row, column=column, code=code, message=sentence(code, language, params))


# Storing


async def _store(
    compound: str, rows: list[dict[str, Any]], total: Imported, work: Work[IdentityStore], cabinet: Cabinet
) -> Imported:
    if not rows:
        return total
    digests = {_entry_id(compound, row, cabinet): _digest(row, cabinet) for row in rows}
    known = await work.view(lambda store: store.digests(list(digests)))
    # Most rows of a file that comes again are as they were: those are neither sealed nor written.
    fresh = [
        (row, (entry_id, digest))
        for row, (entry_id, digest) in zip(rows, digests.items(), strict=True)
        if known.get(entry_id) != digest
    ]
    lines = await asyncio.to_thread(lambda: [_line(compound, row, key, cabinet) for row, key in fresh])
    outcome = Imported(0, 0, 0)
    if lines:
        outcome = await work.run(import_roster, ImportRoster(compound, lines))
    return Imported(
        total.imported + outcome.imported,
        total.changed + outcome.changed,
        total.unchanged + outcome.unchanged + len(rows) - len(fresh),
    )


def _entry_id(compound: str, row: dict[str, Any], cabinet: Cabinet) -> str:
    return entry_id(compound, cabinet.lookup("id_number", row["id_number"]))


def _digest(row: dict[str, Any], cabinet: Cabinet) -> str:
    content = {key: value for key, value in row.items() if key != "row"}
    return cabinet.lookup("entry", json.dumps(content, sort_keys=True))


def _line(compound: str, row: dict[str, Any], key: tuple[str, str], cabinet: Cabinet) -> Line:
    entry_id, digest = key
    entry = Entry(
        id=entry_id,
        compound=compound,
        household=household(compound, row["building"], row["unit"], row["room"]),
        name=cabinet.seal("name", row["name"]),
        id_number=cabinet.seal("id_number", row["id_number"]),
        phone=cabinet.seal("phone", row["phone"]) if row["phone"] else None,
        relation=Relation(row["relation"]),
        digest=digest,
    )
    counts = (row["bedrooms"], row["living_rooms"])
    bedrooms, living_rooms = (int(count) if count is not None else None for count in counts)
    flat = Flat(row["floor_area"], bedrooms, living_rooms)
    return Line(entry, (row["building"], row["unit"], row["room"]), flat)
