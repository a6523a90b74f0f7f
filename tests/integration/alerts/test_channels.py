"""Officials' own channels, from outside: which addresses they may have, and whose they are."""

from datetime import UTC, datetime

import pytest

from shared.contracts.alerts import AlertRaised
from shared.contracts.values import Role
from tests.district import District
from tests.integration.alerts.channels import add
from tests.integration.alerts.officials import Official, fever
from tests.integration.alerts.receiver import receiving


class TestAddress:
    @pytest.mark.parametrize(
        ("kind", "url"),
        [
            ("webhook", "http://hooks.example.com/x"),
            ("webhook", "https://user:pass@hooks.example.com/x"),
            ("webhook", "https://hooks.example.com:25/x"),
            ("webhook", "https://10.0.0.1/x"),
            ("webhook", "https://[::1]/x"),
            ("webhook", "https://100.100.100.200/x"),
            ("webhook", "https://2130706433/x"),
            ("webhook", "https://localhost/x"),
            ("webhook", "https://hooks.example.com/" + "x" * 2000),
            ("webhook", "ftp://hooks.example.com/x"),
            ("apprise", "json://hooks.example.com/x"),
            ("apprise", "mailto://me:secret@example.com"),
            ("apprise", "wecombot://abcdefghijklmnop1234567890?verify=no"),
            ("apprise", "wecombot://"),
            ("apprise", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc"),
            ("apprise", "file:///etc/passwd"),
        ],
    )
    async def test_what_is_not_allowed(self, official: Official, kind: str, url: str) -> None:
        """One code for all, and no echo of the address."""
        answer = await official.call("POST", "/v1/channels", json={"kind": kind, "url": url, "area": official.area})

        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_url_not_allowed")
        assert answer.json()["errors"][0]["field"] == "url"
        assert "example" not in answer.text

    async def test_a_chat_group(self, official: Official) -> None:
        """Its key is a secret like any other."""
        channel = await add(official, "wecombot://abcdefghijklmnop1234567890", kind="apprise")

        assert (channel["url"], channel["secret"]) == ("wecombot://…", None)


class TestOwn:
    async def test_nobody_elses(self, district: District, official: Official) -> None:
        """404 for a colleague's, 404 beyond one's areas, 403 for who is no worker."""
        channel = (await add(official, "https://hooks.example.com/x"))["id"]
        colleague = Official(district, official.area)
        guard = Official(district, official.area, role=Role.GUARD)
        since = {"since": datetime.now(UTC).isoformat()}

        for method, path, more in (
            ("DELETE", "", {}),
            ("POST", "/test", {}),
            ("GET", "/deliveries", {}),
            ("POST", "/replay", {"json": since}),
        ):
            assert (await colleague.call(method, f"/v1/channels/{channel}{path}", **more)).status_code == 404
            assert (await guard.call(method, f"/v1/channels/{channel}{path}", **more)).status_code == 403
            assert (await official.call(method, f"/v1/channels/x{path}", **more)).status_code == 404
        elsewhere = {"kind": "webhook", "url": "https://hooks.example.com/x", "area": "elsewhere"}
        assert (await official.call("POST", "/v1/channels", json=elsewhere)).status_code == 404

    async def test_removed_it_gets_nothing(self, district: District, official: Official) -> None:
        """Nor one whose owner does not work there any more."""
        colleague = Official(district, official.area)
        await colleague.change(1)
        async with receiving() as mine, receiving() as theirs, receiving() as kept:
            gone = (await add(official, mine.url))["id"]
            await add(colleague, theirs.url)
            await add(official, kept.url)
            assert (await official.call("DELETE", f"/v1/channels/{gone}")).status_code == 204
            await colleague.change(2, area=district.new_compound())
            told = fever(official.area)
            await district.publish(told)
            alert = await official.alert(told.subject)
            await district.event(AlertRaised, alert["id"])

            async def arrived() -> int:
                return len(kept.bodies)

            await district.until(arrived)

        assert mine.bodies == theirs.bodies == []
