"""Identity's rules: places, settings, agreement with the roster, sign-in, grants, devices. Pure: no I/O, no clock."""

from services.identity.domain.accounts import (
    ACCESS_LIFE,
    CODE_LIFE,
    CODE_SENDS,
    CODE_TRIES,
    PASSWORD_TRIES,
    Account,
    Code,
    Mandate,
    Refused,
    Session,
    may_grant,
    pause,
)
from services.identity.domain.areas import Area, Flat, OwnSetting, require_settings
from services.identity.domain.devices import Device, KnownGate, Refusals
from services.identity.domain.places import household, slug
from services.identity.domain.residents import (
    Entry,
    Relation,
    Resident,
    Sealed,
    Status,
    Wish,
    birth_year,
    disagreements,
)

__all__ = [
    "ACCESS_LIFE",
    "CODE_LIFE",
    "CODE_SENDS",
    "CODE_TRIES",
    "PASSWORD_TRIES",
    "Account",
    "Area",
    "Code",
    "Device",
    "Entry",
    "Flat",
    "KnownGate",
    "Mandate",
    "OwnSetting",
    "Refusals",
    "Refused",
    "Relation",
    "Resident",
    "Sealed",
    "Session",
    "Status",
    "Wish",
    "birth_year",
    "disagreements",
    "household",
    "may_grant",
    "pause",
    "require_settings",
    "slug",
]
