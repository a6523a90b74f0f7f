"""The main job through the screens: four people, each at their own, none of whom reloads anything."""

import asyncio
import re

from playwright.async_api import Browser, Page, expect

from tests.browser.residents_phone import SHOWN, Phone
from tests.browser.screen import DESK, PHONE, Screens
from tests.roster import owner, xlsx
from tests.town import Town


async def at_work(screens: Screens, town: Town, role: str, page: str) -> Page:
    """Open a page in Chinese as somebody who works there."""
    screen = await screens.open(f"/zh/{page}", PHONE if role == "guard" else DESK)
    await screen.sign_in(**town.secrets[role])
    return screen.page


async def pass_gate(gate: Page, code: str, digits: str) -> None:
    """Type what a scanner would read, and measure."""
    await gate.locator(".others button").nth(1).click()
    await gate.locator("#typed").fill(code)
    await gate.locator("#typed").press("Tab")
    await gate.locator("form:visible button.weui-btn_primary").click()
    await measure(gate, digits)


async def measure(gate: Page, digits: str) -> None:
    for digit in digits:
        await gate.locator(".pad button").get_by_text(digit, exact=True).click()
    await gate.locator(".heat button.weui-btn_primary").click()


class TestFourPeople:
    async def test_play_the_story_of_the_seed(self, screens: Screens, town: Town, browser: Browser) -> None:
        """A roster, a registration, a walk; a fever at the way home is on the official's board before anybody calls."""
        wang = owner("王小明")
        office, gate, board = await asyncio.gather(
            at_work(screens, town, "property_manager", "property"),
            at_work(screens, town, "guard", "gate"),
            at_work(screens, town, "community_worker", "official"),
        )
        await expect(board.locator(".link:not(.lost)")).to_be_visible()

        roster = {"name": "名册.xlsx", "mimeType": "", "buffer": xlsx(wang)}
        await office.locator("#panel-roster #file").set_input_files(roster)  # type: ignore[arg-type]
        await expect(office.locator("#panel-roster .counts dd").first).to_have_text("1")

        phone = await Phone.open(screens, town, wang)
        await phone.fill()
        await phone.page.get_by_text("Go out right away").click()
        await phone.page.get_by_role("button", name="Register").click()
        await expect(phone.heading).to_have_text("Ready to go")

        await pass_gate(gate, await phone.shown(browser), "365")
        await expect(gate.locator(".answer")).to_have_attribute("data-decision", "allow")
        await office.goto("/zh/property#outside")
        await expect(office.locator("#panel-outside tbody tr")).to_have_count(1)
        await phone.renewed()
        await expect(phone.heading).to_have_text("You are outside")

        await gate.locator(".after button").last.click()
        await gate.locator(".ways button").nth(1).click()
        await pass_gate(gate, await phone.shown(browser), "382")
        await expect(gate.locator(".answer")).to_have_attribute("data-decision", "recheck")
        await gate.locator(".after button").first.click()
        await measure(gate, "384")
        await expect(gate.locator(".answer")).to_have_attribute("data-decision", "allow")

        row = board.locator(".alerts > li")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("发热 38.4 °C")
        await expect(board).to_have_title(re.compile(r"^\(1\) "))
        assert wang.name not in await board.content()
        await row.get_by_role("button", name="确认").click()
        await expect(row.locator(".status")).to_have_text("已确认 · 我")
        await phone.page.clock.fast_forward(SHOWN)
        await expect(phone.heading).to_have_text("Used")
        me = await phone.go("me")
        await expect(me.get_by_text("Why I must stay at home")).to_be_visible()
