"""At the gate: a code, a temperature, one answer, with network and without."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.screen import Screen, Screens
from tests.roster import Owner, owner
from tests.town import Town, window

LISTENING = """
window.heard = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
    window.heard.push(this.frequency.value);
    return start.apply(this, at);
};
"""
"""Notes down each tone: a test has no ears."""
READY = """async () => {
    await navigator.serviceWorker.ready;
    return Boolean(await caches.match(location.pathname));
}"""
"""Whether the page has been kept for when there is no network."""
AGED = """async (gate) => {
    const done = (asked) => new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
    const db = await done(indexedDB.open("menshen-gate"));
    const notes = db.transaction("notes", "readwrite").objectStore("notes");
    const kept = await done(notes.get(`offline ${gate}`));
    await done(notes.put({ ...kept, freshUntil: kept.fetchedAt - 1 }, `offline ${gate}`));
    db.close();
}"""
"""Lets the gate's lists have been good until just before they were fetched."""
ALLOW, RECHECK, DENY = [880, 1320], [660, 660, 660], [220, 165]
Filming = Callable[[str], Awaitable[Screens]]


class Outing:
    """Somebody with a pass, who shows it as it is now."""

    def __init__(self, town: Town, one: Owner, headers: dict[str, str], pass_id: str) -> None:
        self.one = one
        self.pass_id = pass_id
        self._town = town
        self._headers = headers

    async def code(self) -> str:
        answer = await self._town.call("GET", f"/v1/passes/{self.pass_id}", self._headers)
        return str(answer.json()["token"])


async def outing(town: Town, one: Owner) -> Outing:
    headers = await town.sign_in_by_phone(one.phone)
    answer = await town.register(one, headers, exit={**window(), "reason": "supplies"})
    assert answer.status_code == 201, answer.text
    return Outing(town, one, headers, answer.json()["exit"]["pass"]["id"])


async def outings(town: Town, *rooms: str) -> list[Outing]:
    people = [owner(name, room=room) for name, room in zip(("王小明", "李小红", "陈大文"), rooms, strict=False)]
    await town.import_roster(*people)
    return [await outing(town, one) for one in people]


