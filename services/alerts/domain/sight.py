"""Who sees what: the kinds of alerts that each role is told of, on the areas where somebody has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.alerts.domain.entities import AlertKind
from shared.contracts.area import covers
from shared.contracts.values import Grant, Role
from shared.errors import DomainError, Kind, not_found

EVERYTHING = frozenset(AlertKind)
SEES: Mapping[Role, frozenset[AlertKind]] = {
    Role.OFFICIAL: EVERYTHING,
    Role.COMMUNITY_WORKER: EVERYTHING,
    Role.PROPERTY_MANAGER: frozenset({AlertKind.GATE_SILENT}),
}
"""A compound's gates are its management's business; who has a fever, or who reported whom, is not."""


@dataclass(frozen=True)
class Sight:
    """What somebody is shown, and may do something about: roles on areas, each reaching everything beneath."""

    posts: tuple[tuple[Role, str], ...]

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> "Sight":
        """Read it from an account's grants."""
        return cls(tuple((grant.role, grant.area) for grant in grants if grant.role in SEES))

    def kinds(self, area: str) -> tuple[AlertKind, ...]:
        """Return the kinds seen on an area; without any, nothing of it exists for this account."""
        return tuple(sorted({kind for role, own in self.posts if covers(own, area) for kind in SEES[role]}))

    def sees(self, kinds: Iterable[AlertKind], area: str) -> bool:
        """Tell whether alerts of all these kinds on an area are this account's business."""
        return set(kinds) <= set(self.kinds(area))

    def wanted(self, area: str, kinds: Iterable[AlertKind]) -> tuple[AlertKind, ...]:
        """Return the kinds asked for on an area, or all that are seen there if none is named.

        Raises not_found for an area of which nothing is seen, `alert_kind_forbidden` for a kind that is not.
        """
        seen, named = self.kinds(area), tuple(sorted(set(kinds)))
        if not seen:
            raise not_found()
        if not set(named) <= set(seen):
            raise _forbidden()
        return named or seen

    def reach(self, kind: AlertKind | None) -> dict[tuple[AlertKind, ...], list[str]]:
        """Return all that is seen, or all of one kind: areas by the kinds seen there. Raises `alert_kind_forbidden`."""
        found: dict[tuple[AlertKind, ...], list[str]] = {}
        for role, area in self.posts:
            if kinds := tuple(sorted(one for one in SEES[role] if kind in {None, one})):
                found.setdefault(kinds, []).append(area)
        if not found:
            raise _forbidden()
        return found


def _forbidden() -> DomainError:
    return DomainError(Kind.FORBIDDEN, "alert_kind_forbidden")
