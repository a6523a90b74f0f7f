"""A real agent beside a real district: a process of its own, on a cable that can be cut."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from menshen.ports import is_free
from shared.ids import new_id
from tests.district import District
from tests.integration.gate.ways import Device

_PORTS = (port for port in range(26000, 26900) if is_free(port))
_WITH_A_CLOCK = """
import functools, sys
from datetime import timedelta
import typer
from menshen.gate_agent import life
from menshen.gate_agent.main import gate_agent
from shared.clock import utc_now
ahead = timedelta(seconds=float(sys.argv.pop(1)))
life.run = functools.partial(life.run, wall=lambda: utc_now() + ahead)
typer.run(gate_agent)
"""


class Cable:
    """The network between a gate and the gateway: bytes both ways, until it is cut."""

    def __init__(self, to: int) -> None:
        self.port = next(_PORTS)
        self._to = to
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.deaf = False
        """While true what the gate sends arrives, and nothing comes back to it."""

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._to)
        self._open |= {writer, there[1]}
        await asyncio.gather(_pour(reader, there[1]), self._back(there[0], writer), return_exceptions=True)
        self._open -= {writer, there[1]}

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self.deaf and (some := await reader.read(65536)) and not self.deaf:
            writer.write(some)
            await writer.drain()
        if not self.deaf:
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()


class Box:
    """One agent at one gate."""

    def __init__(self, district: District, device: Device, folder: Path) -> None:
        self.district, self.device, self.folder = district, device, folder
        self.cable = Cable(district.ports["gateway"])
        self.port = next(_PORTS)
        self.http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=15, headers={"Accept-Language": "en"}
        )
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, crash_at: str = "", clock: timedelta = timedelta(), live_seconds: float = 5) -> None:
        """Start the agent on a machine whose clock is ahead by so much."""
        await self.spawn(crash_at, clock, live_seconds)
        await self.district.until(self.status, timeout=20)

    async def spawn(self, crash_at: str = "", clock: timedelta = timedelta(), live_seconds: float = 5) -> None:
        env = {
            **os.environ,
            "MENSHEN_DEVICE_SECRET": self.device.secret,
            "MENSHEN_CRASH_AT": crash_at,
            "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode"),
        }
        where = ("--url", f"http://127.0.0.1:{self.cable.port}", "--port", str(self.port), "--data", str(self.folder))
        who = ("--device", self.device.id, "--gate", self.device.gate)
        pace = ("--every", "0.5", "--patience", "1", "--live-seconds", str(live_seconds))
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WITH_A_CLOCK, str(clock.total_seconds()), *where, *who, *pace),
            env=env,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    async def stop(self) -> None:
        await self.cable.cut()
        await self.http.aclose()
        if self.process and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def kill(self) -> None:
        assert self.process
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def status(self) -> dict[str, Any] | None:
        try:
            answer = await self.http.get("/v1/status")
        except httpx2.HTTPError:
            return None
        found: dict[str, Any] = answer.json()
        return found

    async def is_live(self) -> bool:
        status = await self.status()
        return bool(status and status["mode"] == "live" and status["data"]["fresh"])

    async def is_quiet(self) -> bool:
        status = await self.status()
        return bool(status and status["waiting"] == 0 and status["upstream"]["reachable"])

    def body(self, token: str, temperature: float = 36.5, **other: Any) -> dict[str, Any]:
        return {
            "token": token,
            "gate": self.device.gate,
            "direction": "out",
            "temperature_c": temperature,
            "site": "ear",
            "nonce": new_id("non"),
            "scanned_at": datetime.now(UTC).isoformat(),
            **other,
        }

    async def scan(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """Scan once; None if the box died over it."""
        try:
            answer = await self.http.post("/v1/scans", json=body)
        except httpx2.HTTPError:
            return None
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def box_at(district: District, compound: str, gate: str, folder: Path) -> AsyncIterator[Box]:
    """Give a box that decides live."""
    box = Box(district, await Device(district, compound, gate).make(), folder)
    try:
        await box.cable.mend()
        await box.start()
        await district.until(box.is_live, timeout=20)
        yield box
    finally:
        await box.stop()