class Gate:
    """The page as a guard uses it."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.page: Page = screen.page
        self.answer = self.page.locator(".answer")
        self.net = self.page.locator(".net")

    @classmethod
    async def open(cls, screens: Screens, town: Town, language: str) -> "Gate":
        screen = await screens.open("about:blank")
        await screen.page.add_init_script(LISTENING)
        await screen.page.goto(f"/{language}/gate")
        await screen.sign_in(**town.secrets["guard"])
        await expect(screen.page.locator(".at")).to_be_visible()
        return cls(screen)

    def way(self, place: int) -> Any:
        """One of the three ways in: the camera, the code, the ID number."""
        return self.page.locator(".others button").nth(place)

    async def type_code(self, code: str) -> None:
        await self.way(1).click()
        await self.page.locator("#typed").fill(code)
        await self.page.locator("#typed").press("Tab")
        await self.page.locator("form:visible button.weui-btn_primary").click()

    async def look_up(self, number: str) -> None:
        if not await self.page.locator("#number").is_visible():
            await self.way(2).click()
        await self.page.locator("#number").fill(number)
        await self.page.locator("#number").press("Enter")

    async def turn(self, direction: str) -> None:
        await self.page.locator(".ways button").nth(["out", "in"].index(direction)).click()

    async def press(self, digits: str) -> None:
        """On the pad, as with gloves."""
        for digit in digits:
            await self.page.locator(".pad button").get_by_text(digit, exact=True).click()

    async def measure(self, digits: str) -> None:
        await self.press(digits)
        await self.page.locator(".heat button.weui-btn_primary").click()

    async def pass_(self, one: Outing, digits: str) -> None:
        """Let somebody show their code, and measure."""
        await self.type_code(await one.code())
        await self.measure(digits)

    async def expect_waiting(self, count: int) -> None:
        await expect(self.net).to_contain_text(re.compile(rf"(?<!\d){count}(?!\d)"), timeout=15_000)

    async def expect(self, decision: str, sound: list[int]) -> None:
        await expect(self.answer).to_be_visible()
        await expect(self.answer).to_have_attribute("data-decision", decision)
        await expect(self.answer).to_be_focused()
        assert await self.page.evaluate("window.heard.splice(0)") == sound

    async def next(self) -> None:
        await self.page.locator(".after button").last.click()
        await expect(self.page.locator(".code")).to_be_visible()

    async def counts(self) -> list[str]:
        return await self.page.locator(".shift dd").all_inner_texts()


@pytest.mark.parametrize("language", ["zh", "en"])
class TestWithNetwork:
    async def test_a_code_before_the_camera_lets_out(self, filming: Filming, town: Town, language: str) -> None:
        """The main job: scan, measure, go; the page sees the code with its own scanner and nothing of a stranger's."""
        (wang,) = await outings(town, "502室")
        gate = await Gate.open(await filming(await wang.code()), town, language)

        await expect(gate.page.locator("#reading")).to_be_focused()
        await gate.page.keyboard.type("36.5")
        await gate.screen.look_wide_and_narrow("gate-heat")
        await gate.page.keyboard.press("Enter")
        await gate.expect("allow", ALLOW)
        await expect(gate.answer).to_contain_text("王**")
        await expect(gate.answer).to_contain_text("3栋1单元502室" if language == "zh" else "Bldg 3, Unit 1, Room 502")
        await gate.screen.look_wide_and_narrow("gate-allow")
        await gate.next()
        await expect(gate.page.locator(".picture")).to_have_attribute("data-picture", "on")
        await gate.screen.look_wide_and_narrow("gate-camera")

        assert await gate.counts() == ["1", "0", "0", "0"]
        kept = await town.district.db("gate").passes.find_one({"_id": wang.pass_id})
        assert kept["out_at"]

    async def test_what_is_wrong_is_said_and_a_fever_stops(self, screens: Screens, town: Town, language: str) -> None:
        """No code, no temperature in Celsius, nobody of that number; a fever is measured again, then red."""
        wang, li = await outings(town, "502室", "601室")
        gate = await Gate.open(screens, town, language)
        await gate.screen.look_wide_and_narrow("gate-no-camera")

        await gate.type_code("2020")
        await expect(gate.page.locator(".code .fault")).to_be_visible()
        await gate.screen.look_wide_and_narrow("gate-no-code")
        await gate.look_up("340111199001011234")
        await expect(gate.page.locator(".code .fault")).to_be_visible()
        await gate.look_up(owner().number)
        await expect(gate.page.locator(".code .fault")).to_have_text(
            "没有查到此人现在可用的通行证。" if language == "zh" else "Nobody with a pass for now has this number."
        )
        await gate.screen.look_wide_and_narrow("gate-nobody")
        await gate.look_up(li.one.number)
        await expect(gate.page.locator(".who").first).to_contain_text("李**")
        await gate.press("977")
        await expect(gate.page.locator(".remark")).to_contain_text("华氏度" if language == "zh" else "°F")
        await expect(gate.page.locator(".heat button.weui-btn_primary")).to_be_disabled()
        await gate.screen.look_wide_and_narrow("gate-fahrenheit")
        for _ in range(3):
            await gate.page.locator(".pad button").last.click()
        await gate.measure("365")
        await gate.expect("allow", ALLOW)
        await gate.next()

        await gate.pass_(wang, "382")
        await gate.expect("recheck", RECHECK)
        await gate.screen.look_wide_and_narrow("gate-recheck")
        await gate.page.locator(".after button").first.click()
        await gate.measure("383")
        await gate.expect("deny", DENY)
        await gate.screen.look_wide_and_narrow("gate-deny")

        assert await gate.counts() == ["1", "0", "1", "1"]
        await gate.page.locator(".shift .plain").first.click()
        await gate.screen.look("gate-new-shift")
        await gate.page.locator(".sure .plain").first.click()
        await expect(gate.page.locator(".shift dd").first).to_have_text("0")
        found = await town.district.db("gate").scans.find({"pass_id": wang.pass_id}).sort("sequence").to_list(None)
        assert [one["decision"] for one in found] == ["recheck", "deny"]
        assert found[1]["retest_of"] == found[0]["_id"]


class TestStanding:
    async def test_the_gate_is_chosen_once(self, screens: Screens, town: Town) -> None:
        """A guard stands at one gate for hours; who is none is told so, and sounds can be turned off at night."""
        west = {"area": town.compound, "name": "西门（靠近菜市场，早六点到晚十点开放）"}
        assert (await town.call("POST", "/v1/gates", town.staff["property_manager"], json=west)).status_code == 201
        (wang,) = await outings(town, "502室")
        screen = await screens.open("/zh/gate", color_scheme="dark")
        await screen.page.add_init_script(LISTENING)
        await screen.page.reload()
        await screen.sign_in(**town.secrets["guard"])
        await screen.page.get_by_role("button", name="西门").wait_for()
        await screen.look_wide_and_narrow("gate-choose")
        await screen.page.get_by_role("button", name="东门").click()
        gate = Gate(screen)
        await screen.page.reload()
        await expect(screen.page.locator(".at")).to_contain_text("东门")

        await screen.page.get_by_role("button", name="静音").click()
        await gate.type_code(await wang.code())
        await gate.press("36")
        await screen.look("gate-dark-heat")
        await gate.measure("6")
        await gate.expect("allow", [])
        await screen.look("gate-dark-allow")
        other = await screens.open("/en/gate")
        await other.sign_in(**town.secrets["official"])
        await expect(other.page.get_by_text("does not work at a gate")).to_be_visible()
        await other.look("gate-stranger")

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
