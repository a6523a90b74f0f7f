"""The property page: a roster comes in, registrations are decided, devices get secrets, who is outside is seen."""

import base64
import csv
import io
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.screen import DESK, PHONE, Screen, Screens
from tests.roster import HEADERS, Owner, owner, xlsx
from tests.town import Town, window

FAR = "北侧消防通道旁临时增设的第二出入口（仅限早六点至晚十点）"
FORMULA = '=HYPERLINK("http://example.org","王")'


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


@pytest.fixture
async def office(screens: Screens, town: Town) -> Office:
    screen = await screens.open("/zh/property", DESK)
    await screen.sign_in(**town.secrets["property_manager"])
    return Office(screen, town)


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


async def saved(page: Page, button: Locator) -> list[list[str]]:
    async with page.expect_download() as coming:
        await button.click()
    content = (await (await coming.value).path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf"), "Excel would take it for another encoding"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


class TestTheRoster:
    async def test_takes_the_good_rows_and_lists_the_bad_ones_to_be_corrected(self, office: Office) -> None:
        """A manager gets three thousand rows in by correcting ten; nothing in the list to download is a formula."""
        good = [owner("王小明"), owner("李小红", room="503室")]
        bad = [replace(owner(), name=FORMULA), replace(owner(), number="110105194912310021", relation="房客")]
        content = xlsx(good[0], *bad, good[1])
        panel = await office.open("roster")

        await drop(panel.locator(".drop"), ("=1+1.xlsx", content))
        first = await counts(panel)
        await expect(panel.get_by_role("heading", name="已导入")).to_be_focused()
        listed = await texts(panel.locator("tbody tr"))
        await office.look("roster-rejected")
        download = await saved(office.page, panel.get_by_role("button", name="下载清单"))
        async with office.page.expect_file_chooser() as choosing:
            await panel.locator("#file").press("Enter")
        await (await choosing.value).set_files({"name": "名册.xlsx", "mimeType": "", "buffer": content})
        await expect(panel.locator(".counts dd").nth(2)).to_have_text("2")
        second = await counts(panel)

        assert first == {"新增": "2", "有变动": "0", "无变动": "0", "未导入": "2"}
        assert [row[:2] for row in listed] == [["3", "姓名"], ["4", "身份证号"], ["4", "关系"]]
        assert download[0] == ["文件", "行", "列", "原因"]
        assert download[1:] == [["'=1+1.xlsx", *row] for row in listed]
        assert FORMULA not in str(download)
        assert second == {"新增": "0", "有变动": "0", "无变动": "2", "未导入": "2"}

    async def test_says_what_is_the_matter_with_a_file_and_takes_the_next(self, office: Office) -> None:
        """Whoever has the wrong file open learns so in a sentence, at the place, and nothing is imported."""
        panel = await office.open("roster", "en")
        zone, fault = panel.locator(".drop"), panel.locator("[role=alert]:visible")
        header = ",".join(HEADERS).encode()

        await drop(zone, ("list.xlsx", b"no workbook"))
        await expect(fault).to_have_text("Send an .xlsx or .csv file; .xls, macros and passwords are not taken.")
        await drop(zone, ("one.csv", header), ("two.csv", header))
        await expect(fault).to_have_text("One file at a time, please.")
        await drop(zone, ("large.csv", header * 120_000))
        await expect(fault).to_have_text("This file is larger than 8 MB.")
        await drop(zone, ("list.csv", "楼栋,姓名\n3栋,王小明\n".encode()))
        await expect(fault).to_contain_text("nothing was imported")
        missing = await texts(panel.locator("tbody tr"))
        await drop(zone, ("list.csv", f"{','.join(HEADERS)}\n3,1,502,,,,{FORMULA},1,1,\n".encode()))
        await expect(panel.locator("tbody tr")).to_have_count(1)
        formula = await texts(panel.locator("tbody tr"))
        await office.look("roster-refused")
        await drop(office.page.locator("h1"), ("list.csv", header))
        template = await saved(office.page, panel.get_by_role("button", name="Template"))
        await drop(zone, ("list.csv", header))
        await expect(panel.get_by_text("The file has headers and no rows.")).to_be_visible()
        await drop(zone, ("list.csv", xlsx(owner())))
        await expect(panel.get_by_text("Every row is in order.")).to_be_visible()

        assert [row[:2] for row in missing] == [["1", "A"]] * 3
        assert formula == [["2", "G", "This cell is a formula; paste it as a value."]]
        assert "/en/property" in office.page.url, "a file that missed its place replaced the page"
        assert template[0][6:9] == ["Name", "ID number", "Phone"]


async def register(town: Town, one: Owner) -> str:
    answer = await town.register(one, await town.sign_in_by_phone(one.phone))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class TestTheReview:
    async def test_shows_a_registration_beside_its_look_alike_and_lets_in_or_turns_down(self, office: Office) -> None:
        """What differs is seen at a glance, by word and not by colour alone; the decision takes it off the list."""
        town = office.town
        listed, stranger, third = owner("王小明"), owner("赵六", room="601室"), owner("孙七", room="602室")
        await town.import_roster(listed)
        await register(town, replace(listed, name="王晓明"))
        turned_down = await register(town, stranger)
        decided = await register(town, third)
        await office.look_at("review", "review")
        panel = office.panel("review")
        card = panel.locator("article.card").filter(has_text="王**")

        await office.page.emulate_media(color_scheme="dark")
        await office.look("review-dark")
        await office.page.emulate_media(color_scheme="light")
        differing = await card.locator("tr:has(.differs)").locator("th").all_inner_texts()
        await card.get_by_role("button", name="通过").click()
        await expect(card).to_have_count(0)
        await expect(panel.locator(".said")).to_have_text("王**（3栋1单元502室）已通过。")
        await expect(panel.locator("h2")).to_be_focused()
        manager = town.staff["property_manager"]
        other = {"reason": "已搬走"}
        await town.call("POST", f"/v1/residents/{decided}/reject", manager, json=other)
        await panel.locator("article.card").filter(has_text="孙*").get_by_role("button", name="通过").click()
        await expect(panel.locator("> [role=alert]:visible")).to_have_text("这项登记已经处理过。")
        await panel.locator("article.card").filter(has_text="赵*").get_by_role("button", name="驳回").click()
        dialog = panel.locator("dialog")
        await dialog.get_by_role("button", name="驳回").click()
        await expect(dialog).to_be_visible()
        await dialog.locator("textarea").fill("请到物业\u202e核对")
        await dialog.get_by_role("button", name="驳回").click()
        await expect(dialog.get_by_role("alert")).to_have_text("含有不允许的字符。")
        await office.look("review-reject")
        await office.page.emulate_media(color_scheme="dark")
        await office.look("review-reject-dark")
        await dialog.locator("textarea").fill("请带房产证到物业核对")
        await dialog.get_by_role("button", name="驳回").click()
        await expect(dialog).to_be_hidden()
        await expect(panel.locator(".empty")).to_be_visible()
        params = {"area": town.compound, "status": "rejected"}
        rejected = (await town.call("GET", "/v1/residents", manager, params=params)).json()["items"]

        assert differing == ["姓名"]
        assert (turned_down, "请带房产证到物业核对") in [(one["id"], one["note"]) for one in rejected]

    async def test_goes_through_a_long_list_in_pages(self, office: Office) -> None:
        """On the first day hundreds wait: twenty at a time, and back."""
        town = office.town
        worker = town.staff["community_worker"]
        for number in range(21):
            one = owner("周八", room=str(301 + number))
            answer = await town.register(one, worker, on_behalf=True)
            assert answer.status_code == 201, answer.text
        panel = await office.open("review")
        cards = panel.locator("article.card")

        await expect(cards).to_have_count(20)
        badge = await office.page.locator("#tab-review .badge").inner_text()
        await panel.get_by_role("button", name="下一页").click()
        await expect(cards).to_have_count(1)
        last = await cards.inner_text()
        badges = badge, await office.page.locator("#tab-review .badge").inner_text()
        await cards.get_by_role("button", name="通过").click()
        await expect(cards).to_have_count(20)

        assert badges == ("20+", "21")
        assert "由他人代为登记" in last
        assert "名册中没有相近的人" in last


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
        await page.evaluate("location.hash = 'residents'")
        await expect(office.panel("residents")).to_be_visible()
        for tab in ("roster", "review", "gates", "outside", "residents"):
            await office.look_at(tab, f"{tab}-empty")

        names = ["review", "residents", "roster", "residents", "roster"]
        assert went == [f"tab-{name}#{name}" for name in names]

    async def test_is_told_when_the_account_is_none_of_a_manager(self, screens: Screens, town: Town) -> None:
        """A guard who opens this page is sent away in a sentence, with nothing to try in vain."""
        screen = await screens.open("/zh/property", PHONE)
        await screen.sign_in(**town.secrets["guard"])

        await expect(screen.page.get_by_text("没有管理任何小区")).to_be_visible()
        await expect(screen.page.get_by_role("tablist")).to_be_hidden()
