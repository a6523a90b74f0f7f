"""A real browser at a real district."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.office import Office
from tests.browser.screen import CAMERA, CHROMIUM, DESK, FLAGS, Screens, film
from tests.district import District
from tests.town import Town


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        await one.close()


@pytest.fixture
async def screens(browser: Browser, district: District) -> AsyncIterator[Screens]:
    """Give windows onto the district; what any of them complained about fails the test at its end."""
    async with Screens(browser, district.url("gateway")) as one:
        yield one


@pytest.fixture
async def office(screens: Screens, town: Town) -> Office:
    screen = await screens.open("/zh/property", DESK)
    await screen.sign_in(**town.secrets["property_manager"])
    return Office(screen, town)


@pytest.fixture
async def filming(district: District, tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[Screens]]]:
    """Give windows of a browser of their own, whose camera sees a QR code of the text."""
    async with async_playwright() as playwright, AsyncExitStack() as stack:

        async def before_the_camera(text: str) -> Screens:
            seen = film(text, tmp_path / "camera.mjpeg")
            flags = [*FLAGS, *CAMERA, f"--use-file-for-fake-video-capture={seen}"]
            one = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            stack.push_async_callback(one.close)
            return await stack.enter_async_context(Screens(one, district.url("gateway")))

        yield before_the_camera
