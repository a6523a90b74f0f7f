"""The gate's routes: translate, call, translate."""

from services.gate.api import devices, exits, gates, passes, scans

ROUTERS = [exits.router, passes.router, gates.router, scans.router, devices.router]

__all__ = ["ROUTERS"]
