"""What alerts does about others' events: which of them need an official, and which say that none is needed any more."""

from collections.abc import Mapping
from datetime import datetime

from services.alerts.domain import MACHINE, AlertKind, Ending, Occurrence, alert_id
from services.alerts.handlers.raise_alert import EndCause, end_cause, raise_alert
from services.alerts.store import AlertsStore
from shared.contracts import Event, Received
from shared.contracts.gate import ExitDecided, GateHeard, GateSilent
from shared.contracts.health import FeverAlert, FeverMoved
from shared.contracts.reports import ClueMoved, ClueReported

FEVER_ENDS = frozenset({"dismissed", "closed"})
CLUE_ENDS = frozenset({"false", "resolved"})


async def on_fever(received: Received[FeverAlert], store: AlertsStore, now: datetime) -> None:
    """Raise a fever; further readings of the same case join its alert."""
    data = received.data
    facts = {
        "reading": data.reading,
        "resident": data.resident,
        "temperature_c": data.temperature_c,
        "site": data.site.value,
        "gate": data.gate,
        "measured_at": data.measured_at.isoformat(),
        "late": data.late,
    }
    one = Occurrence(
        AlertKind.FEVER, received.subject, received.area, data.label, facts, data.measured_at, received.sequence
    )
    await raise_alert(one, store, now)


async def on_clue(received: Received[ClueReported], store: AlertsStore, now: datetime) -> None:
    """Raise a clue; its text, place and photos stay with reports."""
    data = received.data
    facts = {"category": data.category, "anonymous": data.anonymous, "photos": data.photos}
    await raise_alert(_of(AlertKind.CLUE, received, facts), store, now)


async def on_exit(received: Received[ExitDecided], store: AlertsStore, now: datetime) -> None:
    """Raise an exit that passed a hold; any other exit is nobody's alert."""
    if received.data.alert:
        facts = {"resident": received.data.resident, "reasons": received.data.reasons}
        await raise_alert(_of(AlertKind.EXIT_ON_HOLD, received, facts), store, now)


async def on_fever_moved(received: Received[FeverMoved], store: AlertsStore, now: datetime) -> None:
    """Resolve the alert of a fever that was dismissed or closed."""
    data = received.data
    if data.state in FEVER_ENDS:
        ending = Ending(received.subject, received.sequence, data.state, data.moved_by, received.time)
        await end_cause(EndCause((alert_id(AlertKind.FEVER, received.subject),), ending), store, now)


async def on_clue_moved(received: Received[ClueMoved], store: AlertsStore, now: datetime) -> None:
    """Raise a clue whose clock ran out; resolve the alerts of one that was found false or resolved."""
    data, clue = received.data, received.subject
    if data.state == "overdue":
        await raise_alert(_of(AlertKind.CLUE_OVERDUE, received, {}), store, now)
    elif data.state in CLUE_ENDS:
        ending = Ending(clue, received.sequence, data.state, data.moved_by, received.time)
        alerts = (alert_id(AlertKind.CLUE, clue), alert_id(AlertKind.CLUE_OVERDUE, clue))
        await end_cause(EndCause(alerts, ending), store, now)


async def on_gate_silent(received: Received[GateSilent], store: AlertsStore, now: datetime) -> None:
    """Raise a gate of which nothing is heard, by its name."""
    data = received.data
    facts = {"gate_name": data.gate_name, "last_heard": data.last_heard.isoformat()}
    await raise_alert(_of(AlertKind.GATE_SILENT, received, facts, data.gate_name), store, now)


async def on_gate_heard(received: Received[GateHeard], store: AlertsStore, now: datetime) -> None:
    """Resolve the alert of a gate that is there again."""
    ending = Ending(received.subject, received.sequence, "heard", MACHINE, received.time)
    await end_cause(EndCause((alert_id(AlertKind.GATE_SILENT, received.subject),), ending), store, now)


def _of(
    kind: AlertKind, received: Received[Event], facts: Mapping[str, object], label: str | None = None
) -> Occurrence:
    return Occurrence(kind, received.subject, received.area, label, facts, received.time, received.sequence)
