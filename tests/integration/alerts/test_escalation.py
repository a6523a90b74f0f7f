"""Escalation: what nobody acknowledges goes to the area above."""

from datetime import UTC, datetime, timedelta

from shared.contracts import Fact
from shared.contracts.alerts import AlertMoved
from shared.contracts.identity import AreaChanged
from shared.contracts.values import DatedSetting, Role
from tests.district import District
from tests.integration.alerts.officials import LONG_AGO, Official, fever, listening


async def time_is_up(district: District, alert: str) -> None:
    """Move the alert's clock, not the test's."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    await district.db("alerts").alerts.update_one({"_id": alert}, {"$set": {"escalate_at": past}})


class TestEscalate:
    async def test_level_by_level_until_the_top(self, district: District, official: Official) -> None:
        """Still open, one area up at a time, each told once although two processes watch the clock."""
        subdistrict, community = official.area.split(".")[0], official.area.rpartition(".")[0]
        told = fever(f"{official.area}.b1.u1.r101")
        await district.publish(told)
        alert = await official.alert(told.subject)

        await time_is_up(district, alert["id"])
        once = await official.alert(told.subject, level=community)
        await time_is_up(district, alert["id"])
        twice = await official.alert(told.subject, level=subdistrict)

        assert (alert["level"], once["state"], twice["state"]) == (official.area, "open", "open")
        assert twice["escalates_at"] is None

        async def told_of() -> bool:
            moved = [(one.data.state, one.sequence) for one in district.events(AlertMoved, alert["id"])]
            return moved == [("escalated", 2), ("escalated", 3)]

        await district.until(told_of)

    async def test_the_area_above_is_told(self, district: District, official: Official) -> None:
        """Also somebody who subscribed after the alert was raised."""
        told = fever(official.area)
        await district.publish(told)
        alert = await official.alert(told.subject)
        above = Official(district, official.area.split(".")[0])

        async with listening(above) as stream:
            await time_is_up(district, alert["id"])
            event = await stream.next()

        assert event is not None
        assert (event.data["what"], event.data["cause"]) == ("escalated", told.subject)

    async def test_what_is_acknowledged_stays(self, district: District, official: Official) -> None:
        """The clock ends with the acknowledgement."""
        told = fever(official.area)
        await district.publish(told)
        alert = await official.alert(told.subject)

        await official.call("POST", f"/v1/alerts/{alert['id']}/acknowledge")

        there = await official.alert(told.subject)
        assert (there["level"], there["escalates_at"]) == (official.area, None)

    async def test_at_once_if_nobody_works_there(self, district: District) -> None:
        """No ten minutes are lost on an office where nobody sits; a grant high above is no desk in the community."""
        area = district.new_compound()
        above = Official(district, area.split(".")[0])
        await above.change(1)
        told = fever(f"{area}.b1.u1.r101")
        await district.publish(told)

        alert = await above.alert(told.subject, level=above.area)

        assert alert["state"] == "open"
        assert (await district.event(AlertMoved, alert["id"])).data.state == "escalated"

    async def test_a_worker_in_the_community_is_somebody(self, district: District) -> None:
        """The compound has no office of its own."""
        area = district.new_compound()
        worker = Official(district, area.rpartition(".")[0], role=Role.COMMUNITY_WORKER)
        await worker.change(1)
        told = fever(area)
        await district.publish(told)

        assert (await worker.alert(told.subject))["level"] == area

    async def test_the_minutes_are_the_areas(self, district: District, official: Official) -> None:
        """Nearest area with a value wins; ten by default."""
        minutes = DatedSetting(key="alert.escalate_minutes", value=3, starts=LONG_AGO)
        changed = AreaChanged(level="compound", name="c", settings=[minutes])
        before, after = fever(official.area), fever(official.area)
        await district.publish(before)
        usual = await official.alert(before.subject)
        await district.publish(Fact(changed, official.area, official.area, 1))
        await district.until(lambda: district.db("alerts").areas.find_one({"_id": official.area}))
        await district.publish(after)

        short = await official.alert(after.subject)

        for alert, expected in ((usual, 10), (short, 3)):
            raised, due = (datetime.fromisoformat(alert[one]) for one in ("raised_at", "escalates_at"))
            assert due - raised == timedelta(minutes=expected)
