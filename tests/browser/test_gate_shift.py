"""What befalls a guard's phone in mid-shift: nothing is lost, nothing counts twice, nobody's is another's."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.guards_phone import ALLOW, DENY, Gate, Outing, outings
from tests.browser.screen import Screens
from tests.town import Town


async def another_guard(town: Town, area: str) -> dict[str, str]:
    """Hire somebody, as an admin does."""
    admin = await town.sign_in(**town.facts["accounts"]["admin"])
    secret = {"username": f"guard-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    made = await town.call("POST", "/v1/staff", admin, json={**secret, "grants": [{"role": "guard", "area": area}]})
    assert made.status_code == 201, made.text
    return secret


@asynccontextmanager
async def held_back(gate: Gate, stage: str) -> AsyncIterator[asyncio.Future[None]]:
    """Let no scan come to its answer: at "Request" it never left the phone, at "Response" the service has it."""
    devtools = await gate.page.context.new_cdp_session(gate.page)
    held = asyncio.get_running_loop().create_future()
    devtools.on("Fetch.requestPaused", lambda _: held.done() or held.set_result(None))
    await devtools.send("Fetch.enable", {"patterns": [{"urlPattern": "*/v1/scans", "requestStage": stage}]})
    yield held
    await devtools.detach()


async def told(town: Town, count: int) -> list[dict[str, Any]]:
    """Wait until the service has so many of the gate's scans, and return them as they were made."""
    rows, here = town.district.db("gate").scans, {"gate": town.gate}

    async def complete() -> bool:
        return await rows.count_documents(here) == count

    await town.district.until(complete)
    found: list[dict[str, Any]] = await rows.find(here).sort("sequence").to_list(None)
    return found


async def account(gate: Gate) -> str:
    return str((await gate.page.evaluate("fetch('/session').then((one) => one.json())"))["account"])


class TestReload:
    async def test_before_the_decision_nothing_was_sent(self, screens: Screens, town: Town) -> None:
        """A temperature that was only typed is no scan: whoever reloads asks for the code again."""
        (wang,) = await outings(town, "502室")
        gate = await Gate.open(screens, town, "zh")
        await gate.type_code(await wang.code())
        await gate.press("365")
        await gate.page.reload()

        await expect(gate.page.locator(".code")).to_be_visible()
        await gate.expect_waiting(0)
        assert await told(town, 0) == []
        assert await gate.counts() == ["0", "0", "0", "0"]

    @pytest.mark.parametrize("stage", ["Request", "Response"])
    async def test_in_the_middle_of_a_scan_it_is_kept_once(self, screens: Screens, town: Town, stage: str) -> None:
        """Nobody saw its answer, so nobody went through: that is told under its own nonce, and the pass is good."""
        (wang,) = await outings(town, "502室")
        gate = await Gate.open(screens, town, "zh")
        async with held_back(gate, stage) as held:
            await gate.pass_(wang, "365")
            await held
            await gate.page.reload()

        await expect(gate.page.locator(".code")).to_be_visible()
        await gate.expect_waiting(0)
        assert await gate.counts() == ["0", "0", "0", "1"]
        (first,) = await told(town, 1)
        assert (first["done"], first["decision"]) == ("recheck", "recheck" if stage == "Request" else "allow")
        await gate.pass_(wang, "365")
        await gate.expect("allow", ALLOW)
        assert await gate.counts() == ["1", "0", "0", "1"]
        assert [one["done"] for one in await told(town, 2)] == ["recheck", "allow"]


