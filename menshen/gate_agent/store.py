"""The agent's SQLite file: every scan before anything else, and what must outlive a restart.

A scan is `open` until it has its answer, `waiting` until the service has it, then `delivered`, or `refused` for good.
Every change is on the disk when its method returns; whatever is wrong with the file is a StoreFault.
"""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import aiosqlite

from menshen.gate_agent.domain import Earlier, Moment, Remembered
from menshen.gate_agent.records import (
    SCHEMA,
    Arrival,
    Ending,
    Kept,
    Outcome,
    clock_from,
    clock_text,
    from_ms,
    kept_of,
    ms,
    row_of,
    row_of_moment,
    row_of_outcome,
)
from shared.contracts.values import Decision, Direction, Fever

VERSION = 1
FILE = "scans.sqlite3"
_UNENDED = "state IN ('open', 'waiting')"


class StoreFault(Exception):
    """The file cannot be read or written just now: damaged, full, or made by a newer agent."""


class ScanStore:
    """One connection to the file, whose folder must have been locked against a second agent before."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Open the file, made where there is none, and look it through for damage."""
        with _faults():
            connection = await aiosqlite.connect(folder / FILE, isolation_level=None)
        try:
            with _faults():
                (folder / FILE).chmod(0o600)
                await _prepare(connection)
        except BaseException:
            await connection.close()
            raise
        return cls(connection)

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()

    # Scans

    async def add(self, arrival: Arrival, clock: Remembered) -> int:
        """Keep a scan, and what the clock has shown; returns its sequence."""
        row = row_of(arrival)
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        async with self._change() as db:
            made = await db.execute(f"INSERT INTO scan ({names}) VALUES ({marks})", row)  # noqa: S608  # our names
            await db.execute(*_noting("clock", clock_text(clock)))
        return int(made.lastrowid or 0)

    async def settle(self, sequence: int, moment: Moment, outcome: Outcome) -> None:
        """Keep a scan's answer and when it was given. The first one stays."""
        row = {**row_of_moment(moment), **row_of_outcome(outcome)}
        row["ended_at"] = None if outcome.state == "waiting" else row["at"]
        changes = ", ".join(f"{name} = :{name}" for name in row)
        query = f"UPDATE scan SET {changes} WHERE sequence = :sequence AND state = 'open'"  # noqa: S608  # our names
        async with self._change() as db:
            await db.execute(query, {**row, "sequence": sequence})

    async def by_nonce(self, nonce: str) -> Kept | None:
        """Find a scan by what its reader calls it."""
        rows = await self._rows("SELECT * FROM scan WHERE nonce = ?", nonce)
        return kept_of(rows[0]) if rows else None

    async def earlier(self, pass_id: str, besides: int) -> Earlier:
        """Return what this gate did with a pass, one scan left out."""
        rows = await self._rows(
            "SELECT id, direction, decision, fever, at FROM scan"
            " WHERE pass_id = ? AND sequence <> ? AND state <> 'open' ORDER BY sequence DESC",
            *(pass_id, besides),
        )
        used = {row["direction"]: from_ms(row["at"]) for row in rows if row["decision"] == Decision.ALLOW}
        last = rows[0] if rows and rows[0]["fever"] == Fever.UNCONFIRMED else None
        return Earlier(
            out_at=used.get(Direction.OUT),
            in_at=used.get(Direction.IN),
            unconfirmed_id=last["id"] if last else None,
            unconfirmed_at=from_ms(last["at"]) if last else None,
        )

    async def waiting(self, besides: int = 0) -> int:
        """Count the scans that the service does not have yet, one left out."""
        return await self._count(f"{_UNENDED} AND sequence <> ?", besides)

    async def refused(self) -> int:
        """Count the scans that the service would not take."""
        return await self._count("state = 'refused'")

    async def oldest(self, limit: int) -> list[Kept]:
        """List what the service does not have yet, in sequence."""
        query = f"SELECT * FROM scan WHERE {_UNENDED} ORDER BY sequence LIMIT ?"  # noqa: S608  # our words
        return [kept_of(row) for row in await self._rows(query, limit)]

    async def end(self, endings: Iterable[Ending], at: datetime) -> None:
        """Mark scans as taken by the service, or refused by it for good; all of them or none."""
        rows = [(one.state, json.dumps(one.told, ensure_ascii=False), ms(at), one.sequence) for one in endings]
        async with self._change() as db:
            await db.executemany("UPDATE scan SET state = ?, told = ?, ended_at = ? WHERE sequence = ?", rows)

    async def forget(self, before: datetime) -> int:
        """Remove what was delivered before an instant; returns how many. What was refused stays for somebody to see."""
        async with self._change() as db:
            gone = await db.execute("DELETE FROM scan WHERE state = 'delivered' AND ended_at < ?", (ms(before),))
        return gone.rowcount

    # Notes

    async def note(self, key: str) -> str | None:
        """Return what was noted under a key."""
        rows = await self._rows("SELECT value FROM note WHERE key = ?", key)
        return str(rows[0]["value"]) if rows else None

    async def put_notes(self, notes: Mapping[str, str]) -> None:
        """Note things, all of them or none."""
        async with self._change() as db:
            for key, value in notes.items():
                await db.execute(*_noting(key, value))

    async def clock(self) -> Remembered:
        """Return what the run before knew of the clock."""
        return clock_from(await self.note("clock"))

    async def put_clock(self, clock: Remembered) -> None:
        """Note what the next run has to know of the clock."""
        await self.put_notes({"clock": clock_text(clock)})

    # The file

    async def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with _faults():
            return list(await self._db.execute_fetchall(query, values))

    async def _count(self, condition: str, *values: Any) -> int:
        rows = await self._rows(f"SELECT count(*) AS many FROM scan WHERE {condition}", *values)  # noqa: S608
        return int(rows[0]["many"])

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[aiosqlite.Connection]:
        async with self._changing:
            with _faults():
                try:
                    await self._db.execute("BEGIN IMMEDIATE")
                    yield self._db
                    await self._db.execute("COMMIT")
                except BaseException:
                    # Whether it began, or a full disk has ended it already, only the file knows.
                    with contextlib.suppress(sqlite3.OperationalError, ValueError):
                        await self._db.execute("ROLLBACK")
                    raise


async def _prepare(db: aiosqlite.Connection) -> None:
    db.row_factory = sqlite3.Row
    damage = await db.execute_fetchall("PRAGMA quick_check(1)")
    if (said := next(iter(damage))[0]) != "ok":
        raise StoreFault(said)
    await db.execute("PRAGMA journal_mode = WAL")
    await db.execute("PRAGMA synchronous = FULL")
    version = next(iter(await db.execute_fetchall("PRAGMA user_version")))[0]
    if version > VERSION:
        raise StoreFault(f"made by a newer agent, version {version}")
    if version < VERSION:
        await db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")


def _noting(key: str, value: str) -> tuple[str, tuple[str, str]]:
    return "INSERT INTO note VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:  # the last is a closed connection's
        raise StoreFault(str(error)) from error
