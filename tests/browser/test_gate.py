"""At the gate: a code, a temperature, one answer."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser.guards_phone import ALLOW, DENY, LISTENING, RECHECK, Gate, outings
from tests.browser.screen import Screens
from tests.roster import owner
from tests.town import Town

Filming = Callable[[str], Awaitable[Screens]]


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
