"""The live board: what officials and community workers see as it happens, and what they do about it there."""

import io
import re
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, expect

from tests.browser.screen import DESK, PHONE, Screen, Screens
from tests.district import District
from tests.integration.alerts.officials import fever
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


class TestAlerts:
    async def test_are_seen_heard_and_moved_in_place(self, screens: Screens, town: Town) -> None:
        """From the gate onto an open page without a reload; whoever sees to it need not go anywhere else."""
        one = await patient(town)
        screen = await opened(screens, town)
        page = screen.page
        await page.evaluate(LISTEN)
        await screen.look("official-empty")
        await page.get_by_role("button", name="打开声音").click()
        await expect(page.get_by_role("button", name="声音已开")).to_have_attribute("aria-pressed", "true")
        tried = await page.evaluate("window.tones")

        await feverish(town, one)

        row = rows(page)
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("发热 38.4 °C")
        await expect(row).to_contain_text("测试小区 3栋1单元502室")
        await waiting(page, 1)
        assert await page.evaluate("window.badge") == 1
        assert await page.evaluate("window.tones") > tried > 0
        await expect(page.locator(".next")).to_contain_text(re.compile(r"社区 0\d:\d\d"))
        await screen.look("official-fever")

        await row.get_by_role("button", name="确认").click()
        await expect(row.locator(".status")).to_have_text("已确认 · 我")
        await expect(row.locator(".clock")).to_be_hidden()
        await waiting(page, 0)
        await row.get_by_role("button", name="指派").click()
        await expect(row.get_by_label("指派给")).to_be_focused()
        await screen.look("official-assign")
        await page.set_viewport_size(PHONE)
        await screen.look("official-assign")
        await page.set_viewport_size(DESK)
        await row.locator("form button").click()
        await expect(row.locator(".status")).to_have_text("已指派 · 我")
        await row.get_by_role("button", name="办结").click()
        await row.get_by_label("处理结果").select_option("false_alarm")
        await row.locator("form button").click()

        await expect(row).to_have_count(0)
        await expect(page.locator("#alerts-title")).to_be_focused()
        await page.locator(".filter").get_by_role("button", name="已办结").click()
        await expect(row.locator(".status")).to_have_text("已办结 · 我 · 误报")

    async def test_five_hundred_at_once_leave_the_page_usable(
        self, screens: Screens, town: Town, district: District
    ) -> None:
        """On the worst day the board is needed most: it counts all, lists the newest, and answers meanwhile."""
        page = (await opened(screens, town)).page
        await page.evaluate(LISTEN)

        for number in range(500):
            await district.publish(fever(f"{town.compound}.b{number % 30}.u1.r{number}"))
        await expect(page).to_have_title(re.compile(r"^\("))
        await page.locator(".filter").get_by_role("button", name="办理中").click(timeout=3000)
        await page.locator(".filter").get_by_role("button", name="待处理").click(timeout=3000)
        await expect(page).to_have_title(re.compile(r"^\(500\) "), timeout=30_000)

        await expect(rows(page)).to_have_count(200)
        await expect(page.locator(".more").first).to_contain_text("300")
        assert await page.evaluate("window.badge") == 500


class TestClue:
    async def test_is_read_and_brought_to_its_end(self, screens: Screens, town: Town) -> None:
        """An alert says that there is something; what it is, and what comes of it, stands behind it."""
        one = owner("李大")
        await town.import_roster(one)
        headers = await town.sign_in_by_phone(one.phone)
        await town.register(one, headers)
        told = {"category": "gathering", "text": "棋牌室有二十多人", "place": "地下车库", "area": town.compound}
        photo = io.BytesIO()
        Image.new("RGB", (640, 480), "teal").save(photo, "JPEG")
        reported = await town.call(
            "POST", "/v1/clues", headers, data=told, files={"photos": ("a.jpg", photo.getvalue(), "image/jpeg")}
        )
        assert reported.status_code == 201, reported.text
        screen = await opened(screens, town)
        page = screen.page
        await rows(page).get_by_role("button", name="查看").click()

        clue = page.locator("section[aria-labelledby=clue-title]")
        await expect(page.locator("#clue-title")).to_be_focused()
        await expect(clue).to_contain_text("棋牌室有二十多人")
        await expect(clue).to_contain_text("测试小区 地下车库")
        photo_shown = clue.get_by_role("img")
        await expect(photo_shown).to_be_visible()
        assert await photo_shown.evaluate("(one) => one.decode().then(() => one.naturalWidth)") > 0
        for viewport in (PHONE, DESK):
            await page.set_viewport_size(viewport)
            await screen.look("official-clue")
        await clue.get_by_role("button", name="属实", exact=True).click()
        await clue.get_by_role("button", name="我来办").click()
        await clue.get_by_label("处理结果").fill("已劝散")
        await clue.get_by_role("button", name="办结").click()
        await expect(clue.get_by_role("listitem").last).to_contain_text("已查清")
        mine = (await town.call("GET", "/v1/clues/mine", headers)).json()["items"][0]
        await page.go_back()

        assert (mine["state"], mine["outcome"]) == ("resolved", "已劝散")
        await expect(rows(page)).to_have_count(0)


