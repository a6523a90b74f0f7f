"""`menshen up` as people start it, in a process of its own: how long it took, and the processes that it began."""

import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from menshen.bench.stage import Stage
from menshen.supervisor import Child, Supervisor

UP = "Menshen is up"
READY_LIMIT = 180.0
"""Seconds: so long that even a busy machine's start is a figure and not a fault."""
SUPERVISOR = "supervisor"
_STEP = re.compile(r"  (\S.*?) +(\d+\.\d) s")


@dataclass(frozen=True)
class Launch:
    """A district that is up; `steps` are the seconds of each as printed."""

    pid: int
    seconds: float
    steps: Mapping[str, float]

    @property
    def own(self) -> dict[str, psutil.Process]:
        """The processes of the project itself, by name: those of the services and the one that keeps them."""
        supervisor = psutil.Process(self.pid)
        modules = {one.cmdline()[2]: one for one in supervisor.children() if one.cmdline()[1:2] == ["-m"]}
        services = {name.removeprefix("services."): one for name, one in modules.items()}
        return {SUPERVISOR: supervisor, **services}


@asynccontextmanager
async def launched(stage: Stage) -> AsyncIterator[Launch]:
    """Run `menshen up` with a demo on the folder `up` of an empty stage, from its first line to its clean end."""
    folder = stage.folder / "up"
    log = stage.folder / "logs" / "up.log"
    log.unlink(missing_ok=True)
    options = {"data": folder, "port": stage.base_port - 1, "base-port": stage.base_port}
    argv = (sys.executable, "-m", "menshen", "up", *(f"--{name}={value}" for name, value in options.items()))
    # Bytecode belongs to the data folder, so that a new one knows none: not even what this process has compiled.
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}

    async def ready() -> bool:
        return UP in log.read_text()

    child = Child(name="up", argv=argv, env=env, log=log, grace=60, ready=ready, ready_limit=READY_LIMIT)
    supervisor = Supervisor(stage.terminal.say)
    try:
        began = time.monotonic()
        await supervisor.start(child)
        seconds = time.monotonic() - began
        steps = {step: float(took) for step, took in _STEP.findall(log.read_text())}
        yield Launch(supervisor.pids["up"], seconds, steps)
    finally:
        await supervisor.stop()
