"""The property page: devices get secrets, who is outside is seen, who has left is removed."""

import secrets
from datetime import timedelta

from playwright.async_api import expect

from tests.browser.office import Office, register, texts
from tests.browser.screen import PHONE, Screens
from tests.roster import owner
from tests.town import Town, window

FAR = "北侧消防通道旁临时增设的第二出入口（仅限早六点至晚十点）"
HASTE = """
for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}
"""


async def entered(town: Town, device: str, secret: str) -> int:
    body = {"grant": "device", "device": device, "secret": secret}
    status: int = (await town.call("POST", "/v1/auth/tokens", json=body)).status_code
    return status


class TestGatesAndDevices:
    async def test_a_device_has_its_secret_shown_once_changed_and_revoked(self, office: Office) -> None:
        """A secret that stays on a screen is none; one that is lost is replaced, a stolen device is cut off."""
        page, town = office.page, office.town
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        panel = await office.open("gates")
        secret, ask = panel.locator("dialog").nth(1), panel.locator("dialog").nth(0)

        await panel.locator("#gate-name").fill("西\u202e门")
        await panel.get_by_role("button", name="添加门岗").click()
        await expect(panel.locator("[role=alert]:visible")).to_have_text("含有不允许的字符。")
        await panel.locator("#gate-name").fill("西门")
        await panel.get_by_role("button", name="添加门岗").click()
        await expect(panel.locator("tr", has_text="西门")).to_contain_text("还没有消息")
        await panel.locator("#device-gate").select_option("东门")
        await panel.locator("#device-label").fill("一号机")
        await panel.get_by_role("button", name="添加设备").click()
        await expect(secret).to_be_visible()
        await office.look("gates-secret")
        device, first = [await secret.locator("input").nth(at).input_value() for at in (0, 1)]
        await secret.get_by_role("button", name="复制密钥").click()
        await expect(secret.get_by_role("status")).to_have_text("已复制。")
        copied = await page.evaluate("navigator.clipboard.readText()")
        await secret.get_by_role("button", name="已经填好").click()
        await expect(secret).to_be_hidden()
        kept = await page.evaluate("document.documentElement.outerHTML + JSON.stringify(localStorage)")
        left = await secret.locator("input").nth(1).input_value()
        works = await entered(town, device, first)

        await panel.get_by_role("button", name="为“一号机”换密钥").click()
        await ask.get_by_role("button", name="换密钥").click()
        await expect(secret).to_be_visible()
        second = await secret.locator("input").nth(1).input_value()
        await secret.get_by_role("button", name="已经填好").click()
        after_rotation = await entered(town, device, first), await entered(town, device, second)
        await office.look_at("gates", "gates")
        await panel.get_by_role("button", name="停用“一号机”").click()
        await office.look("gates-revoke")
        await ask.get_by_role("button", name="停用").click()
        await expect(panel.locator("tr", has_text="一号机")).to_contain_text("已停用")
        after_revocation = await entered(town, device, second)

        assert copied == first
        assert first not in kept
        assert left == ""
        assert (works, after_rotation, after_revocation) == (200, (401, 200), 401)


class TestWhoIsOutside:
    async def test_shows_the_overdue_first_and_keeps_itself_up_to_date(self, office: Office) -> None:
        """Somebody who does not come back may lie in the street: the list says so without anybody asking."""
        town, page = office.town, office.page
        late, away = owner("王小明"), owner("李小红", building="4栋", room="101室")
        await town.import_roster(late, away)
        for one, hours in ((away, 1), (late, 4 / 3600)):
            headers = await town.sign_in_by_phone(one.phone)
            await town.register(one, headers)
            await town.ask_until(headers, "approved")
            approved = await town.ask(headers, **window(timedelta(), hours), reason="medical")
            await town.scan(approved["pass"]["token"], 36.5, "out")
        await page.clock.install()
        panel = await office.open("outside")
        await expect(panel.locator("tbody tr")).to_have_count(2)

        async def noticed() -> bool:
            await page.clock.run_for(15_000)
            return await panel.locator(".sum").inner_text() == "在外 2 人，逾期 1 人"

        await town.district.until(noticed)
        rows = await texts(panel.locator("tbody tr"))
        await office.look_at("outside", "outside")
        await panel.get_by_label("楼栋").select_option("4栋")
        await expect(panel.locator(".sum")).to_have_text("在外 1 人，逾期 0 人")
        filtered = await texts(panel.locator("tbody tr"))
        await page.context.set_offline(offline=True)
        await page.clock.run_for(15_000)
        await expect(panel.locator("[role=alert]:visible")).to_have_text("没有网络，请重试。")
        await expect(panel.locator("tbody tr")).to_have_count(1)

        assert "逾期" in rows[0][3]
        assert "3栋1单元502室" in rows[0][0]
        assert [row[1] for row in rows] == ["就医", "就医"]
        assert "4栋1单元101室" in filtered[0][0]


