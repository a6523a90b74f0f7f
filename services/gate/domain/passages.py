"""What a pass's passages make of it, when some of them become known late."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.gate.domain.entities import Pass, Scan
from shared.contracts.area import covers
from shared.contracts.values import Direction


@dataclass(frozen=True)
class Passage:
    """Somebody went through a gate with a pass: the scan, where, which way, when."""

    scan: str
    gate: str
    area: str
    direction: Direction
    at: datetime

    @classmethod
    def of(cls, scan: Scan) -> "Passage":
        """Say where and when a scan that let through did so."""
        return cls(scan.id, scan.gate, scan.area, scan.direction, scan.happened_at)


def retraced(admission: Pass, passages: Iterable[Passage]) -> Pass:
    """Return a pass as all its passages make it, in the order in which they happened, not in which they became known.

    One outing is one exit and one return. Going out again after that, as only a gate without network allows, opens the
    pass again: whoever is outside is known to be, and comes home. What happened at another compound's gate is none.
    """
    out_at: datetime | None = None
    in_at: datetime | None = None
    gate = None
    own = [one for one in passages if covers(admission.compound, one.area)]
    for one in sorted(own, key=lambda one: (one.at, one.scan)):
        gate = one.gate
        if one.direction is Direction.OUT:
            out_at = one.at if out_at is None or in_at else out_at
            in_at = None
        else:
            in_at = in_at or one.at
    return replace(admission, version=admission.version + 1, out_at=out_at, in_at=in_at, used_gate=gate)
