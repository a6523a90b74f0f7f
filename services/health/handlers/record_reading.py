"""A temperature was measured, at a gate or on a visit: remember, tell, and raise the fever if it is one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.health.domain import LATE, Reading, Source, measure
from services.health.handlers.raise_fever import raise_fever
from services.health.store import HealthStore
from shared.contracts import Fact, Received
from shared.contracts.area import covers
from shared.contracts.gate import GateScanned
from shared.contracts.health import TemperatureRecorded
from shared.contracts.values import Fever, Site
from shared.errors import not_found
from shared.ids import derived_id
from shared.projections import Resident


@dataclass(frozen=True)
class RecordVisit:
    """A worker's measurement of a resident; `retest` repeats one that was high. `areas` is where the worker may act."""

    id: str
    resident: str
    temperature_c: float
    site: Site
    measured_at: datetime
    retest: bool
    by: str
    areas: tuple[str, ...]


async def look_ahead(received: Sequence[Received[GateScanned]], store: HealthStore) -> None:
    """Look once which readings of these scans are known."""
    await store.look_for([_reading_of(one.subject) for one in received])


async def record_scan(received: Received[GateScanned], store: HealthStore, now: datetime) -> None:
    """Take the reading of a scan; a scan known already changes nothing."""
    reading_id = _reading_of(received.subject)
    if await store.reading(reading_id):
        return
    data = received.data
    reading = Reading(
        id=reading_id,
        resident=data.resident,
        label=data.label,
        area=received.area,
        temperature_c=data.temperature_c,
        site=data.site,
        fever=data.fever,
        source=Source.GATE,
        source_id=received.subject,
        gate=data.gate,
        retest=data.retest_of is not None,
        retest_of=_reading_of(data.retest_of) if data.retest_of else None,
        measured_at=data.scanned_at,
        recorded_at=now,
        late=data.late,
    )
    await _take(reading, store, now)


def _reading_of(scan: str) -> str:
    return derived_id("read", scan)


async def record_visit(command: RecordVisit, store: HealthStore, now: datetime) -> Reading:
    """Take a worker's reading. Raises not_found for a resident outside the worker's areas."""
    resident = await store.resident(command.resident)
    if resident is None or not any(covers(area, resident.household) for area in command.areas):
        raise not_found()
    rules = await store.rules(resident.household)
    threshold = rules.number("fever.threshold_c", command.measured_at)
    fever = measure(command.temperature_c, command.site, threshold, is_retest=command.retest)
    return await _take(_visited(command, resident, fever, now), store, now)


def _visited(command: RecordVisit, resident: Resident, fever: Fever, now: datetime) -> Reading:
    return Reading(
        id=command.id,
        resident=resident.id,
        label=resident.label,
        area=resident.household,
        temperature_c=command.temperature_c,
        site=command.site,
        fever=fever,
        source=Source.VISIT,
        source_id=command.by,
        gate=None,
        retest=command.retest,
        retest_of=None,
        measured_at=command.measured_at,
        recorded_at=now,
        late=now - command.measured_at > LATE,
    )


async def _take(reading: Reading, store: HealthStore, now: datetime) -> Reading:
    if reading.retest_of:
        await store.settle_retest(reading.retest_of)
    elif reading.retest and reading.resident:
        await store.settle_retests_of(reading.resident, reading.measured_at)
    if reading.fever is Fever.CONFIRMED:
        reading = replace(reading, case=await raise_fever(reading, store, now))
    elif reading.fever is Fever.UNCONFIRMED:
        minutes = (await store.rules(reading.area)).number("gate.retest_minutes", now)
        # Counted from when it became known: an offline gate delivers the retest right behind.
        reading = replace(reading, retest_due=max(reading.measured_at, now) + timedelta(minutes=minutes))
    await store.add_reading(reading, [Fact(_told(reading), reading.id, reading.area, 1)])
    return reading


def _told(reading: Reading) -> TemperatureRecorded:
    return TemperatureRecorded(
        resident=reading.resident,
        temperature_c=reading.temperature_c,
        site=reading.site,
        fever=reading.fever,
        source=reading.source.value,
        source_id=reading.source_id,
        measured_at=reading.measured_at,
        late=reading.late,
    )
