"""An official's board, and what comes to it."""

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.screen import DESK, Screen, Screens
from tests.roster import Owner, owner
from tests.town import Town, window

LISTEN = """() => {
    window.tones = 0;
    window.badge = 0;
    const Tone = window.OscillatorNode;
    window.OscillatorNode = class extends Tone {
        constructor(...all) { super(...all); window.tones += 1; }
    };
    navigator.setAppBadge = async (count) => { window.badge = count; };
    navigator.clearAppBadge = async () => { window.badge = 0; };
}"""
"""Count what would be heard, and what would stand on the icon."""


@dataclass
class Patient:
    """A resident at the gate, and the pass they show there."""

    owner: Owner
    id: str
    pass_token: str


async def patient(town: Town, name: str = "王小明") -> Patient:
    one = owner(name)
    await town.import_roster(one, owner("李大", building="12栋", unit="", room="101"))
    headers = await town.sign_in_by_phone(one.phone)
    made = (await town.register(one, headers, exit={**window(), "reason": "medical"})).json()
    return Patient(one, made["id"], made["exit"]["pass"]["token"])


async def feverish(town: Town, one: Patient) -> None:
    """Twice above the threshold: the second measurement confirms the first."""
    assert (await town.scan(one.pass_token, 38.2, "out"))["decision"] == "recheck"
    assert (await town.scan(one.pass_token, 38.4, "out"))["decision"] == "deny"


async def opened(
    screens: Screens, town: Town, path: str = "/zh/official", viewport: Any = DESK, **options: Any
) -> Screen:
    """Open the board as the compound's worker, and wait until it is live."""
    screen = await screens.open(path, viewport, **options)
    await screen.sign_in(**town.secrets["community_worker"])
    await expect(screen.page.locator(".link:not(.lost)")).to_be_visible()
    await expect(screen.page.locator(".alerts, #alerts .empty").locator("visible=true").first).to_be_visible()
    return screen


def rows(page: Page) -> Locator:
    return page.locator(".alerts > li")


async def waiting(page: Page, count: int) -> None:
    """Require the count of the title, which is seen when the page is not."""
    pattern = rf"^\({count}\) " if count else r"^[^(]"
    await expect(page).to_have_title(re.compile(pattern), timeout=20_000)
