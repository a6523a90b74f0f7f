"""A resident's phone: signs in, fills in what the page asks, and lets another eye read its code."""

import base64
from typing import Any, Self

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.screen import ROOT, Screen, Screens
from tests.roster import Owner
from tests.town import Town

SHOWN = 30_000
"""Milliseconds for which a code is shown."""
_READER = (ROOT / "node_modules/zxing-wasm/dist/iife/reader/index.js").read_text(encoding="utf-8")
_WASM = base64.b64encode((ROOT / "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm").read_bytes()).decode()
_READ = """async ([wasm, picture]) => {
    const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    ZXingWASM.prepareZXingModule({overrides: {wasmBinary: bytes(wasm).buffer}});
    return (await ZXingWASM.readBarcodes(bytes(picture), {formats: ["QRCode"]})).map((one) => one.text);
}"""


class Phone:
    """The page as one resident has it open, in English unless said otherwise."""

    def __init__(self, screen: Screen, town: Town, who: Owner) -> None:
        self.screen, self.town, self.who = screen, town, who

    @classmethod
    async def open(cls, screens: Screens, town: Town, who: Owner, language: str = "en", **options: Any) -> Self:
        """Open the page with a clock that the test may turn, and sign in."""
        screen = await screens.open("about:blank", **options)
        await screen.page.clock.install()
        await screen.page.goto(f"/{language}/resident")
        phone = cls(screen, town, who)
        await screen.sign_in_by_phone(who.phone, phone.code)
        return phone

    @property
    def page(self) -> Page:
        return self.screen.page

    @property
    def heading(self) -> Locator:
        return self.page.locator("#section-pass h2:visible").first

    async def code(self) -> str:
        """Read the code that was sent."""
        return str((await self.town.call("GET", f"/v1/demo/codes/{self.who.phone}")).json()["code"])

    async def go(self, section: str) -> Locator:
        await self.page.locator(f"nav a[href='#{section}']").click()
        return self.page.locator(f"#section-{section}")

    async def fill(self, **changed: str) -> None:
        """Fill in the registration as the roster has it, but for what is changed."""
        page, who = self.page, self.who
        typed = {"building": who.building, "unit": who.unit, "room": who.room, "name": who.name, "number": who.number}
        await page.locator(f"#area option[value='{self.town.compound}']").wait_for(state="attached")
        await page.locator("#area").select_option(self.town.compound)
        for field, value in {**typed, **changed}.items():
            await page.locator(f"#{field}").fill(value)

    async def register(self, **changed: str) -> None:
        await self.fill(**changed)
        await self.page.get_by_role("button", name="Register").click()

    async def renewed(self) -> dict[str, Any]:
        """Let half a minute pass, and return the pass that the page fetched then."""
        async with self.page.expect_response("**/v1/passes/*") as fetched:
            await self.page.clock.fast_forward(SHOWN)
        token: dict[str, Any] = await (await fetched.value).json()
        return token

    async def shown(self, browser: Browser) -> str:
        """Return what a scanner reads off the screen."""
        picture = await self.page.locator(".pass-code img").screenshot()
        blank = await browser.new_page()
        await blank.add_script_tag(content=_READER)
        read: list[str] = await blank.evaluate(_READ, [_WASM, base64.b64encode(picture).decode()])
        await blank.close()
        assert len(read) == 1
        return read[0]


async def verified(screens: Screens, town: Town, who: Owner, **options: Any) -> Phone:
    """Open the phone of somebody who is registered already."""
    headers = await town.sign_in_by_phone(who.phone)
    assert (await town.register(who, headers)).json()["status"] == "verified"
    phone = await Phone.open(screens, town, who, **options)
    await expect(phone.heading).to_be_visible()
    return phone
