"""`python -m services` runs every service, each a process; `python -m services migrate [names]` prepares them.

One at a time: `python -m services.<name>`.
"""

import asyncio
import importlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from shared.service import Service, migrate

NAMES = ("identity", "gate", "health", "reports", "alerts")
DOOR = "gateway"


def _service(name: str) -> Service[Any]:
    service: Service[Any] = importlib.import_module(f"services.{name}.main").service
    return service


async def _migrate(names: Sequence[str]) -> None:
    services = [_service(name) for name in names]
    await asyncio.gather(*(migrate(service, service.settings()) for service in services))


def main() -> int:
    """Do what the command line says."""
    if sys.argv[1:2] == ["migrate"]:
        asyncio.run(_migrate(sys.argv[2:] or NAMES))
        return 0
    running = [subprocess.Popen([sys.executable, "-m", f"services.{name}"]) for name in (*NAMES, DOOR)]
    try:
        return max(child.wait() for child in running)
    except KeyboardInterrupt:
        return max(child.wait() for child in running)


if __name__ == "__main__":
    sys.exit(main())
