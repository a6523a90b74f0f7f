"""The live board: what officials and community workers see of an area, and what they do about it there."""

import io
import re

import pytest
from PIL import Image
from playwright.async_api import expect

from shared.contracts import Fact
from shared.contracts.reports import ClueReported
from shared.ids import new_id
from tests.browser.officials_board import LISTEN, Patient, feverish, opened, patient, rows, waiting
from tests.browser.screen import DESK, PHONE, Screens
from tests.district import District
from tests.integration.alerts.officials import fever
from tests.roster import owner
from tests.town import Town, window


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


class TestWords:
    async def test_what_is_newer_than_the_page_still_reads(
        self, screens: Screens, town: Town, district: District
    ) -> None:
        """A board on a wall is older than the services: a kind without a word there has a name, never an empty cell."""
        clue = ClueReported(category="stray_dogs", anonymous=True, photos=0)
        await district.publish(Fact(clue, new_id("clue"), town.compound, 1))
        await district.publish(fever(f"{town.compound}.b1.u1.r1"))
        alerts = district.db("alerts").alerts

        async def raised() -> bool:
            return await alerts.count_documents({"area": {"$regex": f"^{town.compound}"}}) == 2

        await district.until(raised)

        listed = (await town.call("GET", "/v1/alerts?state=open", town.staff["community_worker"])).json()
        for one in listed["items"]:
            if one["kind"] == "fever":
                one.update(kind="water_cut", title="停水")
        screen = await screens.open("/zh/official", DESK)
        await screen.page.route("**/v1/alerts?state=open*", lambda route: route.fulfill(json=listed))
        await screen.sign_in(**town.secrets["community_worker"])

        await expect(rows(screen.page)).to_have_count(2)
        await expect(screen.page.locator(".alerts > li.clue .fact")).to_have_text("stray dogs")
        await expect(screen.page.locator(".alerts > li.water_cut .what")).to_contain_text("停水")
        await screen.look_wide_and_narrow("official-newer")


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
