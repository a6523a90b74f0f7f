"""What those who live together share on their phones: one place for supplies, and somebody without a phone."""

import pytest
from playwright.async_api import expect

from tests.browser.residents_phone import verified
from tests.browser.screen import DESK, PHONE, Screens
from tests.people import id_number
from tests.roster import Owner, owner
from tests.town import Town


@pytest.fixture
async def me(town: Town) -> Owner:
    one = owner()
    await town.import_roster(one)
    return one


class TestPlace:
    async def test_both_see_the_same_before_they_ask(self, screens: Screens, town: Town, me: Owner) -> None:
        """Free for both, then taken for both with who and until when; a doctor needs no place, so nothing is said."""
        wife = owner("李梅")
        await town.import_roster(me, wife)
        his, hers = [await verified(screens, town, one, color_scheme="dark") for one in (me, wife)]
        sections = [await phone.go("go") for phone in (his, hers)]
        for section in sections:
            await expect(section.locator(".place")).to_contain_text("is free then")
        await hers.screen.look("resident-place-free")
        await his.page.locator("#section-go").get_by_role("button", name="Ask to go out").click()
        await expect(his.heading).to_have_text("Ready to go")
        await his.go("go")
        await hers.page.clock.fast_forward(20_000)

        lines = []
        for section in sections:
            await expect(section.locator(".place")).to_contain_text("王** of your household has the place")
            lines.append(await section.locator(".place p").all_inner_texts())
        assert lines[0] == lines[1]
        for size in (PHONE, DESK):
            await hers.page.set_viewport_size(size)
            await hers.screen.look("resident-place-taken-dark")
        await sections[1].get_by_role("radio", name="Doctor").check()
        await expect(sections[1].locator(".place p:visible")).to_have_count(0)

    async def test_second_of_a_household_learns_when_the_next_exit_opens(
        self, screens: Screens, town: Town, me: Owner
    ) -> None:
        """A refusal is bearable if it says who has the place, what is possible instead, and how to object."""
        wife = owner("李梅")
        await town.import_roster(me, wife)
        headers = await town.sign_in_by_phone(me.phone)
        await town.register(me, headers)
        await town.ask_until(headers, "approved")
        phone = await verified(screens, town, wife)
        section = await phone.go("go")
        place = section.locator(".place")
        await expect(place).to_contain_text("王** of your household has the place; the next exit opens")
        await phone.screen.look("resident-place-taken")
        await section.get_by_role("button", name="Ask to go out").click()

        refusal = section.locator(".refusal")
        await expect(refusal).to_contain_text("of your household has the place")
        await expect(refusal).not_to_contain_text("T16:00")
        await expect(refusal).to_be_focused()
        await phone.screen.look("resident-refused")
        await refusal.get_by_role("button", name="I do not agree").click()
        await phone.page.locator("#appeal-text").fill("我丈夫已经隔离，家里没有菜。")
        await phone.screen.look("resident-appeal")
        await phone.page.get_by_role("button", name="Send the appeal").click()
        mine = phone.page.locator("#section-report .history > li")
        await expect(mine).to_contain_text("Appeal")

        listed = await town.call("GET", f"/v1/clues?area={town.compound}", town.staff["official"])
        appeal = listed.json()["items"][0]
        assert (appeal["category"], appeal["about"].startswith("exit_")) == ("appeal", True)
        assert "Building 3, unit 1, room 502" in appeal["place"]

        section = await phone.go("go")
        await section.get_by_role("button", name="Ask to go out").click()
        await refusal.get_by_role("button", name="next possible day").click()
        await expect(place).to_contain_text("is free then")
        await section.get_by_role("button", name="Ask to go out").click()
        await expect(phone.heading).to_have_text("Not yet")
        await phone.screen.look("resident-early")
        section = await phone.go("go")
        await section.get_by_role("button", name="Cancel this outing").click()
        await section.get_by_role("button", name="Touch again").click()
        await expect(section.locator(".history > li").first).to_contain_text("Cancelled")
        await expect(place).to_contain_text("is free then")


class TestFamily:
    async def test_somebody_without_a_phone_goes_out_by_this_one(self, screens: Screens, town: Town, me: Owner) -> None:
        """A grandmother has no phone: her number is checked like anybody's, she is chosen, and her pass is on paper."""
        grandmother = Owner("张秀英", id_number(), "", me.building, me.unit, me.room)
        await town.import_roster(me, grandmother)
        phone = await verified(screens, town, me)
        section = await phone.go("me")
        family = section.get_by_role("button", name="Register a family member who has no phone")
        await family.click()
        dialog = section.get_by_role("dialog")
        await expect(dialog).to_contain_text("Building 3, unit 1, room 502")
        await dialog.get_by_label("Name").fill("张秀")
        await dialog.get_by_label("ID number").fill(grandmother.number[:-1])
        await dialog.get_by_role("button", name="Register").click()
        await expect(dialog.get_by_label("ID number")).to_be_focused()
        for size in (PHONE, DESK):
            await phone.page.set_viewport_size(size)
            await phone.screen.look("resident-family")
        await phone.page.set_viewport_size(PHONE)
        await dialog.get_by_label("ID number").fill(grandmother.number)
        await dialog.get_by_role("button", name="Register").click()
        await expect(section.get_by_text("The name differs from the roster.")).to_be_visible()
        await phone.screen.look("resident-family-pending")
        await family.click()
        await dialog.get_by_label("Name").fill(grandmother.name)
        await dialog.get_by_label("ID number").fill(grandmother.number)
        await dialog.get_by_role("button", name="Register").click()
        await expect(section.get_by_text("Under Go out you can now choose who goes.")).to_be_visible()

        section = await phone.go("go")
        await section.locator("#who").select_option(label="张**")
        await expect(section.locator(".place")).to_contain_text("is free then")
        await phone.screen.look("resident-family-go")
        await section.get_by_role("button", name="Ask to go out").click()
        await expect(phone.heading).to_have_text("Ready to go")
        await expect(phone.page.locator(".pass-facts")).to_contain_text("张**")
        async with phone.page.context.expect_page() as opened:
            await phone.page.get_by_role("link", name="On paper, to go without a phone").click()
        paper = await opened.value

        await expect(paper.locator("dd").first).to_have_text("张**")
        await expect(paper.locator("svg")).to_be_visible()
