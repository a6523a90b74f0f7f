"""What alerts keeps about alerts and those who wait for them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.contracts.area import compound_of
from shared.errors import conflict
from shared.ids import derived_id

MACHINE = "machine"
"""Who acted when nobody did: the escalation clock, or a cause that ended by itself."""


class AlertKind(StrEnum):
    """What an alert is about; the name of its events on a live stream."""

    FEVER = "fever"
    CLUE = "clue"
    CLUE_OVERDUE = "clue_overdue"
    EXIT_ON_HOLD = "exit_on_hold"
    CHANNEL_DOWN = "channel_down"
    GATE_SILENT = "gate_silent"


class AlertState(StrEnum):
    """How far an alert has come. Resolved is not the end if the same cause shows again."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class What(StrEnum):
    """What happened to an alert: each is one row in every subscriber's feed."""

    RAISED = "raised"
    REPEATED = "repeated"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    TEST = "test"


class ResolvedAs(StrEnum):
    """How a person ended an alert. Codes, since an outcome travels further than free text about a person may."""

    HANDLED = "handled"
    FALSE_ALARM = "false_alarm"
    HANDED_OVER = "handed_over"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Occurrence:
    """One time that something showed which needs an official; `sequence` is its cause's version, `at` its own time."""

    kind: AlertKind
    cause: str
    area: str
    label: str | None
    facts: Mapping[str, Any]
    at: datetime
    sequence: int

    @property
    def alert(self) -> str:
        """The id of the alert it belongs to: what has one kind and one cause is one alert."""
        return alert_id(self.kind, self.cause)


def alert_id(kind: AlertKind, cause: str) -> str:
    """Derive an alert's id, so that a cause that shows again finds its alert."""
    return derived_id("alert", kind, cause)


@dataclass(frozen=True)
class Alert:
    """Something that waits for an official. `level` is the area whose turn it is; `escalate_at` None: nobody above.

    `facts` and `label` are those of the latest occurrence by its own time; `expires_at` is when a resolved one goes.
    """

    id: str
    version: int
    kind: AlertKind
    cause: str
    cause_sequence: int
    area: str
    level: str
    state: AlertState
    label: str | None
    facts: dict[str, Any]
    count: int
    raised_at: datetime
    last_at: datetime
    escalate_at: datetime | None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    assigned_to: str | None = None
    assigned_by: str | None = None
    assigned_at: datetime | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    outcome: str | None = None
    expires_at: datetime | None = None

    @classmethod
    def first(cls, one: Occurrence, now: datetime, escalate_at: datetime) -> "Alert":
        """Open an alert; its compound's turn comes first."""
        level = compound_of(one.area)
        return cls(
            id=one.alert,
            version=1,
            kind=one.kind,
            cause=one.cause,
            cause_sequence=one.sequence,
            area=one.area,
            level=level,
            state=AlertState.OPEN,
            label=one.label,
            facts=dict(one.facts),
            count=1,
            raised_at=now,
            last_at=one.at,
            escalate_at=escalate_at if above(level) else None,
        )

    def again(self, one: Occurrence, escalate_at: datetime) -> "Alert":
        """Count another occurrence; a resolved alert opens again. A late one leaves the newer one's facts."""
        latest = one.at >= self.last_at
        counted = replace(
            self,
            version=self.version + 1,
            count=self.count + 1,
            cause_sequence=max(self.cause_sequence, one.sequence),
            label=one.label if latest else self.label,
            facts=dict(one.facts) if latest else self.facts,
            last_at=max(self.last_at, one.at),
        )
        if self.state is not AlertState.RESOLVED:
            return counted
        level = compound_of(self.area)
        return replace(
            counted,
            state=AlertState.OPEN,
            level=level,
            escalate_at=escalate_at if above(level) else None,
            acknowledged_by=None,
            acknowledged_at=None,
            assigned_to=None,
            assigned_by=None,
            assigned_at=None,
            resolved_by=None,
            resolved_at=None,
            outcome=None,
            expires_at=None,
        )

    def acknowledged(self, by: str, at: datetime) -> "Alert":
        """Note who has seen it. Twice is once: the first stays. Raises `alert_state` when it is past that."""
        if self.state is AlertState.ACKNOWLEDGED:
            return self
        self._require(AlertState.OPEN)
        return replace(self._seen(by, at), state=AlertState.ACKNOWLEDGED, version=self.version + 1)

    def assigned(self, to: str, by: str, at: datetime) -> "Alert":
        """Note who is to see to it. To the same account twice is once. Raises `alert_state` when it is resolved."""
        if self.state is AlertState.ASSIGNED and self.assigned_to == to:
            return self
        self._require(AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.ASSIGNED)
        seen = self._seen(by, at)
        return replace(
            seen,
            state=AlertState.ASSIGNED,
            version=self.version + 1,
            assigned_to=to,
            assigned_by=by,
            assigned_at=at,
        )

    def resolved(self, outcome: str, by: str, at: datetime, expires_at: datetime) -> "Alert":
        """End it. With the same outcome twice is once. Raises `alert_state` for another outcome."""
        if self.state is AlertState.RESOLVED and self.outcome == outcome:
            return self
        self._require(AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.ASSIGNED)
        return replace(
            self,
            state=AlertState.RESOLVED,
            version=self.version + 1,
            escalate_at=None,
            resolved_by=by,
            resolved_at=at,
            outcome=outcome,
            expires_at=expires_at,
        )

    def escalated(self, level: str, escalate_at: datetime) -> "Alert":
        """Pass the turn to an area above; the alert stays open."""
        return replace(self, level=level, version=self.version + 1, escalate_at=escalate_at if above(level) else None)

    def _seen(self, by: str, at: datetime) -> "Alert":
        first = self.acknowledged_by is None
        return replace(
            self,
            escalate_at=None,
            acknowledged_by=by if first else self.acknowledged_by,
            acknowledged_at=at if first else self.acknowledged_at,
        )

    def _require(self, *states: AlertState) -> None:
        if self.state not in states:
            raise conflict("alert_state", state=self.state.value)


def above(level: str) -> str | None:
    """Name the next area up; None above a subdistrict."""
    return level.rpartition(".")[0] or None


@dataclass(frozen=True)
class Change:
    """A step in an alert's life: what was (None: nothing), what is, what happened, when and by whom."""

    before: Alert | None
    after: Alert
    what: What
    at: datetime
    by: str


@dataclass(frozen=True)
class Ending:
    """A cause that ended by itself, as its service told: the case closed, the clue found false, the gate heard."""

    id: str
    sequence: int
    outcome: str
    by: str
    at: datetime
