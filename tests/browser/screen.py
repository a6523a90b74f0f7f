"""A window of the browser, which keeps what it complained about, and what every page must be."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import segno
from PIL import Image
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

ROOT = Path(__file__).parent.parent.parent
SHOTS = ROOT / ".screens"
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
_checked: set[tuple[str, int]] = set()
# What one service knows comes to another by events; on a busy machine that takes a moment.
expect.set_options(timeout=15_000)
_HTTP = re.compile(r"Failed to load resource: (the server responded with a status of|net::ERR_INTERNET_DISCONNECTED)")
"""The browser notes each answer that is no success; whether one is right is for the test to say."""


def film(text: str, path: Path, frames: int = 20) -> Path:
    """Write what a camera sees before which somebody holds a code, as Chromium's fake device plays it: MJPEG."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="l").save(drawn, kind="png", scale=5, border=4)
    code, scene = Image.open(drawn).convert("RGB"), Image.new("RGB", (1280, 720), "#7a7f85")
    scene.paste(code, ((scene.width - code.width) // 2, (scene.height - code.height) // 2))
    frame = io.BytesIO()
    scene.save(frame, "JPEG", quality=90)
    path.write_bytes(frame.getvalue() * frames)
    return path


class Screen:
    """One window. `page` is Playwright's."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _HTTP.match(message.text):
            self.complaints.append(f"{self.page.url}: {message.text}")

    async def sign_in(self, username: str, password: str) -> None:
        """Sign in as somebody who works here does."""
        form = self.page.locator("form.sign-in")
        await form.locator("#username").fill(username)
        await form.locator("#password").fill(password)
        await form.locator("button:not([type=button])").click()
        await expect(form).to_be_hidden()

    async def sign_in_by_phone(self, phone: str, code: Callable[[], Any]) -> None:
        """Sign in as a resident does; `code` reads the code that was sent."""
        form = self.page.locator("form.sign-in")
        await form.locator("#phone").fill(phone)
        await form.locator("button[type=button]").click()
        await expect(form.locator(".hint span")).to_be_visible()
        await form.locator("#code").fill(await code())
        await form.locator("button:not([type=button])").click()
        await expect(form).to_be_hidden()

    async def look_wide_and_narrow(self, name: str) -> None:
        """Look at what is there now on a phone and at a desk."""
        before = self.page.viewport_size
        for viewport in (DESK, PHONE):
            await self.page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a plain dict
            await self.look(name)
        if before:
            await self.page.set_viewport_size(before)

    async def look(self, name: str) -> None:
        """Photograph the page, and require that anybody can use it: no serious finding, nothing beyond the window."""
        SHOTS.mkdir(exist_ok=True)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        language = (await self.page.locator("html").get_attribute("lang") or "")[:2]
        await self.page.screenshot(path=SHOTS / f"{name}-{width}-{language}.png", full_page=True)
        overflow = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{name} is {overflow} px wider than its window of {width} px"
        # Languages differ in words alone, so one of them is enough for what takes long.
        if (name, width) not in _checked:
            await self._check()
            _checked.add((name, width))

    async def _check(self) -> None:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE)
        found = await self.page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [
            f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]
        assert serious == []


class Screens:
    """Windows of one test, each with cookies of its own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: list[BrowserContext] = []
        self._all: list[Screen] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        for context in self._contexts:
            await context.close()
        if kind is None:
            assert [one for screen in self._all for one in screen.complaints] == []

    async def open(self, path: str, viewport: Any = PHONE, **options: Any) -> Screen:
        """Open a page in a window of its own."""
        # Without motion, so that no colour is looked at half-way to another.
        still = {"reduced_motion": "reduce", **options}
        context = await self._browser.new_context(base_url=self._url, viewport=viewport, **still)
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        screen = await self._window(context)
        await screen.page.goto(path)
        return screen

    async def beside(self, other: Screen) -> Screen:
        """Open another window of the same browser: with the same cookies, the same record."""
        return await self._window(other.page.context)

    async def _window(self, context: BrowserContext) -> Screen:
        screen = Screen(await context.new_page())
        self._all.append(screen)
        return screen
