"""What every page has: two languages, a policy that holds, and nothing of anybody before one has signed in."""

import pytest

from tests.browser.screen import DESK, PHONE, Screens

PAGES = ("", "resident", "gate", "property", "official")


class TestEveryPage:
    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("name", PAGES)
    async def test_can_be_used_by_anybody(self, screens: Screens, name: str, language: str) -> None:
        """On a phone and at a desk, in both languages, by keyboard and by ear; nothing breaks the page's policy."""
        for viewport in (PHONE, DESK):
            screen = await screens.open(f"/{language}/{name}".rstrip("/"), viewport)
            await screen.page.locator("main :is(form, ul)").first.wait_for()
            await screen.look(f"start-{name or 'home'}")

    async def test_speaks_the_other_language_at_a_touch(self, screens: Screens) -> None:
        """Chinese unless the browser asks for English; the switch keeps the page."""
        screen = await screens.open("/", locale="de-DE")
        at_first = screen.page.url
        await screen.page.goto("/zh/gate")
        await screen.page.get_by_role("link", name="English").click()
        await screen.page.wait_for_url("**/en/gate")

        assert at_first.endswith("/zh")
        assert await screen.page.locator("h1").inner_text() == "Gate"
