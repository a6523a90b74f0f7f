"""Values that several events and services share: the words of the published language."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Role(StrEnum):
    """Who somebody is on an area; a staff role holds for everything beneath that area."""

    RESIDENT = "resident"
    GUARD = "guard"
    PROPERTY_MANAGER = "property_manager"
    COMMUNITY_WORKER = "community_worker"
    VOLUNTEER = "volunteer"
    ENTERPRISE_CONTACT = "enterprise_contact"
    OFFICIAL = "official"
    ADMIN = "admin"
    DEVICE = "device"


class DeviceKind(StrEnum):
    """What stands at a gate. An `agent` is the small box that goes on deciding while the gate has no network."""

    READER = "reader"
    THERMOMETER = "thermometer"
    TURNSTILE = "turnstile"
    AGENT = "agent"


class ExitReason(StrEnum):
    """Why a resident goes out. `medical` and `emergency` pass every rule; `work` needs a certificate."""

    SUPPLIES = "supplies"
    WORK = "work"
    MEDICAL = "medical"
    EMERGENCY = "emergency"


class Direction(StrEnum):
    """Which way somebody goes through a gate."""

    OUT = "out"
    IN = "in"


class Decision(StrEnum):
    """A gate's answer to a scan."""

    ALLOW = "allow"
    DENY = "deny"
    RECHECK = "recheck"


class Site(StrEnum):
    """Where on the body a temperature was taken; a fever on `forehead` or `wrist` asks for a retest."""

    FOREHEAD = "forehead"
    WRIST = "wrist"
    EAR = "ear"
    ARMPIT = "armpit"


class Fever(StrEnum):
    """What one measurement says: below the threshold, above it but to be retested, or confirmed."""

    NONE = "none"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"


class HoldKind(StrEnum):
    """Why somebody may not leave. The values are the reason codes of a refused exit."""

    FEVER = "fever_hold"
    OBSERVATION = "under_observation"
    SEALED = "compound_sealed"


class HoldTarget(StrEnum):
    """What a hold binds; a household or compound is named by its area path."""

    RESIDENT = "resident"
    HOUSEHOLD = "household"
    COMPOUND = "compound"


class Grant(BaseModel):
    """A role on an area."""

    model_config = ConfigDict(frozen=True)

    role: Role
    area: str


class ExitWish(BaseModel):
    """The first exit a resident asks for together with the registration; `id` is the exit request's."""

    model_config = ConfigDict(frozen=True)

    id: str
    start: AwareDatetime
    end: AwareDatetime
    reason: ExitReason


class DatedSetting(BaseModel):
    """A setting's value on one area from an instant on. None lifts the rule; the newest start that has come wins."""

    model_config = ConfigDict(frozen=True)

    key: str
    value: int | float | str | bool | None
    starts: AwareDatetime
