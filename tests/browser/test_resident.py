"""What a resident does with a phone: register once, go out with two taps, show a code, say what is wrong."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, expect

from tests.browser.residents_phone import SHOWN, Phone, verified
from tests.browser.screen import DESK, PHONE, Screens
from tests.people import id_number
from tests.roster import Owner, owner
from tests.town import Town, window

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def me(town: Town) -> Owner:
    one = owner()
    await town.import_roster(one)
    return one


def picture(colour: str = "teal") -> FilePayload:
    drawn = io.BytesIO()
    Image.new("RGB", (2400, 1200), colour).save(drawn, "PNG")
    return {"name": "IMG_1.png", "mimeType": "image/png", "buffer": drawn.getvalue()}


class TestFirstTime:
    async def test_from_sign_in_to_the_street_and_home(
        self, screens: Screens, town: Town, me: Owner, browser: Browser
    ) -> None:
        """The whole point: registered in a minute, let out by the code that this phone drew, seen home again."""
        phone = await Phone.open(screens, town, me)
        page = phone.page
        await phone.fill()
        await page.get_by_text("Go out right away").click()
        await page.get_by_role("button", name="Register").click()

        await expect(phone.heading).to_have_text("Ready to go")
        first = await phone.shown(browser)
        left = await page.get_by_role("timer").inner_text()
        second = await phone.renewed()
        await expect(page.get_by_role("timer")).not_to_have_text(left)
        out = await town.scan(await phone.shown(browser), 36.5, "out")
        await phone.renewed()
        await expect(phone.heading).to_have_text("You are outside")
        await phone.screen.look("resident-outside")
        home = await town.scan(await phone.shown(browser), 36.5, "in")
        await page.clock.fast_forward(SHOWN)

        assert first.count(".") == second["token"].count(".") == 2
        assert (out["decision"], home["decision"]) == ("allow", "allow")
        await expect(phone.heading).to_have_text("Used")
        await expect(page.locator(".pass-code")).to_be_hidden()

    async def test_a_wrong_number_is_seen_while_typing(self, screens: Screens, town: Town, me: Owner) -> None:
        """One slip in eighteen digits would cost a day of waiting; a permit's number is not called wrong."""
        phone = await Phone.open(screens, town, me)
        number, says = phone.page.locator("#number"), phone.page.locator("#number-says")
        await phone.fill(number=me.number[:10])
        await expect(says).to_have_text("10 of 18 characters")
        await number.fill(me.number[:-1] + ("2" if me.number[-1] != "2" else "3"))
        await expect(says).to_contain_text("slip")
        await phone.page.get_by_role("button", name="Register").click()

        await expect(number).to_be_focused()
        await number.fill("34011119900230123")
        await number.press("X")
        await expect(says).to_contain_text("birth date")
        await number.fill("81000019900101")
        await expect(says).to_contain_text("residence permit")
        await number.fill(me.number.lower())
        await expect(says).to_have_text("The number is well-formed.")
        await expect(number).not_to_have_attribute("aria-invalid", "true")
        for language in ("zh", "en"):
            await phone.page.goto(f"/{language}/resident")
            await phone.fill(number="340111")
            for size in (PHONE, DESK):
                await phone.page.set_viewport_size(size)
                await phone.screen.look("resident-register")

    async def test_who_waits_sees_why_and_the_answer_by_itself(self, screens: Screens, town: Town, me: Owner) -> None:
        """Field by field, so that a slip is found; a person's reason is shown, and can be appealed against."""
        phone = await Phone.open(screens, town, me)
        await phone.register(name="王小朋", room="503")
        await expect(phone.heading).to_have_text("Your registration is being looked at")
        reasons = phone.page.get_by_role("list", name="What does not agree").locator("li")
        await expect(reasons).to_have_text(["The name differs from the roster.", "The room differs from the roster."])
        await phone.screen.look("resident-pending")

        manager = town.staff["property_manager"]
        found = await town.call("GET", f"/v1/residents?area={town.compound}&status=pending", manager)
        registration = found.json()["items"][0]["id"]
        reason = {"reason": "503 室没有这位住户"}
        await town.call("POST", f"/v1/residents/{registration}/reject", manager, json=reason)
        await phone.page.clock.fast_forward(20_000)
        await expect(phone.heading).to_have_text("Your registration was turned down")
        await expect(phone.page.get_by_text("503 室没有这位住户").first).to_be_visible()
        await phone.screen.look("resident-rejected")
        await phone.page.get_by_role("button", name="Correct and send again").click()
        await phone.register()

        await expect(phone.heading).to_have_text("No pass")
        await phone.screen.look("resident-none")


