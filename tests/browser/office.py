"""A property manager's window, what is dropped on it and what comes out of it."""

import base64
import csv
import io

from playwright.async_api import Locator, Page, expect

from tests.browser.screen import DESK, PHONE, Screen
from tests.roster import Owner
from tests.town import Town


class Office:
    """A manager's window, and what they look for in it."""

    def __init__(self, screen: Screen, town: Town) -> None:
        self.screen, self.town, self.page = screen, town, screen.page

    def panel(self, name: str) -> Locator:
        return self.page.locator(f"#panel-{name}")

    async def open(self, tab: str, language: str = "zh") -> Locator:
        await self.page.goto("about:blank")
        await self.page.goto(f"/{language}/property#{tab}")
        panel = self.panel(tab)
        await expect(panel).to_be_visible()
        await expect(self.page.locator("[aria-busy=true]:visible")).to_have_count(0)
        return panel

    async def look(self, name: str) -> None:
        """See what is shown as a phone and as a desk show it."""
        for viewport in (PHONE, DESK):
            await self.page.set_viewport_size(viewport)
            await self.screen.look(f"property-{name}")

    async def look_at(self, tab: str, name: str) -> None:
        """See a tab in both languages."""
        for language in ("en", "zh"):
            await self.open(tab, language)
            await self.look(name)


async def drop(zone: Locator, *files: tuple[str, bytes]) -> None:
    """Let go of files over a part of the page."""
    held = await zone.page.evaluate_handle(
        """files => {
            const held = new DataTransfer();
            for (const [name, content] of files) {
                held.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], name));
            }
            return held;
        }""",
        [[name, base64.b64encode(content).decode()] for name, content in files],
    )
    await zone.dispatch_event("dragover", {"dataTransfer": held})
    await zone.dispatch_event("drop", {"dataTransfer": held})


async def counts(panel: Locator) -> dict[str, str]:
    await expect(panel.locator(".counts")).to_be_visible()
    terms, values = [await panel.locator(f".counts {tag}").all_inner_texts() for tag in ("dt", "dd")]
    return dict(zip(terms, values, strict=True))


async def texts(rows: Locator) -> list[list[str]]:
    return [await row.locator("td").all_inner_texts() for row in await rows.all()]


async def saved(page: Page, button: Locator) -> bytes:
    async with page.expect_download() as coming:
        await button.click()
    return (await (await coming.value).path()).read_bytes()


def csv_cells(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "Excel would take it for another encoding"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def register(town: Town, one: Owner) -> str:
    answer = await town.register(one, await town.sign_in_by_phone(one.phone))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
