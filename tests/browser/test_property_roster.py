"""The property page: a roster comes in, and what agrees with nothing in it is decided."""

from dataclasses import replace

from playwright.async_api import expect

from tests.browser.office import Office, counts, csv_cells, drop, register, saved, texts
from tests.roster import HEADERS, cells, owner, workbook, xlsx

FORMULA = '=HYPERLINK("http://example.org","王")'


class TestTheRoster:
    async def test_takes_the_good_rows_and_gives_back_the_bad_ones_to_be_corrected(self, office: Office) -> None:
        """A manager gets three thousand rows in by correcting ten: these come down as they stood, and go up again."""
        good = [owner("王小明"), owner("李小红", room="503室")]
        bad = [replace(owner(), name=FORMULA), replace(owner(), number="110105194912310021", relation="房客")]
        content = xlsx(good[0], *bad, good[1])
        panel = await office.open("roster")

        await drop(panel.locator(".drop"), ("名册.xlsx", content))
        first = await counts(panel)
        await expect(panel.get_by_role("heading", name="已导入")).to_be_focused()
        listed = await texts(panel.locator("tbody tr"))
        await office.look("roster-rejected")
        given = cells(await saved(office.page, panel.get_by_role("button", name="下载这些行")))
        rows = [list(row) for row in given]
        rows[1][6], rows[2][7] = "王小红", owner().number
        async with office.page.expect_file_chooser() as choosing:
            await panel.locator("#file").press("Enter")
        corrected = {"name": "需更正的行.xlsx", "mimeType": "", "buffer": workbook(rows)}
        await (await choosing.value).set_files(corrected)
        await expect(panel.locator(".counts dd").first).to_have_text("1")
        second = await counts(panel)

        assert first == {"新增": "2", "有变动": "0", "无变动": "0", "未导入": "2"}
        assert [row[:2] for row in listed] == [["3", "姓名"], ["4", "身份证号"], ["4", "关系"]]
        assert given[0] == [*HEADERS, "需要更正"]
        assert [row[:-1] for row in given[1:]] == [list(one.cells) for one in bad]
        assert [row[-1].count("\n") for row in given[1:]] == [0, 1]
        assert second == {"新增": "1", "有变动": "0", "无变动": "0", "未导入": "1"}

    async def test_says_when_the_rows_cannot_be_had_now(self, office: Office) -> None:
        """Without network the list stays, the reason stands beside the button, which may be pressed again."""
        panel = await office.open("roster", "en")
        await drop(panel.locator(".drop"), ("list.xlsx", xlsx(replace(owner(), phone="1"))))
        await counts(panel)
        button = panel.get_by_role("button", name="Download these rows")

        await office.page.context.set_offline(offline=True)
        await button.click()
        await expect(panel.locator("[role=alert]:visible")).to_have_text("No network. Please try again.")
        await expect(panel.locator("tbody tr")).to_have_count(1)
        await office.look("roster-no-rows")
        await office.page.context.set_offline(offline=False)
        given = cells(await saved(office.page, button))

        assert given[1][-1].startswith("电话: ")
        await expect(panel.locator("[role=alert]:visible")).to_have_count(0)

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
        await drop(zone, ("=1+1.csv", f"{','.join(HEADERS)}\n3,1,502,,,,{FORMULA},1,1,\n".encode()))
        await expect(panel.locator("tbody tr")).to_have_count(1)
        formula = await texts(panel.locator("tbody tr"))
        await office.look("roster-refused")
        listed = csv_cells(await saved(office.page, panel.get_by_role("button", name="Download this list")))
        await drop(office.page.locator("h1"), ("list.csv", header))
        template = csv_cells(await saved(office.page, panel.get_by_role("button", name="Template")))
        await drop(zone, ("list.csv", header))
        await expect(panel.get_by_text("The file has headers and no rows.")).to_be_visible()
        await drop(zone, ("list.csv", xlsx(owner())))
        await expect(panel.get_by_text("Every row is in order.")).to_be_visible()

        assert [row[:2] for row in missing] == [["1", "A"]] * 3
        assert formula == [["2", "G", "This cell is a formula; paste it as a value."]]
        assert listed == [["File", "Row", "Column", "Reason"], ["'=1+1.csv", *formula[0]]]
        assert "/en/property" in office.page.url, "a file that missed its place replaced the page"
        assert template[0][6:9] == ["Name", "ID number", "Phone"]


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
