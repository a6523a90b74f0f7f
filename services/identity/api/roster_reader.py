"""Roster files on their way through the program that reads them; a file's copy is gone when that has ended."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import UploadFile

from shared.errors import DomainError, FieldFault, Kind
from shared.texts import Language

MAX_FILE = 8 * 1024 * 1024
READ_SECONDS = 60
_reading = asyncio.Semaphore(2)

Said = AsyncIterator[dict[str, Any]]


@asynccontextmanager
async def read_roster(file: UploadFile) -> AsyncIterator[Said]:
    """Give what the program says of each row. Raises, while that is read, what it says of the file as a whole."""
    async with _reading, _copied(file) as copy, _program(copy, _plain_name(file)) as said:
        yield said


async def rejected_workbook(file: UploadFile, language: Language) -> BinaryIO:
    """Return the workbook of the rejected rows, open, and known by no name any more. Raises as reading does."""
    async with _reading, _copied(file) as copy:
        workbook = copy.with_name("rejected.xlsx")
        async with _program(copy, _plain_name(file), workbook, language) as said:
            async for _nothing in said:
                pass
        return await asyncio.to_thread(workbook.open, "rb")


def _plain_name(file: UploadFile) -> str:
    return os.path.basename(file.filename or "")[-40:]  # noqa: PTH119  # a name from outside is no path


@asynccontextmanager
async def _copied(file: UploadFile) -> AsyncIterator[Path]:
    """Copy the file into a folder of its own, where the program puts what it writes too."""
    with tempfile.TemporaryDirectory(prefix="roster-") as folder, tempfile.NamedTemporaryFile(dir=folder) as copy:
        taken = 0
        while chunk := await file.read(256 * 1024):
            taken += len(chunk)
            if taken > MAX_FILE:
                raise DomainError(Kind.TOO_LARGE, "body_too_large")
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


@asynccontextmanager
async def _program(copy: Path, *arguments: str | Path) -> AsyncIterator[Said]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.identity.jobs.roster_file",
        copy,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "TMPDIR": str(copy.parent),
        },
        limit=1024 * 1024,
    )
    try:
        yield _said(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _said(process: asyncio.subprocess.Process) -> Said:
    """Yield what the program says. Raises what it says of the file, and for its untimely end."""
    if process.stdout is None:
        raise RuntimeError("the roster reader has no output")
    while True:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), READ_SECONDS)
        except TimeoutError:
            raise DomainError(Kind.TOO_LARGE, "roster_unpacked_too_large") from None
        if not line:
            killed = await process.wait() < 0
            raise _refusal("roster_unpacked_too_large" if killed else "roster_format")
        said: dict[str, Any] = json.loads(line)
        if "done" in said:
            return
        if "refused" in said:
            raise _refusal(said["refused"])
        if "faults" in said:
            faults = [FieldFault(cell, code, params) for cell, code, params in said["faults"]]
            raise DomainError(Kind.INVALID, faults[0].code if len(faults) == 1 else "roster_faulty", faults)
        yield said


def _refusal(code: str) -> DomainError:
    return DomainError(Kind.UNSUPPORTED if code == "roster_format" else Kind.TOO_LARGE, code)
