"""A browser's session: signed in without a token that a script could read, and good for our own pages alone."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.district import District
from tests.integration.gateway.conftest import House
from tests.people import phone

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def browser(district: District) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client that keeps cookies and says, as browsers do, that the page is the gateway's own."""
    async with httpx2.AsyncClient(base_url=district.url("gateway"), headers=OURS, trust_env=False) as one:
        yield one


async def sign_in(browser: httpx2.AsyncClient, **wrong: str) -> httpx2.Response:
    number = phone()
    await browser.post("/v1/auth/codes", json={"phone": number})
    code = (await browser.get(f"/v1/demo/codes/{number}")).json()["code"]
    return await browser.post("/session", json={"grant": "code", "phone": number, "code": code, **wrong})


class TestSignIn:
    async def test_tells_who_one_is_and_no_token(self, browser: httpx2.AsyncClient) -> None:
        """What a script cannot read, no script can lose."""
        answer = await sign_in(browser)
        cookies = answer.headers.get_list("set-cookie")

        assert answer.status_code == 200
        assert set(answer.json()) == {"account", "grants", "expires_at"}
        assert (await browser.get("/session")).json() == answer.json()
        assert [one.partition("=")[0] for one in cookies] == ["menshen_access", "menshen_refresh"]
        assert all("HttpOnly" in one and "SameSite=strict" in one for one in cookies)
        assert answer.headers["cache-control"] == "no-store"

    async def test_fails_as_identity_says(self, browser: httpx2.AsyncClient) -> None:
        """The page shows the API's own sentence."""
        answer = await sign_in(browser, code="000000x")

        assert (answer.status_code, answer.json()["code"]) == (401, "code_wrong_or_expired")
        assert answer.headers.get_list("set-cookie") == []

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "json_invalid"),
            (b"[]", 422, "field_type"),
            (b'{"grant":"code"}', 422, "input_invalid"),
            (b'{"grant":"refresh","refresh_token":"x"}', 401, "token_invalid"),
        ],
    )
    async def test_with_nonsense_is_a_problem(
        self, browser: httpx2.AsyncClient, body: bytes, status: int, code: str
    ) -> None:
        """Never a 500, and the field is named."""
        answer = await browser.post("/session", content=body, headers={"Content-Type": "application/json"})

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
    async def test_is_for_our_own_pages(self, browser: httpx2.AsyncClient, site: str | None) -> None:
        """Another site must not sign anybody in here, not even as somebody else."""
        browser.headers = httpx2.Headers({"Sec-Fetch-Site": site} if site else {})

        for method, path in (("POST", "/session"), ("POST", "/session/refresh"), ("DELETE", "/session")):
            cookies = {"Cookie": "menshen_refresh=x; menshen_access=x"}
            answer = await browser.request(method, path, headers=cookies)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


class TestSession:
    async def test_goes_with_calls_of_our_own_pages(self, browser: httpx2.AsyncClient) -> None:
        """A form on another site sends the cookie at most, and that alone opens nothing."""
        await sign_in(browser)

        ours = await browser.get("/v1/holds/me")
        others = [await browser.get("/v1/holds/me", headers={"Sec-Fetch-Site": site}) for site in ("cross-site", "")]
        assert ours.status_code == 200, ours.text
        assert [one.status_code for one in others] == [401, 401]

    async def test_is_renewed(self, browser: httpx2.AsyncClient) -> None:
        """A refresh token is good once; the page goes on with the next."""
        first = (await sign_in(browser)).json()
        used = browser.cookies["menshen_refresh"]
        renewed = await browser.post("/session/refresh")

        assert renewed.status_code == 200, renewed.text
        assert renewed.json()["account"] == first["account"]
        assert browser.cookies["menshen_refresh"] != used
        assert (await browser.get("/v1/holds/me")).status_code == 200

    async def test_ends_here_and_at_identity(self, browser: httpx2.AsyncClient) -> None:
        """Who signs out on a borrowed phone leaves nothing that still works."""
        await sign_in(browser)
        kept = {"Cookie": f"menshen_refresh={browser.cookies['menshen_refresh']}"}
        ended = await browser.delete("/session")

        assert ended.status_code == 204
        assert dict(browser.cookies) == {}
        assert (await browser.get("/session")).status_code == 401
        assert (await browser.post("/session/refresh", headers=kept)).status_code == 401

    async def test_stays_at_the_door(self, house: House) -> None:
        """Services know tokens; a cookie is the browser's and the door's affair."""
        token = house.token()["Authorization"].removeprefix("Bearer ")
        answer = await house.door.get("/v1/exits", headers={**OURS, "Cookie": f"menshen_access={token}; other=1"})

        arrived = dict(answer.json()["headers"])
        assert arrived["authorization"] == f"Bearer {token}"
        assert "cookie" not in arrived
