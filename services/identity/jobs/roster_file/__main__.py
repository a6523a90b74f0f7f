"""Reads one roster file: a program of its own, within bounds of memory and time, because files come from anywhere.

    python -m services.identity.jobs.roster_file <file> <name> [<workbook> <language>]

Writes JSON lines: one `{"refused": code}` or `{"faults": [...]}` when nothing is to be imported, else one
`{"rejected": [row, column, code, params]}` or `{"row": {...}}` each, and `{"done": true}` when all was said.
With a workbook to write, the rejected rows go there and nothing is said of them.
"""

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.identity.jobs.roster_file.faults import Faulty, Refused
from services.identity.jobs.roster_file.files import MAX_FAULTS, open_rows
from services.identity.jobs.roster_file.rows import read_header, read_rows

if TYPE_CHECKING:
    from shared.texts import Language

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 60
WRITTEN = 128 * 1024 * 1024
"""A text that many cells of a workbook share is written once for each."""


def main(path: str, name: str, workbook: str = "", language: "Language" = "zh") -> None:
    """Read the file and say what is in it, or write down what is to be corrected."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    try:
        if workbook:
            # What writes workbooks takes memory that reading them alone does not need.
            from services.identity.jobs.roster_file.rejected import write_rejected  # noqa: PLC0415

            write_rejected(Path(path), name, Path(workbook), language)
        else:
            _say_all(Path(path), name)
    except Refused as refusal:
        _say({"refused": str(refusal)})
    except (MemoryError, OSError):
        _say({"refused": "roster_unpacked_too_large"})
    except Faulty as fault:
        _say({"faults": fault.faults[:MAX_FAULTS]})
    _say({"done": True})


def _say_all(path: Path, name: str) -> None:
    rows = open_rows(path, name)
    header = read_header(next(rows, (1, [])))
    for said in read_rows(header, rows):
        _say(said)


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]  # the service names a language