class TestSession:
    async def test_its_end_costs_no_answer_and_loses_nothing(self, screens: Screens, town: Town) -> None:
        """Whoever stands there is decided upon all the same; the scan waits until the guard has signed in again."""
        wang, li = await outings(town, "502室", "601室")
        gate = await Gate.open(screens, town, "zh")
        await gate.pass_(wang, "365")
        await gate.expect("allow", ALLOW)
        await gate.next()
        await gate.type_code(await li.code())
        await gate.page.context.clear_cookies()
        await gate.measure("366")

        kept = gate.page.locator(".kept")
        await expect(kept).to_contain_text("1")
        await expect(gate.page.locator(".gate")).to_be_hidden()
        await gate.screen.look_wide_and_narrow("gate-session-over")
        await gate.page.reload()
        await expect(kept).to_contain_text("1")
        assert len(await told(town, 1)) == 1
        await gate.screen.sign_in(**town.secrets["guard"])
        await gate.expect_waiting(0)

        own = await account(gate)
        assert [(one["decision"], one["scanned_by"], one["taken_by"]) for one in await told(town, 2)] == [
            ("allow", own, None),
            ("allow", own, own),
        ]
        assert await gate.counts() == ["2", "0", "0", "0"]

    async def test_another_guard_delivers_them_under_their_takers_name(self, screens: Screens, town: Town) -> None:
        """A fever does not wait until somebody's next shift, and nobody answers for what another one did."""
        wang, li = await outings(town, "502室", "601室")
        gate = await Gate.open(screens, town, "zh")
        first = await account(gate)
        await self._one_waits(gate, wang)
        await gate.screen.sign_in(**await another_guard(town, town.compound))
        await gate.expect_waiting(0)
        await expect(gate.answer).to_be_hidden()
        await gate.pass_(li, "366")
        await gate.expect("allow", ALLOW)

        second = await account(gate)
        assert [(one["scanned_by"], one["taken_by"]) for one in await told(town, 2)] == [
            (second, first),
            (second, None),
        ]

    async def test_a_guard_from_elsewhere_leaves_them_waiting(self, screens: Screens, town: Town) -> None:
        """Whom the service does not hear about this gate delivers nothing of it; that is said, nothing is given up."""
        (wang,) = await outings(town, "502室")
        gate = await Gate.open(screens, town, "zh")
        own = await account(gate)
        await self._one_waits(gate, wang)
        await gate.screen.sign_in(**town.facts["accounts"]["guard"])

        await expect(gate.page.locator(".stand .fault")).to_be_visible()
        await gate.page.locator(".at").click()
        await expect(gate.page.locator(".stand .fault")).to_be_hidden()
        await gate.expect_waiting(1)
        await expect(gate.net).to_have_attribute("data-mode", "live")
        await expect(gate.page.get_by_text("等当班门岗登录后上传")).to_contain_text("1")
        await gate.screen.look_wide_and_narrow("gate-held")
        assert await told(town, 0) == []

        await gate.page.get_by_role("button", name="退出").click()
        await gate.screen.sign_in(**town.secrets["guard"])
        await gate.expect_waiting(0)
        (one,) = await told(town, 1)
        assert (one["scanned_by"], one["taken_by"]) == (own, own)

    async def _one_waits(self, gate: Gate, one: Outing) -> None:
        """Take a scan without network; when that is back, the session is not."""
        await expect(gate.page.locator(".aged")).to_contain_text("刚刚")
        await gate.page.context.set_offline(True)
        await gate.pass_(one, "365")
        await gate.expect("allow", ALLOW)
        await gate.page.context.clear_cookies()
        await gate.page.context.set_offline(False)
        await expect(gate.page.locator(".kept")).to_contain_text("1")


class TestTwoWindows:
    async def test_of_one_phone_keep_one_record(self, screens: Screens, town: Town) -> None:
        """What one decided without network the other knows and shows at once; it is delivered once and in order."""
        wang, li = await outings(town, "502室", "601室")
        gate = await Gate.open(screens, town, "zh")
        other = await gate.second(screens)
        for one in (gate, other):
            await expect(one.page.locator(".aged")).to_contain_text("刚刚")
        await gate.page.context.set_offline(True)

        await gate.pass_(wang, "365")
        await gate.expect("allow", ALLOW)
        await other.expect_waiting(1)
        await other.pass_(wang, "365")
        await other.expect("deny", DENY)
        await gate.next()
        await asyncio.gather(gate.pass_(li, "366"), other.next())
        await other.expect_waiting(3)
        for one in (gate, other):
            assert await one.counts() == ["2", "0", "1", "0"]
        await gate.page.context.set_offline(False)
        for one in (gate, other):
            await one.expect_waiting(0)

        found = await told(town, 3)
        assert [(one["pass_id"], one["decision"]) for one in found] == [
            (wang.pass_id, "allow"),
            (wang.pass_id, "deny"),
            (li.pass_id, "allow"),
        ]
        assert [one["recorded_at"] for one in found] == sorted(one["recorded_at"] for one in found)
        assert [one["disputed"] for one in found] == [[]] * 3

    async def test_have_one_session(self, screens: Screens, town: Town) -> None:
        """They share the cookies: a window that went on under the old name would scan under the new one."""
        gate = await Gate.open(screens, town, "zh")
        other = await gate.second(screens)

        await other.page.get_by_role("button", name="退出").click()

        await expect(gate.page.locator("form.sign-in")).to_be_visible()
        await other.screen.sign_in(**town.secrets["guard"])
        await expect(gate.page.locator("form.sign-in")).to_be_hidden()
        await expect(gate.page.locator(".code")).to_be_visible()
