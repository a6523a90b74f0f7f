"""A guard's phone, and people with a pass who come by."""

import re
from typing import Any

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
ALLOW, RECHECK, DENY = [880, 1320], [660, 660, 660], [220, 165]


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

    async def second(self, screens: Screens) -> "Gate":
        """Open the page once more on the same phone."""
        screen = await screens.beside(self.screen)
        await screen.page.add_init_script(LISTENING)
        await screen.page.goto(self.page.url)
        await expect(screen.page.locator(".at")).to_be_visible()
        return Gate(screen)

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