class TestConnection:
    async def test_what_happened_while_it_was_cut_is_there_afterwards(
        self, screens: Screens, town: Town, district: District
    ) -> None:
        """A board that looks alive and is not is worse than none: the cut is shown, and mended without anybody."""
        screen = await opened(screens, town)
        page = screen.page
        link = page.locator(".link")
        await district.publish(fever(f"{town.compound}.b1.u1.r1"))
        await waiting(page, 1)

        await page.context.set_offline(True)
        await expect(link).to_contain_text("中断")
        await page.set_viewport_size(PHONE)
        await screen.look("official-lost")
        await page.set_viewport_size(DESK)
        await district.publish(fever(f"{town.compound}.b1.u1.r2"))
        await page.context.set_offline(False)
        await expect(link.get_by_text("实时")).to_be_visible()
        await waiting(page, 2)

        await district.supervisor.kill("alerts")
        await expect(link).to_contain_text("中断")
        # Meanwhile the session runs out too.
        await page.context.clear_cookies(name="menshen_access")
        await district.publish(fever(f"{town.compound}.b1.u1.r3"))
        await district.supervisor.restart("alerts")
        await expect(link.get_by_text("实时")).to_be_visible(timeout=40_000)
        await waiting(page, 3)
        await expect(rows(page)).to_have_count(3)

        # Away for longer than the feed is kept: the list tells.
        await page.context.set_offline(True)
        last = fever(f"{town.compound}.b1.u1.r4")
        await district.publish(last)
        stored = district.db("alerts")
        await district.until(lambda: stored.feed.find_one({"alert.cause": last.subject}))
        await stored.feed.delete_many({})
        await page.context.set_offline(False)
        await waiting(page, 4)
        await expect(rows(page)).to_have_count(4)

        # A laptop that slept: its connection may be dead without knowing it, and the list may have changed.
        async with page.expect_request(lambda one: "/v1/alerts/stream" in one.url):
            await page.evaluate("document.dispatchEvent(new Event('resume'))")
        await expect(link.get_by_text("实时")).to_be_visible()
        await expect(rows(page)).to_have_count(4)


class TestNumbers:
    async def test_figures_charts_and_gates_say_what_happened(self, screens: Screens, town: Town) -> None:
        """Read aloud or read by eye, they are the same numbers: the tables beside the charts are their content."""
        one = await patient(town)
        await town.scan(one.pass_token, 36.5, "out")
        await town.scan(one.pass_token, 36.6, "in")
        second = await town.ask(await town.sign_in_by_phone(one.owner.phone), **window(), reason="medical")
        await feverish(town, Patient(one.owner, one.id, second["pass"]["token"]))
        screen = await opened(screens, town)
        page = screen.page
        await expect(rows(page)).to_have_count(1)

        cards = page.locator(".cards > div")
        await expect(cards.filter(has_text="出门人次").locator("b")).to_have_text("1", timeout=40_000)
        await expect(cards.filter(has_text="发热").locator("b")).to_have_text("1")
        await expect(cards.filter(has_text="发热")).to_contain_text("昨日 0")
        hours = page.get_by_role("table", name="今日分时数据")
        sums = await hours.locator("tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.cells].slice(1).map((one) => Number(one.textContent)))"
            ".reduce((all, one) => all.map((sum, at) => sum + one[at]))"
        )
        assert sums == [1, 1, 1, 4, 1]
        fevers = page.get_by_role("table", name="发热分布")
        await expect(fevers.get_by_role("row", name="3栋")).to_contain_text(re.compile("01$"))
        await expect(fevers.get_by_role("row", name="12栋")).to_contain_text(re.compile("00$"))
        for chart in await page.locator(".chart").all():
            await expect(chart.locator("canvas").first).to_be_visible()
        await expect(page.locator(".gates").get_by_text("东门")).to_be_visible()
        await screen.look("official-numbers")


