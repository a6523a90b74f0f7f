"""What the gate does by itself, beside events and requests."""

from services.gate.jobs.devices import serve_devices
from services.gate.jobs.silence import watch_gates

__all__ = ["serve_devices", "watch_gates"]
