"""What an agent is told when it starts."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """Seconds, but for `keep`. `every` is between two looks upstream, `patience` for a reader to repeat a lost scan."""

    url: str
    device: str
    gate: str
    secret: str = field(repr=False)
    folder: Path
    host: str
    port: int
    live_seconds: float
    every: float
    keep: timedelta
    patience: float