class TestResidents:
    async def test_one_who_has_left_is_found_and_removed(self, office: Office) -> None:
        """A pass of somebody who moved out opens the gate to nobody; a reason is asked for."""
        town = office.town
        stays, leaves = owner("王小明"), owner("李小红", building="12栋", unit="", room="1204")
        await town.import_roster(stays, leaves)
        for one in (stays, leaves):
            await register(town, one)
        await office.look_at("residents", "residents")
        panel = office.panel("residents")
        rows = panel.locator("tbody tr")

        await panel.get_by_label("楼栋").select_option("3栋")
        await expect(rows).to_have_count(1)
        await panel.get_by_label("楼栋").select_option("全部楼栋")
        await expect(rows).to_have_count(2)
        await panel.get_by_label("查找").fill("无此人")
        await expect(panel.get_by_text("没有找到。")).to_be_visible()
        await panel.get_by_label("查找").fill(f"李 1204 {leaves.number[-4:].lower()}")
        await expect(rows).to_have_count(1)
        await rows.get_by_role("button").click()
        dialog = panel.locator("dialog")
        await office.look("residents-remove")
        await dialog.locator("textarea").fill("已退租")
        await dialog.get_by_role("button", name="移除").click()
        await expect(panel.locator(".said")).to_have_text("李**（12栋1204室）已移除。")
        await expect(panel.locator("h2")).to_be_focused()
        await panel.get_by_label("查找").fill("")
        await expect(rows).to_have_count(1)
        params = {"area": town.compound, "status": "removed"}
        manager = town.staff["property_manager"]
        removed = (await town.call("GET", "/v1/residents", manager, params=params)).json()["items"]

        assert len(removed) == 1


class TestTheManager:
    async def test_of_several_compounds_chooses_one_and_sees_no_other(self, screens: Screens, town: Town) -> None:
        """Two compounds on one screen would be mixed up; the choice is kept, and each is called by its name."""
        admin = await town.sign_in(**town.facts["accounts"]["admin"])
        other, long = f"{town.compound}x", "和平里东社区翡翠湖畔国际花园二期（北区）"
        await town.call("POST", "/v1/areas", admin, json={"id": other, "name": long})
        await town.call("POST", "/v1/gates", admin, json={"area": other, "name": FAR})
        account = {"username": f"both-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
        grants = [{"role": "property_manager", "area": area} for area in (town.compound, other)]
        await town.call("POST", "/v1/staff", admin, json={**account, "grants": grants})
        screen = await screens.open("/zh/property#gates", PHONE, color_scheme="dark")
        await screen.sign_in(**account)
        gates = screen.page.locator("#panel-gates section").first.locator("tbody tr td:first-child")

        await screen.page.get_by_label("小区").select_option("测试小区")
        await expect(gates).to_have_text(["东门"])
        await screen.page.reload()
        await expect(gates).to_have_text(["东门"])
        await screen.page.get_by_label("小区").select_option(long)
        await expect(gates).to_have_text([FAR])
        await screen.look("property-choice")
        await screen.page.reload()
        await expect(screen.page.get_by_label("小区")).to_have_value(other)
        await expect(gates).to_have_text([FAR])

    async def test_goes_through_the_tabs_by_keyboard_and_finds_each_empty(self, office: Office) -> None:
        """On the first day nothing is there, and every tab says what comes; tabs answer to arrows and the address."""
        page = office.page
        await office.open("roster")
        await page.locator("#tab-roster").focus()

        went = []
        for key in ("ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"):
            await page.keyboard.press(key)
            went.append(await page.evaluate("document.activeElement.id + location.hash"))
        # Three keys before the browser has told the page of the first new address.
        await page.evaluate(HASTE)
        went.append(await page.evaluate("document.activeElement.id + location.hash"))
        await page.evaluate("location.hash = 'residents'")
        await expect(office.panel("residents")).to_be_visible()
        for tab in ("roster", "review", "gates", "outside", "residents"):
            await office.look_at(tab, f"{tab}-empty")

        names = ["review", "residents", "roster", "residents", "roster", "outside"]
        assert went == [f"tab-{name}#{name}" for name in names]

    async def test_is_told_when_the_account_is_none_of_a_manager(self, screens: Screens, town: Town) -> None:
        """A guard who opens this page is sent away in a sentence, with nothing to try in vain."""
        screen = await screens.open("/zh/property", PHONE)
        await screen.sign_in(**town.secrets["guard"])

        await expect(screen.page.get_by_text("没有管理任何小区")).to_be_visible()
        await expect(screen.page.get_by_role("tablist")).to_be_hidden()
