"""What an invariant is: a sentence, the queries that check it, and what they found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SHOWN = 5
"""Examples kept of what speaks against a rule."""


@dataclass(frozen=True)
class Check:
    """`over` counts what a rule looks at, `against` selects what breaks it, as one text column."""

    what: str
    over: str
    against: str


@dataclass(frozen=True)
class Invariant:
    """A sentence that must be true; without checks it is not applicable, for the reason given."""

    number: int
    sentence: str
    checks: Sequence[Check] = ()
    absent: str = ""


@dataclass(frozen=True)
class Finding:
    """What became of an invariant."""

    number: int
    sentence: str
    checked: int
    violations: int
    examples: list[str]
    absent: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return self.violations == 0

    def as_dict(self) -> dict[str, Any]:
        """Return it for a file."""
        return asdict(self)
