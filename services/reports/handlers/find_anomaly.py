"""A machine finds an anomaly. Every kind of finding comes this way: one small function reads its event."""

from dataclasses import dataclass
from datetime import datetime

from services.reports.domain import MACHINE, Category, Clue, ClueState, Finding, Step, clocks
from services.reports.store import ReportsStore
from shared.contracts import Fact, Received
from shared.contracts.gate import GateContradicted
from shared.contracts.reports import ClueReported
from shared.errors import conflict
from shared.ids import new_id


@dataclass(frozen=True)
class FindAnomaly:
    """A finding, and what sort of clue it makes where."""

    category: Category
    area: str
    finding: Finding


async def on_contradiction(received: Received[GateContradicted], store: ReportsStore, now: datetime) -> None:
    """Take what gates report that does not fit together; nothing of it is rewritten."""
    data = received.data
    evidence = data.model_dump(mode="json")
    finding = Finding(received.subject, evidence, data.happened_at)
    await find_anomaly(FindAnomaly(Category.GATE_CONTRADICTION, received.area, finding), store, now)


async def find_anomaly(command: FindAnomaly, store: ReportsStore, now: datetime) -> Clue:
    """Open a clue, or join the one that is open for the same category and subject; officials are told of either.

    Called again it counts again: the inbox sees to it that each event comes here once.
    """
    known = await store.open_finding(command.category, command.finding.subject)
    if known is None:
        clue = await _opened(command, store, now)
        await store.add_clue(clue, (), [_told(clue)])
        return clue
    joined = known.joined(command.finding)
    if not await store.change_clue(joined, known, [_told(joined)]):
        raise conflict("version_conflict")
    return joined


async def _opened(command: FindAnomaly, store: ReportsStore, now: datetime) -> Clue:
    verify_due, resolve_due = clocks(await store.rules(command.area), now)
    return Clue(
        id=new_id("clue"),
        version=1,
        category=command.category,
        text="",
        place="",
        area=command.area,
        anonymous=False,
        reporter=None,
        reporter_label=None,
        reporter_key="",
        photos=(),
        reported_at=now,
        verify_due=verify_due,
        resolve_due=resolve_due,
        state=ClueState.NEW,
        steps=(Step(ClueState.NEW, MACHINE, now),),
        finding=command.finding,
    )


def _told(clue: Clue) -> Fact:
    told = ClueReported(category=clue.category.value, anonymous=clue.anonymous, photos=0)
    return Fact(told, clue.id, clue.area, clue.version)