class TestGoingOut:
    async def test_two_taps_at_the_usual_time(self, screens: Screens, town: Town, me: Owner) -> None:
        """Who goes every other day at about the same hour should not have to enter it again."""
        headers = await town.sign_in_by_phone(me.phone)
        await town.register(me, headers)
        await town.ask_until(headers, "approved")
        usual = datetime.now(ZONE)
        screen = await screens.open("about:blank")
        await screen.page.clock.install(time=datetime.now(UTC) + timedelta(days=2, hours=-3))
        await screen.page.goto("/en/resident")
        phone = Phone(screen, town, me)
        await screen.sign_in_by_phone(me.phone, phone.code)
        await expect(phone.heading).to_be_visible()

        section = await phone.go("go")
        offered = section.locator("label", has_text="As usual")
        await expect(offered).to_be_visible()
        await expect(section.get_by_role("radio", name="As usual")).to_be_checked()
        async with screen.page.expect_request("**/v1/exits") as asked:
            await section.get_by_role("button", name="Ask to go out").click()
        await expect(phone.heading).to_be_visible()

        body = (await asked.value).post_data_json
        start, end = (datetime.fromisoformat(body[key]).astimezone(ZONE) for key in ("start", "end"))
        assert abs(start - timedelta(days=2) - usual) <= timedelta(minutes=8)
        assert end - start == timedelta(hours=2)
        assert body["reason"] == "supplies"


class TestPass:
    async def test_without_network_it_says_so_and_ends(self, screens: Screens, town: Town, me: Owner) -> None:
        """A code that no gate takes must not look good; the way on is the ID card. With network all is well again."""
        headers = await town.sign_in_by_phone(me.phone)
        await town.register(me, headers)
        await town.ask_until(headers, "approved")
        phone = await Phone.open(screens, town, me)
        await expect(phone.heading).to_have_text("Ready to go")
        await phone.page.context.set_offline(True)
        await phone.page.clock.fast_forward(SHOWN)
        await expect(phone.page.get_by_text("this code cannot be renewed")).to_be_visible()
        await phone.page.clock.fast_forward(SHOWN)
        await expect(phone.page.get_by_text("At the gate show your ID card")).to_be_visible()
        await expect(phone.heading).to_have_text("Code too old")
        await expect(phone.page.locator(".pass-code img")).to_be_hidden()
        await phone.screen.look("resident-offline")

        await phone.page.context.set_offline(False)

        await expect(phone.page.locator(".pass-code img")).to_be_visible()
        await expect(phone.page.get_by_text("New code in")).to_be_visible()
        # Opened again by the service worker alone, the page has no pass to show, and says what to do.
        await phone.page.reload()
        await expect(phone.heading).to_have_text("Ready to go")
        await phone.page.context.set_offline(True)
        await phone.page.reload()
        notice = phone.page.locator(".notice", has_text="This works")
        await expect(notice).to_contain_text("At the gate, show your ID card")
        await expect(notice).to_contain_text("This does not: Showing your pass")
        await phone.screen.look("resident-offline-start")
        await phone.page.context.set_offline(False)
        await expect(phone.heading).to_have_text("Ready to go")

    async def test_unused_it_ends_with_its_time(self, screens: Screens, town: Town, me: Owner) -> None:
        """Who comes to the gate too late learns it from the phone, and may ask again at once."""
        headers = await town.sign_in_by_phone(me.phone)
        await town.register(me, headers)
        await town.ask_until(headers, "approved")
        phone = await Phone.open(screens, town, me)
        await expect(phone.heading).to_have_text("Ready to go")
        await phone.page.clock.fast_forward("02:00:01")

        await expect(phone.heading).to_have_text("Not valid any more")
        await expect(phone.page.locator(".pass-code")).to_be_hidden()
        await expect(phone.page.locator("#section-pass").get_by_role("link", name="Ask to go out")).to_be_visible()
        await phone.screen.look("resident-over")

    async def test_who_is_held_sees_why_and_until_when(self, screens: Screens, town: Town, me: Owner) -> None:
        """A green screen would send them to a gate that turns them away; a rule without a reason invites a fight."""
        headers = await town.sign_in_by_phone(me.phone)
        await town.register(me, headers)
        exit_ = await town.ask_until(headers, "approved")
        order = {
            "kind": "under_observation",
            "target": "resident",
            "target_id": exit_["resident"],
            "reason": "武汉返回",
        }
        phone = await Phone.open(screens, town, me)
        await expect(phone.heading).to_have_text("Ready to go")
        made = await town.call("POST", "/v1/holds", town.staff["official"], json=order)
        assert made.status_code == 201
        await phone.page.clock.fast_forward(SHOWN)

        await expect(phone.heading).to_have_text("Please stay at home")
        await phone.screen.look("resident-held")
        section = await phone.go("me")
        await expect(section.get_by_text("武汉返回")).to_be_visible()
        await expect(section.get_by_text("An official of your area lifts it.")).to_be_visible()
        await phone.screen.look("resident-held-me")