class TestPerson:
    async def test_is_masked_until_a_reason_is_given(self, screens: Screens, town: Town) -> None:
        """Whom it is about is known by a name's first letter; who needs more says why, and it hides itself again."""
        one = await patient(town)
        await feverish(town, one)
        screen = await opened(screens, town)
        page = screen.page
        await rows(page).get_by_role("button", name="王**").click()

        person = page.locator(".person:not(.clue)")
        await expect(page.locator("#person-title")).to_be_focused()
        await expect(person).to_contain_text("测试小区 3栋1单元502室")
        await expect(person).to_contain_text("38.4 °C")
        assert one.owner.number not in await person.inner_text()
        await screen.look("official-person")
        await person.get_by_role("button", name="查看完整信息").click()
        await expect(person.get_by_text("请简要写明原因。")).to_be_visible()
        await expect(person.get_by_label("查看完整信息的原因")).to_be_focused()
        await screen.look("official-person-reason")
        await person.get_by_label("查看完整信息的原因").fill("联系就医")
        await person.get_by_role("button", name="查看完整信息").click()
        await expect(person).to_contain_text(one.owner.number)
        await expect(person).to_contain_text(one.owner.name)
        assert one.owner.number not in page.url
        await page.set_viewport_size(PHONE)
        await screen.look("official-person-full")
        await person.get_by_role("button", name="立即隐藏").click()
        await expect(person).not_to_contain_text(one.owner.number)

        await page.go_back()
        await expect(rows(page)).to_have_count(1)


class TestEverywhere:
    async def test_an_official_looks_closer_step_by_step(
        self, screens: Screens, town: Town, district: District
    ) -> None:
        """From the subdistrict down to one compound: what is shown narrows, what waits elsewhere stays in sight."""
        await district.publish(fever(f"{town.compound}.b1.u1.r1"))
        screen = await screens.open("/en/official", DESK)
        page = screen.page
        await screen.sign_in(**town.secrets["official"])
        await expect(rows(page).first).to_be_visible()
        where, closer = page.get_by_role("navigation", name="Area"), page.get_by_role("list", name="Look closer")

        await closer.get_by_role("button", name="金斗社区").click()
        await closer.get_by_role("button", name="测试小区").first.wait_for()
        await screen.look("official-closer")
        await closer.get_by_role("button", name="金斗花园").click()

        await expect(where.locator("[aria-current]")).to_have_text("金斗花园")
        await expect(rows(page)).to_have_count(0)
        await expect(page.locator(".elsewhere")).to_contain_text("more waiting elsewhere")
        await where.get_by_role("button", name="万年埠街道").click()
        await expect(rows(page).first).to_be_visible()
        await rows(page).first.get_by_role("button", name="Assign").click()
        await expect(rows(page).first.get_by_label("To whom").locator("option").first).to_have_text("me")

    @pytest.mark.parametrize("dark", [False, True])
    async def test_every_part_can_be_used_by_anybody(self, screens: Screens, town: Town, *, dark: bool) -> None:
        """On a phone in the rain, on a wall, at night, in either language."""
        one = await patient(town)
        await town.scan(one.pass_token, 36.5, "out")
        await town.scan(one.pass_token, 36.5, "in")
        second = await town.ask(await town.sign_in_by_phone(one.owner.phone), **window(), reason="medical")
        await feverish(town, Patient(one.owner, one.id, second["pass"]["token"]))
        shapes = [("/en/official", PHONE)] if dark else [("/zh/official", PHONE), ("/en/official", DESK)]
        for path, viewport in shapes if not dark else [*shapes, ("/zh/official", DESK)]:
            options = {"color_scheme": "dark"} if dark else {}
            screen = await opened(screens, town, path, viewport, **options)
            name = f"official{'-dark' if dark else ''}"
            await expect(rows(screen.page)).to_have_count(1)
            await screen.look(f"{name}-board")
            if viewport is PHONE:
                for tab in ("figures", "gates"):
                    await screen.page.locator(f"[role=tab][aria-controls={tab}]").click()
                    await expect(screen.page.locator(f"#{tab}")).to_be_visible()
                    await screen.look(f"{name}-{tab}")
