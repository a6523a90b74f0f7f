"""At the door: who is let in, what is too much, and what never gets any further."""

import asyncio
import base64
import hashlib
import re

import pytest

from tests.integration.gateway.conftest import House

MIB = 1024 * 1024


class TestToken:
    async def test_is_asked_for(self, house: House) -> None:
        """Who shows nothing does not reach a service."""
        before = await house.seen()
        answer = await house.door.get("/v1/exits")

        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert (await house.seen())["uploads_begun"] == before["uploads_begun"]

    @pytest.mark.parametrize(
        "token", ["x", "a.b.c", "Basic", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhY2NfMSJ9.", "é" * 10, "a" * 20_000]
    )
    async def test_must_be_one(self, house: House, token: str) -> None:
        """Neither nonsense nor `alg: none` comes in, and neither breaks the door."""
        answer = await house.door.get("/v1/exits", headers={"Authorization": f"Bearer {token}".encode()})

        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")

    async def test_must_not_be_over(self, house: House) -> None:
        """Fifteen minutes are fifteen minutes, also for a token that was seen before."""
        answer = await house.door.get("/v1/exits", headers=house.token(life=-1))

        assert answer.json()["code"] == "token_invalid"

    @pytest.mark.parametrize(
        "path", ["/v1/auth/tokens", "/v1/demo/codes/1", "/v1/passes/keys", "/.well-known/jwks.json"]
    )
    async def test_is_not_asked_for_where_nobody_can_have_one(self, house: House, path: str) -> None:
        """Signing in, and the keys that gates without network check with, are everybody's."""
        assert (await house.door.get(path)).status_code == 200

    async def test_is_refused_in_the_callers_language(self, house: House) -> None:
        """Residents read Chinese."""
        answer = await house.door.get("/v1/exits", headers={"Accept-Language": "zh-CN"})

        assert answer.json()["detail"] == "请先登录。"


class TestLimit:
    async def test_holds_for_one_account_and_says_how_long(self, house: House) -> None:
        """A script with a resident's token does not take the gate's breath away."""
        mine = house.token()
        answers = await asyncio.gather(*(house.door.get("/v1/exits", headers=mine) for _ in range(120)))
        refused = [one for one in answers if one.status_code == 429]

        assert 1 <= len(refused) <= 20
        assert refused[0].json()["code"] == "too_many_requests"
        assert 1 <= int(refused[0].headers["retry-after"]) <= 20
        assert (await house.door.get("/v1/exits", headers=house.token())).status_code == 200

    async def test_does_not_slow_a_gate_that_delivers_late_scans(self, house: House) -> None:
        """After a night without network a gate sends everything at once, while people stand before it."""
        gate = house.token(("device", "w.j.c01"))
        answers = await asyncio.gather(*(house.door.post("/v1/scans/batch", json={}, headers=gate) for _ in range(300)))

        assert {one.status_code for one in answers} == {200}

    async def test_is_strict_where_codes_are_sent(self, house: House) -> None:
        """Each costs a message to somebody who may not have asked; a new name in a header does not help."""
        answers = [
            await house.door.post("/v1/auth/codes", json={}, headers={"X-Forwarded-For": f"1.1.1.{i}"})
            for i in range(22)
        ]

        assert [one.status_code for one in answers].count(200) == 20
        assert answers[-1].status_code == 429


class TestBody:
    @pytest.mark.parametrize(
        ("path", "limit"),
        [
            ("/v1/exits", 1),
            ("/v1/rosters", 8),
            ("/v1/rosters/rejected", 8),
            ("/v1/clues", 32),
            ("/v1/scans/batch", 8),
            ("/v1/scans", 1),
        ],
    )
    async def test_too_large_is_refused_before_the_service_sees_it(self, house: House, path: str, limit: int) -> None:
        """Declared or not, what is beyond the route's limit never arrives whole."""
        before = await house.seen()

        async def pieces() -> object:
            for _ in range(limit + 1):
                yield b"x" * MIB

        declared = await house.door.post(path, content=b"x" * (limit * MIB + 1), headers=house.token())
        chunked = await house.door.post(path, content=pieces(), headers=house.token())

        for answer in (declared, chunked):
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert (await house.seen())["uploads_whole"] == before["uploads_whole"]

    async def test_exactly_as_large_as_allowed_goes_through(self, house: House) -> None:
        """The limit itself is allowed."""
        answer = await house.door.post("/v1/exits", content=b"x" * MIB, headers=house.token())

        assert answer.json()["size"] == MIB

    async def test_compressed_is_refused(self, house: House) -> None:
        """A few kilobytes must not unfold into gigabytes."""
        headers = {**house.token(), "Content-Encoding": "gzip"}
        answer = await house.door.post("/v1/exits", content=b"x", headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (415, "content_type")

    async def test_head_too_large_is_refused(self, house: House) -> None:
        """A query of half a megabyte is no query."""
        answer = await house.door.get("/v1/exits?x=" + "a" * 40_000, headers=house.token())

        assert (answer.status_code, answer.json()["code"]) == (413, "head_too_large")


class TestPath:
    @pytest.mark.parametrize(
        "path",
        [
            "/v1/passes/keys/../../staff",
            "/v1/passes/keys/%2e%2e/%2e%2e/staff",
            "/v1/passes/keys%2f..%2f..%2fstaff",
            "/v1/passes/keys/..\\..\\staff",
            "//v1/staff",
            "/v1//passes/keys",
            "/v1/passes/keys%00",
            "/v1/passes/keys/" + "a" * 5000,
            "/v1/passes/keys/%c0%ae%c0%ae/staff",
            "/metrics",
            "/v1/metrics",
            "/nowhere",
            "/v1/auth/../../readyz",
        ],
    )
    async def test_that_plays_tricks_is_not_found(self, house: House, path: str) -> None:
        """No escape, dot or slash turns a public prefix into another, and all look as if there were nothing."""
        before = await house.seen()
        answer = await house.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b'"code":"not_found"' in answer
        assert (await house.seen())["uploads_begun"] == before["uploads_begun"]

    @pytest.mark.parametrize(
        "request_",
        [
            b"GET http://elsewhere/v1/staff HTTP/1.1\r\nHost: x\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: x\r\n",
            b"GET /v1/passes/keys?\xff\xfe HTTP/1.1\r\nHost: x\r\n",
            b"GET /v1/passes/keys HTTP/1.1\r\nHost: \xff\r\nX-Y: \xff\xfe\r\n",
            b"GET /v1/passes/keys HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
            b"GET /v1/passes/keys HTTP/1.0\r\n",
            b"FOO /v1/passes/keys HTTP/1.1\r\nHost: x\r\n",
            b"TRACE /v1/passes/keys HTTP/1.1\r\nHost: x\r\n",
            b"CONNECT /v1/passes/keys HTTP/1.1\r\nHost: x\r\n",
            b"POST /v1/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"POST /v1/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n",
            b"GET /v1/passes/keys HTTP/1.1\r\nHost: x\r\ntraceparent: \xe9\r\nConnection: \xe9,\r\n",
        ],
    )
    async def test_and_other_oddities_break_nothing(self, house: House, request_: bytes) -> None:
        """Whatever is sent, the answer is never a 500, and the door goes on."""
        answer = await house.raw(request_.removesuffix(b"\r\n") + b"\r\nConnection: close\r\n\r\n")

        assert answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4"))
        assert (await house.door.get("/livez")).status_code == 200
        assert "Traceback" not in house.log(house.port)


class TestPages:
    async def test_need_nothing_from_elsewhere(self, house: House) -> None:
        """The page works in a network without a way out, and no injected script can run in it."""
        answer = await house.door.get("/docs")
        style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)
        assert style
        digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()

        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert f"'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text
        assert "://" not in answer.text

    @pytest.mark.parametrize("name", ["", "/resident", "/gate", "/property", "/official"])
    async def test_of_people_run_no_script_but_their_own(self, house: House, name: str) -> None:
        """Neither an injected script nor a foreign address can do anything in them, and they load what is there."""
        for language in ("zh", "en"):
            answer = await house.door.get(f"/{language}{name}")
            loaded = re.findall(r'(?:src|href)="(/(?:static|zh|en)/[^"]+)"', answer.text)

            assert answer.status_code == 200
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'" in policy
            assert "unsafe-inline" not in policy
            assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
            assert "://" not in answer.text
            assert len([one for one in loaded if one.endswith((".js", ".css"))]) >= 2
            assert [(await house.door.get(path)).status_code for path in loaded] == [200] * len(loaded)

    @pytest.mark.parametrize("path", ["/fr", "/zh/x", "/zh/gate/x", "/static/x.js", "/static/manifest.json"])
    async def test_that_are_none_are_not_found(self, house: House, path: str) -> None:
        """What is not one of ours is answered as everywhere."""
        answer = await house.door.get(path)

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    async def test_begin_in_the_browsers_language(self, house: House) -> None:
        """Chinese, unless it asks for English."""
        for accepts, language in (("en-GB,en;q=0.9", "en"), ("zh-CN", "zh"), ("fr", "zh"), ("", "zh")):
            answer = await house.door.get("/", headers={"Accept-Language": accepts})

            assert (answer.status_code, answer.headers["location"]) == (307, f"/{language}")

    async def test_take_only_reading(self, house: House) -> None:
        """There is nothing to post to a page."""
        answer = await house.door.post("/docs")

        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")

    async def test_do_not_show_the_metrics(self, house: House) -> None:
        """How much goes on in a district is not everybody's."""
        assert (await house.door.get("/metrics")).status_code == 404
