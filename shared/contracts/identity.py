"""What identity publishes: areas with their settings, residents, accounts."""

from pydantic import AwareDatetime

from shared.contracts.envelope import Event
from shared.contracts.values import DatedSetting, DeviceKind, ExitWish, Grant


class AreaChanged(Event, wire="menshen.identity.AreaChanged.v1"):
    """An area was made or changed. Carries its own settings whole (history and future), not those it inherits."""

    level: str
    name: str
    settings: list[DatedSetting]


class ResidentVerified(Event, wire="menshen.identity.ResidentVerified.v1"):
    """A resident may use the gates from now on; the subject is the resident, the area the room, which is the household.

    `label` is a masked name for screens, `id_lookup` the keyed hash of the ID number, `accounts` those who may act
    for the resident. Published again when any of it changes.
    """

    label: str
    accounts: list[str]
    id_lookup: str
    birth_year: int
    verified_by: str
    first_exit: ExitWish | None = None


class ResidentPending(Event, wire="menshen.identity.ResidentPending.v1"):
    """A registration disagrees with the roster and waits for a person's decision; `reasons` say field by field why."""

    reasons: list[str]


class ResidentRejected(Event, wire="menshen.identity.ResidentRejected.v1"):
    """A property manager turned a registration down."""

    rejected_by: str


class ResidentRemoved(Event, wire="menshen.identity.ResidentRemoved.v1"):
    """A resident has left the compound or asked for removal: passes end, projections forget."""

    removed_by: str


class AccountChanged(Event, wire="menshen.identity.AccountChanged.v1"):
    """An account's roles or standing changed. Tokens issued before `tokens_not_before` are void everywhere."""

    active: bool
    grants: list[Grant]
    tokens_not_before: AwareDatetime


class DeviceChanged(Event, wire="menshen.identity.DeviceChanged.v1"):
    """A gate's device was made, got another credential or was revoked; the subject is the device, the area its own.

    A device that is not `active` is refused from then on, whatever way its messages come.
    """

    kind: DeviceKind
    gate: str
    active: bool
