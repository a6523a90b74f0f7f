"""Which role is shown which kinds of alerts."""

import pytest

from services.alerts.domain import Account, AlertKind, Sight
from shared.contracts.values import Grant, Role
from shared.errors import DomainError
from tests.unit.alerts.test_alert_rules import NOW

EVERY = tuple(sorted(AlertKind))
GATES = (AlertKind.GATE_SILENT,)


def sight(*posts: tuple[Role, str]) -> Sight:
    return Sight.of([Grant(role=role, area=area) for role, area in posts])


class TestSee:
    @pytest.mark.parametrize(
        ("role", "kinds"),
        [
            (Role.OFFICIAL, EVERY),
            (Role.COMMUNITY_WORKER, EVERY),
            (Role.PROPERTY_MANAGER, GATES),
            (Role.GUARD, ()),
            (Role.ADMIN, ()),
            (Role.DEVICE, ()),
        ],
    )
    def test_each_role_its_kinds(self, role: Role, kinds: tuple[AlertKind, ...]) -> None:
        """A manager never learns of a fever or a clue, whatever becomes an alert one day."""
        assert sight((role, "s.c")).kinds("s.c.p") == kinds

    def test_downwards_only(self) -> None:
        """And not beside, where the names begin alike."""
        one = sight((Role.OFFICIAL, "s.c"))

        assert (one.kinds("s"), one.kinds("s.c2"), one.kinds("s.c")) == ((), (), EVERY)

    def test_two_roles_add_up_where_they_meet(self) -> None:
        """A worker of one compound who manages the next sees each with the eyes of that post."""
        one = sight((Role.COMMUNITY_WORKER, "s.c.p"), (Role.PROPERTY_MANAGER, "s.c"))

        assert (one.kinds("s.c.p"), one.kinds("s.c.q")) == (EVERY, GATES)
        assert one.reach(None) == {EVERY: ["s.c.p"], GATES: ["s.c"]}
        assert one.reach(AlertKind.FEVER) == {(AlertKind.FEVER,): ["s.c.p"]}
        assert one.reach(AlertKind.GATE_SILENT) == {GATES: ["s.c.p", "s.c"]}

    def test_an_account_as_it_is_kept_sees_alike(self) -> None:
        """Streams, feeds and assignments are judged by the projection, not by the token."""
        manager = Account("a", 1, active=True, tokens_not_before=NOW, areas=(), managed=("s.c.p",))

        assert manager.sees(GATES, "s.c.p")
        assert not manager.sees(EVERY, "s.c.p")
        assert not manager.sees([AlertKind.FEVER], "s.c.p")


class TestWant:
    def test_nothing_named_is_all_that_is_seen(self) -> None:
        """The default never asks for more than one may have."""
        assert sight((Role.PROPERTY_MANAGER, "s.c.p")).wanted("s.c.p", []) == GATES

    def test_what_is_forbidden_is_said_to_be(self) -> None:
        """A silent gap would look like a compound without fevers."""
        one = sight((Role.PROPERTY_MANAGER, "s.c.p"))

        for ask in (
            lambda: one.wanted("s.c.p", [AlertKind.GATE_SILENT, AlertKind.FEVER]),
            lambda: one.reach(AlertKind.CLUE),
        ):
            with pytest.raises(DomainError, match="alert_kind_forbidden"):
                ask()

    def test_beyond_the_areas_nothing_exists(self) -> None:
        """Whatever kind is named there."""
        with pytest.raises(DomainError, match="not_found"):
            sight((Role.PROPERTY_MANAGER, "s.c.p")).wanted("s.c.q", [AlertKind.FEVER])
