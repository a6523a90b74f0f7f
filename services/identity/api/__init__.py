"""Identity's routes: translate, call, translate."""

from services.identity.api import areas, auth, demo, devices, residents, rosters, staff

ROUTERS = [auth.router, areas.router, staff.router, rosters.router, residents.router, devices.router]
DEMO_ROUTERS = [demo.router]
"""For a demo district only: in a deployment these routes do not exist."""

__all__ = ["DEMO_ROUTERS", "ROUTERS"]
