"""Residents on their way: they ask, stand at gates, and come home."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from menshen.simulate.client import Request, by_id
from menshen.simulate.clock import Over
from menshen.simulate.crowd import Crowd, NotTaken
from menshen.simulate.desks import Desk, Presented, Verdict
from menshen.simulate.ledger import Entry, Outcome
from menshen.simulate.plan import Outing, Passage
from menshen.simulate.sessions import CannotSignIn, Session
from shared.contracts.values import Decision, Direction, Site

FEVER = 37.3


@dataclass(frozen=True)
class _Pass:
    id: str
    exit: str


class Residents(Crowd):
    """All residents of a run, on their way."""

    async def go(self, outing: Outing) -> None:
        """Ask, go out, and come home."""
        try:
            async with self._act(outing.person) as session:
                await self._stage.clock.until(self._stage.wall(outing.asked), "ask")
                admission = await self._asked(outing, session)
                if admission:
                    await self._out_and_home(outing, admission, session)
        except Over:
            return
        except (NotTaken, CannotSignIn) as error:
            self._stage.figures.faults[str(error)] += 1

    # Asking

    async def _asked(self, outing: Outing, session: Session) -> _Pass | None:
        along = await self._registered(outing.person, session, outing if outing.along else None)
        if along:
            exit_ = await self._decided(along["id"], session) if along["status"] == "requested" else along
            self._stage.client.ledger.note(Entry(kind="exit", outcome=Outcome.ACCEPTED, id=exit_["id"]))
        else:
            exit_ = await self._exit(outing, session)
        self._stage.figures.decisions[f"exit {exit_['status']}"] += 1
        return _Pass(exit_["pass"]["id"], exit_["id"]) if exit_["status"] == "approved" else None

    async def _exit(self, outing: Outing, session: Session) -> dict[str, Any]:
        body = {**self._window(outing), "resident": self._ids[outing.person]}
        request = Request(
            kind="exit",
            method="POST",
            path="/v1/exits",
            json=body,
            key=f"{self._stage.run}-exit-{outing.person}-{outing.asked:.0f}",
            made=by_id,
        )
        answer = await self._heard(request, session)
        if outing.twice:
            await self._again(replace(request, token=await session.token()), answer)
        exit_: dict[str, Any] = answer.body
        return exit_

    async def _decided(self, exit_id: str, session: Session) -> dict[str, Any]:
        request = Request(kind="exit_read", method="GET", path=f"/v1/exits/{exit_id}")
        exit_: dict[str, Any] = (await self._heard(request, session)).body
        return exit_

    # Going

    async def _out_and_home(self, outing: Outing, admission: _Pass, session: Session) -> None:
        stage = self._stage
        await stage.clock.until(stage.wall(outing.out.at), "out")
        if not await self._pass_through(outing, outing.out, Direction.OUT, admission, session):
            return
        stage.figures.out += 1
        due = max(stage.wall(outing.home.at), stage.clock.now + stage.wall(outing.home.at - outing.out.at))
        planned = stage.wall(outing.home.at) <= stage.clock.length
        await stage.clock.until(due, "home", shifted=planned)
        if await self._pass_through(outing, outing.home, Direction.IN, admission, session):
            stage.figures.out -= 1

    async def _pass_through(
        self, outing: Outing, passage: Passage, direction: Direction, admission: _Pass, session: Session
    ) -> bool:
        desks = self._stage.desks[self._stage.scenario.population.compound_of(outing.person)]
        desk = desks[passage.gate]
        token = await self._token(outing, admission, session, desk)
        if outing.revoked and direction is Direction.OUT:
            await self._revoke(outing.person)
        temperature = passage.temperature_c
        shown = Presented(admission.id, token, direction, temperature, passage.site, passage.by_device, passage.twice)
        verdict = await self._scan(desk, shown)
        if verdict and verdict.decision is Decision.RECHECK and passage.retest is not None:
            await self._stage.clock.sleep(0.5)
            site = Site.EAR if temperature < FEVER else passage.site
            verdict = await self._scan(desk, replace(shown, temperature_c=passage.retest, site=site, twice=False))
        if outing.copied and direction is Direction.OUT:
            await self._lend(desks, desk, shown)
        return verdict is not None and verdict.decision is Decision.ALLOW

    async def _lend(self, desks: Sequence[Desk], desk: Desk, shown: Presented) -> None:
        """Let somebody else show the same pass at the other gate, which cannot know."""
        other = next(one for one in desks if one is not desk)
        if desk.offline and other.offline:
            self._stage.clock.planned["copy"] += 1
            self._stage.clock.played["copy"] += 1
            await self._scan(other, shown)

    async def _scan(self, desk: Desk, shown: Presented) -> Verdict | None:
        verdict = await desk.scan(shown)
        figures = self._stage.figures
        figures.scans += 1
        figures.decisions[verdict.decision.value if verdict else "not taken"] += 1
        if verdict and "fever_confirmed" in verdict.reasons:
            figures.fevers += 1
        for reason in verdict.reasons if verdict and verdict.decision is Decision.DENY else ():
            figures.faults[f"denied: {reason}"] += 1
        return verdict

    async def _token(self, outing: Outing, admission: _Pass, session: Session, desk: Desk) -> str:
        if outing.looked_up and not desk.offline:
            id_number = self._stage.scenario.population.person(outing.person).id_number
            if found := await desk.look_up(id_number):
                return found
        request = Request(kind="pass", method="GET", path=f"/v1/passes/{admission.id}", token=await session.token())
        answer = await self._stage.client.ask(request)
        if not answer.ok:
            raise NotTaken(f"pass: {answer.code}")
        return str(answer.body["token"])

    async def _revoke(self, number: int) -> None:
        community = self._stage.world.community_of(self._stage.scenario.population.compound_of(number))
        request = Request(
            kind="revocation",
            method="POST",
            path="/v1/passes/revoke",
            token=await community.worker.token(),
            json={"resident": self._ids[number], "reason": "simulation"},
            made=lambda body: str(body["resident"]),
        )
        await self._stage.client.ask(request)