class TestReport:
    async def test_clue_with_photos_and_what_became_of_it(self, screens: Screens, town: Town, me: Owner) -> None:
        """Somebody reports again only if they see that it mattered; large photos are made small on the phone."""
        phone = await verified(screens, town, me)
        section = await phone.go("report")
        await section.locator("#category").select_option("gathering")
        await section.locator("#place").fill("3号楼下")
        await section.locator("#clue-text").fill("六个人在打牌，没有戴口罩")
        await section.locator("input[type=file]").set_input_files([picture(), *[picture("red")] * 6])
        await expect(section.get_by_text("Six photos at most")).to_be_visible()
        await section.get_by_role("button", name="Remove photo 6").click()
        await section.get_by_text("Without my name").click()
        await phone.screen.look("resident-report-filled")
        await section.get_by_role("button", name="Send", exact=True).click()
        await expect(section.get_by_text("Thank you.")).to_be_visible()

        shown = section.locator(".history img")
        await expect(shown).to_have_count(5)
        await shown.first.scroll_into_view_if_needed()
        await expect(shown.first).to_have_js_property("naturalWidth", 1600)
        worker = town.staff["community_worker"]
        clue = (await town.call("GET", f"/v1/clues?area={town.compound}", worker)).json()["items"][0]
        verified_ = await town.call("POST", f"/v1/clues/{clue['id']}/verify", worker, json={})
        assert verified_.status_code == 200
        await phone.page.reload()
        await expect(section.locator(".progress li")).to_contain_text(["Received", "Confirmed"])
        assert (clue["reporter"], len(clue["photos"])) == (None, 5)


class TestLook:
    async def test_every_section_in_both_languages_at_both_widths(
        self, screens: Screens, town: Town, me: Owner
    ) -> None:
        """On the smallest phone and at a desk, in the light and in the dark, read or heard: nothing is cut off."""
        long = Owner("欧阳" * 6, id_number(), me.phone, "12栋", "", "1203室")
        await town.import_roster(long)
        headers = await town.sign_in_by_phone(long.phone)
        await town.register(long, headers)
        await town.ask_until(headers, "approved")
        await town.call("POST", "/v1/exits", headers, json={**window(), "reason": "work"})
        for scheme, sizes, languages in (("light", (PHONE, DESK), ("zh", "en")), ("dark", (PHONE,), ("zh",))):
            phone = await Phone.open(screens, town, long, "zh", color_scheme=scheme)
            for language in languages:
                for size in sizes:
                    await phone.page.set_viewport_size(size)
                    for section in ("pass", "go", "report", "me"):
                        await phone.page.goto(f"/{language}/resident?{size['width']}#{section}")
                        await expect(phone.page.locator(f"#section-{section} h2:visible").first).to_be_visible()
                        await expect(phone.page.locator("[role=timer]")).not_to_be_empty()
                        await phone.screen.look(f"resident-{section}-{scheme}")
