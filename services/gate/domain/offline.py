"""What a gate is told of its compound, so that it can go on deciding without a network."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.gate.domain.entities import Hold, Resident
from shared.contracts.area import compound_of
from shared.contracts.values import HoldTarget


@dataclass(frozen=True)
class OfflineData:
    """Everything a gate decides with: its rules, and who must not pass though the code is good.

    `revoked` holders with the instant before which their passes are void, `held` holders with the holds on them,
    `outside` the passes that are used to go out, `ended` those that are spent or void.
    """

    gate: str
    area: str
    at: datetime
    fresh_until: datetime
    threshold_c: float
    retest_minutes: float
    fever_locks_out: bool
    revoked: tuple[tuple[str, datetime], ...]
    held: Mapping[str, tuple[str, ...]]
    outside: tuple[str, ...]
    ended: tuple[str, ...]


def held_holders(holds: Iterable[Hold], residents: Iterable[Resident]) -> dict[str, tuple[str, ...]]:
    """Resolve holds on persons, households and the compound to the holders of passes, each with its holds' kinds."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for hold in holds:
        kinds[hold.target_id].add(hold.kind.value)
    found: dict[str, set[str]] = defaultdict(set)
    for one in residents:
        for target in (one.id, one.household, compound_of(one.household)):
            found[one.holder] |= kinds.get(target, set())
    # A person may be held whom the gate does not know yet: the holder's name is part of the person's id.
    for target, codes in kinds.items():
        if target.startswith("res_"):
            found[target.removeprefix("res_")] |= codes
    return {holder: tuple(sorted(codes)) for holder, codes in sorted(found.items()) if codes}


def targets_groups(holds: Iterable[Hold]) -> bool:
    """Tell whether any hold is on more than a person, so that residents must be looked up to resolve it."""
    return any(hold.target is not HoldTarget.RESIDENT for hold in holds)
