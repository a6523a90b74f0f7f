"""At the gate without network: it decides by itself, keeps what happened, and delivers it later."""

import pytest
from playwright.async_api import expect

from tests.browser.guards_phone import ALLOW, DENY, READY, RECHECK, Gate, Outing, outings
from tests.browser.screen import Screens
from tests.town import Town

AGED = """async (gate) => {
    const done = (asked) => new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
    const db = await done(indexedDB.open("menshen-gate"));
    const notes = db.transaction("notes", "readwrite").objectStore("notes");
    const kept = await done(notes.get(`offline ${gate}`));
    await done(notes.put({ ...kept, freshUntil: kept.fetchedAt - 1 }, `offline ${gate}`));
    db.close();
}"""
"""Lets the gate's lists have been good until just before they were fetched."""


@pytest.mark.parametrize("language", ["zh", "en"])
class TestWithoutNetwork:
    async def test_it_goes_on_and_delivers_later(self, screens: Screens, town: Town, language: str) -> None:
        """Decided from the signed pass, kept, counted once, delivered in order; also after the page was loaded anew."""
        wang, li, chen = await outings(town, "502室", "601室", "702室")
        gate = await Gate.open(screens, town, language)
        await expect(gate.page.locator(".aged")).to_contain_text("刚刚" if language == "zh" else "up to date")
        await gate.expect_waiting(0)
        await town.district.until(lambda: gate.page.evaluate(READY))

        await gate.page.context.set_offline(True)
        await self._out_once_and_not_twice(gate, wang)
        await gate.look_up(li.one.number)
        await expect(gate.page.locator(".code .fault")).to_be_visible()
        await gate.screen.look_wide_and_narrow("gate-offline-lookup")
        await gate.page.reload()
        await gate.expect_waiting(2)
        await self._measured_again(gate, li)
        await gate.turn("in")
        await gate.pass_(wang, "364")
        await gate.expect("allow", ALLOW)
        await gate.expect_waiting(5)
        assert await gate.counts() == ["2", "1", "1", "1"]

        await gate.page.context.set_offline(False)
        await gate.expect_waiting(0)
        await gate.next()
        await gate.turn("out")
        await gate.pass_(chen, "365")
        await gate.expect("allow", ALLOW)
        await expect(gate.answer).to_contain_text("陈**")

        found = await town.district.db("gate").scans.find({"gate": town.gate}).sort("sequence").to_list(None)
        assert [(one["pass_id"], one["direction"], one["decision"], one["decided_by"]) for one in found] == [
            (wang.pass_id, "out", "allow", "device"),
            (wang.pass_id, "out", "deny", "device"),
            (li.pass_id, "out", "recheck", "device"),
            (li.pass_id, "out", "allow", "device"),
            (wang.pass_id, "in", "allow", "device"),
            (chen.pass_id, "out", "allow", "service"),
        ]
        assert [one["disputed"] for one in found] == [[]] * 6
        assert [one["recorded_at"] for one in found] == sorted(one["recorded_at"] for one in found)

    async def _out_once_and_not_twice(self, gate: Gate, one: Outing) -> None:
        await gate.pass_(one, "365")
        await gate.expect("allow", ALLOW)
        await gate.expect_waiting(1)
        await gate.screen.look_wide_and_narrow("gate-offline-allow")
        await gate.next()
        await gate.pass_(one, "366")
        await gate.expect("deny", DENY)
        await gate.expect_waiting(2)
        await gate.screen.look_wide_and_narrow("gate-offline-used")
        await gate.next()

    async def _measured_again(self, gate: Gate, one: Outing) -> None:
        await gate.pass_(one, "381")
        await gate.expect("recheck", RECHECK)
        await gate.page.locator(".after button").first.click()
        await gate.measure("368")
        await gate.expect("allow", ALLOW)
        await gate.next()


class TestOldLists:
    async def test_old_lists_decide_nothing(self, screens: Screens, town: Town) -> None:
        """Who was revoked since, nobody knows: then a person looks, and the screen says so before."""
        (wang,) = await outings(town, "502室")
        gate = await Gate.open(screens, town, "zh")
        await expect(gate.page.locator(".aged")).to_contain_text("刚刚")
        await town.district.until(lambda: gate.page.evaluate(READY))
        await gate.page.context.set_offline(True)
        await gate.page.evaluate(AGED, town.gate)
        await gate.page.reload()
        await gate.pass_(wang, "365")

        await gate.expect("recheck", RECHECK)
        await expect(gate.answer).to_contain_text("人工核验")
        await expect(gate.net).to_contain_text("人工核验")
        await gate.screen.look_wide_and_narrow("gate-by-hand")
