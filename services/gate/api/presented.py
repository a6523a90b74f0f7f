"""What is presented at a gate, and the answer: the same whether it comes over HTTP, AMQP or MQTT."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from services.gate.api.office import MAX_TOKEN, PassOffice
from services.gate.domain import Decider, Scan
from services.gate.handlers import RecordScan, Sender, record_scan
from services.gate.store import GateStore
from services.gate.store.scan_book import ScanBook
from shared.contracts.values import Decision, Direction, Fever, Site
from shared.errors import DomainError
from shared.fields import PastTime, Temperature, Time, not_older_than_14_days
from shared.texts import Language, sentence
from shared.web.paging import Body
from shared.web.wording import STATUS, fault_of
from shared.work import Work

MOST_SCANS = 2**53
MOST_SECONDS = 10.0**9
Nonce = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
GateId = Annotated[str, StringConstraints(max_length=64)]
Account = Annotated[str, StringConstraints(pattern=r"^acc_[0-9A-HJKMNP-TV-Z]{26}$")]
Code = Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")]
Seconds = Annotated[float, Field(strict=True, ge=-MOST_SECONDS, le=MOST_SECONDS)]
Count = Annotated[int, Field(strict=True, ge=0, le=MOST_SCANS)]


class ScanBody(Body):
    """One scan. `nonce` is the device's own and makes it the same scan when it is sent again.

    `sequence` is the device's own count of its scans; `clock` whether it knows the time, `skew_s` how far it is ahead.
    """

    token: str = Field(max_length=2 * MAX_TOKEN)
    gate: GateId
    direction: Direction
    temperature_c: Temperature
    nonce: Nonce
    scanned_at: PastTime
    site: Site = Site.FOREHEAD
    sequence: Annotated[int, Field(strict=True, ge=1, le=MOST_SCANS)] | None = None
    clock: Literal["trusted", "unverified"] | None = None
    skew_s: Seconds | None = None


class LateScanBody(ScanBody):
    """A scan that an offline gate kept, with what it decided. A wrong clock's time ahead is kept and marked.

    `taken_by` is the guard who took it: on a phone that several share another one may deliver it.
    """

    scanned_at: Annotated[Time, AfterValidator(not_older_than_14_days)]
    decided: Decision | None = None
    reasons: list[Code] = Field(default=[], max_length=10)
    taken_by: Account | None = None

    @field_validator("reasons")
    @classmethod
    def _of_a_decision(cls, reasons: list[str], info: ValidationInfo) -> list[str]:
        if reasons and not info.data.get("decided"):
            raise PydanticCustomError("field_value", "field_value")
        return reasons


class LiveScanBody(ScanBody):
    """A scan that a device has not decided, where it could have."""

    decided: None = None
    reasons: list[Code] = Field(default=[], max_length=0)


class Person(BaseModel):
    """Whom the guard should see in front of them."""

    label: str
    room: str


class ScanView(BaseModel):
    """The answer to a scan; `message` is the sentence to say at the gate.

    `disputed` are the codes with which the service would have refused what a device allowed; `marks` say what is odd
    about the device's count: `sequence_repeated`, or `sequence_gap` when the scan before had not come yet.
    """

    id: str
    decision: Decision
    reasons: list[str]
    message: str
    resident: Person | None
    fever: Fever
    retest_of: str | None
    scanned_at: Time
    recorded_at: Time
    late: bool
    clock_skewed: bool
    decided_by: Decider
    disputed: list[str]
    device: str | None
    sequence: int | None
    marks: list[str]

    @classmethod
    def of(cls, scan: Scan, language: Language) -> "ScanView":
        """Translate a scan."""
        person = Person(label=scan.label, room=scan.household) if scan.label and scan.household else None
        code = scan.reasons[0] if scan.reasons else f"go_{scan.direction.value}"
        return cls(
            id=scan.id,
            decision=scan.decision,
            reasons=list(scan.reasons),
            message=sentence(code, language, scan.params),
            resident=person,
            fever=scan.fever,
            retest_of=scan.retest_of,
            scanned_at=scan.scanned_at,
            recorded_at=scan.recorded_at,
            late=scan.late,
            clock_skewed=scan.clock_skewed,
            decided_by=scan.decided_by,
            disputed=list(scan.disputed),
            device=scan.device,
            sequence=scan.sequence,
            marks=list(scan.marks),
        )


class Fault(BaseModel):
    """Why one scan was not taken."""

    code: str
    field: str | None
    message: str

    @classmethod
    def of(cls, error: DomainError | ValidationError, language: Language) -> "Fault":
        """Translate an error; of several bad fields the first."""
        if isinstance(error, DomainError):
            return cls(code=error.code, field=None, message=sentence(error.code, language, error.params))
        fault = fault_of(dict(error.errors()[0]))
        return cls(code=fault.code, field=fault.field, message=sentence(fault.code, language, fault.params))


class BatchResult(BaseModel):
    """One scan's outcome: its answer, or why it was not taken."""

    status: int
    scan: ScanView | None = None
    error: Fault | None = None

    @classmethod
    def refused(cls, error: DomainError | ValidationError, language: Language) -> "BatchResult":
        """Say why a scan was not taken."""
        status = STATUS[error.kind] if isinstance(error, DomainError) else 422
        return cls(status=status, error=Fault.of(error, language))


@dataclass(frozen=True)
class Desk:
    """Where scans are taken, whatever way they came."""

    work: Work[GateStore]
    office: PassOffice
    language: Language = "zh"

    async def take(self, raw: Any, sender: Sender, form: type[ScanBody] = LateScanBody) -> BatchResult:
        """Check one scan, decide or record it, and answer; what is wrong with it is its answer."""
        try:
            return BatchResult(status=200, scan=await self.scan(form.model_validate(raw), sender))
        except (ValidationError, DomainError) as error:
            return BatchResult.refused(error, self.language)

    async def scan(self, body: ScanBody, sender: Sender) -> ScanView:
        """Decide or record a scan that is right in form. Raises as `record_scan` does."""
        answer = await self.work.run_together(record_scan, self._command(body, sender), ScanBook)
        return ScanView.of(answer, self.language)

    def _command(self, body: ScanBody, sender: Sender) -> RecordScan:
        presented, fault = self.office.read(body.token)
        # A screen renews its code between two tries: what counts is the pass, not how it was shown.
        shown = presented.pass_id if presented else body.token
        parts = (shown, body.direction.value, f"{body.temperature_c:.1f}", body.site.value)
        late = body if isinstance(body, LateScanBody) else None
        return RecordScan(
            sender=sender,
            gate=body.gate,
            nonce=body.nonce,
            content=hashlib.sha256("\x1f".join(parts).encode()).hexdigest(),
            direction=body.direction,
            temperature_c=body.temperature_c,
            site=body.site,
            scanned_at=body.scanned_at,
            presented=presented,
            fault=fault,
            delivered_late=late is not None,
            decided=late.decided if late else None,
            reasons=tuple(late.reasons) if late else (),
            taken_by=late.taken_by if late else None,
            sequence=body.sequence,
            clock=body.clock,
            skew_s=body.skew_s,
        )
