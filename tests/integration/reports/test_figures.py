"""The day's figures: every event counts once, on its local day, in its compound."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.contracts import Fact
from shared.contracts.gate import ExitDecided
from shared.contracts.health import FeverAlert
from shared.contracts.values import Decision, Direction, Fever, Role, Site
from shared.ids import new_id
from tests.district import District
from tests.integration.health.fevers import scanned
from tests.people import somebody, verified


def decided(area: str, *, approved: bool) -> Fact:
    event = ExitDecided(resident="res_1", approved=approved, reasons=[], pass_id=None)
    return Fact(event, new_id("exit"), area, 2)


def fever(area: str, at: datetime) -> Fact:
    event = FeverAlert(
        reading=new_id("temp"),
        resident=None,
        label=None,
        temperature_c=38.2,
        site=Site.EAR,
        gate=None,
        measured_at=at,
        late=False,
    )
    return Fact(event, new_id("case"), area, 1)


class TestFigures:
    async def test_events_are_summed_with_yesterday_beside(self, district: District) -> None:
        """The daily report is filled by machine: nobody counts by hand."""
        compound = district.new_compound()
        official = district.staff((Role.OFFICIAL, compound.split(".")[0]))
        yesterday = datetime.now(UTC) - timedelta(days=1)
        await district.publish(decided(f"{compound}.b1.u1.r1", approved=True))
        await district.publish(decided(f"{compound}.b2.u1.r1", approved=True))
        await district.publish(decided(compound.replace(".c01", ".c02"), approved=False))
        await district.publish(verified(somebody(compound)), yesterday)

        async def counted() -> Any:
            answer = await district.http("reports").get(f"/v1/figures?area={compound.split('.')[0]}", headers=official)
            found = answer.json()
            return found if found["figures"].get("ExitDecided") == 3 and found["yesterday"] else None

        found = await district.until(counted)
        alone = (await district.http("reports").get(f"/v1/figures?area={compound}", headers=official)).json()

        assert found["figures"] == {"ExitDecided": 3, "ExitDecided:approved": 2, "ExitDecided:refused": 1}
        assert found["yesterday"] == {"ResidentVerified": 1}
        assert alone["figures"] == {"ExitDecided": 2, "ExitDecided:approved": 2}

    async def test_day_is_the_local_one(self, district: District) -> None:
        """Seven in the evening in UTC is already tomorrow in Hefei."""
        compound = district.new_compound()
        at = datetime(2026, 2, 10, 19, 0, tzinfo=UTC)
        await district.publish(verified(somebody(compound)), at)
        official = district.staff((Role.OFFICIAL, compound))
        local = at.astimezone(ZoneInfo("Asia/Shanghai")).date()

        async def counted() -> Any:
            answer = await district.http("reports").get(f"/v1/figures?area={compound}&day={local}", headers=official)
            return answer.json()["figures"]

        assert await district.until(counted) == {"ResidentVerified": 1}
        assert local.isoformat() == "2026-02-11"

    async def test_hours_add_up_what_happened_in_them(self, district: District) -> None:
        """When the gates are busy and when fevers are found decides where people are needed."""
        compound, other = (one := district.new_compound()), one.replace(".c01", ".c02")
        official = district.staff((Role.OFFICIAL, compound.split(".")[0]))
        at = datetime(2026, 2, 10, 1, 30, tzinfo=UTC)
        well = {"temperature_c": 36.5, "fever": Fever.NONE}
        for fact in (
            scanned(None, compound, decision=Decision.ALLOW, scanned_at=at, **well),
            scanned(None, other, decision=Decision.ALLOW, scanned_at=at - timedelta(hours=2), **well),
            scanned(None, compound, direction=Direction.IN, scanned_at=at, **well),
            fever(f"{compound}.b3.u1.r502", at),
        ):
            await district.publish(fact, at)

        async def counted(area: str) -> Any:
            path = f"/v1/figures/hours?area={area}&day=2026-02-10"
            found = (await district.http("reports").get(path, headers=official)).json()["hours"]
            return found if found[9]["fevers"] and found[9]["out"] and (found[7]["out"] or area == compound) else None

        above = await district.until(lambda: counted(compound.split(".")[0]))
        alone = await district.until(lambda: counted(compound))

        nothing = {"out": 0, "in": 0, "refused": 0, "temperatures": 0, "fevers": 0}
        assert [one["hour"] for one in above] == list(range(24))
        assert above[9] == {"hour": 9, **nothing, "out": 1, "refused": 1, "fevers": 1}
        assert (above[7]["out"], alone[7]["out"]) == (1, 0)
        assert above[8] == {"hour": 8, **nothing}

    async def test_fevers_are_summed_by_what_lies_next_beneath(self, district: District) -> None:
        """Three in one building is an outbreak, three in thirty is winter."""
        compound, other = (one := district.new_compound()), one.replace(".c01", ".c02")
        community = compound.rpartition(".")[0]
        official = district.staff((Role.OFFICIAL, community))
        now = datetime.now(UTC)
        for area, at in (
            (f"{compound}.b3.u1.r502", now),
            (f"{compound}.b3.u2.r101", now),
            (f"{compound}.b3.u2.r101", now - timedelta(days=2)),
            (compound, now),
            (f"{other}.b1.u1.r1", now),
        ):
            await district.publish(fever(area, at), at)

        async def counted(area: str, total: int) -> Any:
            path = f"/v1/figures/buildings?area={area}&days=3"
            found = (await district.http("reports").get(path, headers=official)).json()
            return found if sum(sum(one["fevers"]) for one in found["places"]) == total else None

        inside = await district.until(lambda: counted(compound, 4))
        above = await district.until(lambda: counted(community, 5))

        local = now.astimezone(ZoneInfo("Asia/Shanghai")).date()
        assert inside["days"] == [(local - timedelta(days=back)).isoformat() for back in (2, 1, 0)]
        assert inside["places"] == [
            {"area": compound, "fevers": [0, 0, 1]},
            {"area": f"{compound}.b3", "fevers": [1, 0, 2]},
        ]
        assert above["places"] == [{"area": compound, "fevers": [1, 0, 3]}, {"area": other, "fevers": [0, 0, 1]}]

    async def test_odd_questions_are_refused(self, district: District) -> None:
        """Figures of one building would name people; days before the epidemic have none."""
        compound = district.new_compound()
        official = district.staff((Role.OFFICIAL, compound))
        http = district.http("reports")

        building = await http.get(f"/v1/figures?area={compound}.b1", headers=official)
        ancient = await http.get(f"/v1/figures?area={compound}&day=0001-01-01", headers=official)
        foreign = await http.get(f"/v1/figures?area={district.new_compound()}", headers=official)
        resident = await http.get(f"/v1/figures?area={compound}", headers=district.phone())
        charts = [
            (await http.get(f"/v1/figures/{chart}", headers=official)).status_code
            for area in (f"{compound}.b1", district.new_compound())
            for chart in (f"hours?area={area}", f"buildings?area={area}")
        ]
        year = await http.get(f"/v1/figures/buildings?area={compound}&days=366", headers=official)

        assert charts == [422, 422, 404, 404]
        assert year.status_code == 422
        assert (building.status_code, building.json()["code"]) == (422, "figures_area")
        assert (ancient.status_code, foreign.status_code, resident.status_code) == (422, 404, 403)
