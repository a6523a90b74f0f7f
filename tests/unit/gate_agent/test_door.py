"""The local door: the service's words for whatever a reader sends."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from menshen.gate_agent.door import door
from tests.unit.gate_agent.boxes import Box


async def fine() -> dict[str, Any]:
    return {"mode": "live"}


@pytest.fixture
async def reader(box: Box) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(door(box.agent, fine))) as client:
        yield client


class TestScans:
    async def test_are_answered_as_the_service_does(self, box: Box, reader: TestClient[Any, Any]) -> None:
        """A reader just uses another address."""
        response = await reader.post("/v1/scans", json=box.body(), headers={"Accept-Language": "en"})

        view = await response.json()
        assert (response.status, view["decision"], view["decided_by"]) == (200, "allow", "device")
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"temperature_c": "hot"}, "temperature_type"),
            ({"temperature_c": 36.55}, "temperature_precision"),
            ({"nonce": "a b"}, "field_type"),
            ({"direction": "up"}, "field_value"),
            ({"decided": "allow"}, "unknown_field"),
            ({"scanned_at": "noon"}, "time_format"),
        ],
    )
    async def test_of_a_wrong_form_are_not_kept(
        self, box: Box, reader: TestClient[Any, Any], change: dict[str, Any], code: str
    ) -> None:
        """422 with the field's own code, as the service says it."""
        response = await reader.post("/v1/scans", json={**box.body(), **change})

        problem = await response.json()
        assert (response.status, problem["code"]) == (422, code)
        assert problem["errors"][0]["field"] in change
        assert await box.agent.store.waiting() == 0

    @pytest.mark.parametrize(
        ("body", "kind", "status", "code"),
        [
            (b"{", "application/json", 400, "json_invalid"),
            (b"\xff", "application/json", 400, "json_encoding"),
            (b"[" * 50_000, "application/json", 400, "json_invalid"),
            (b"7", "application/json", 422, "field_type"),
            (b"{}", "text/plain", 415, "content_type"),
            (b" " * 70_000, "application/json", 413, "body_too_large"),
        ],
    )
    async def test_that_are_none(
        self, reader: TestClient[Any, Any], body: bytes, kind: str, status: int, code: str
    ) -> None:
        """Said in words, never a 500."""
        response = await reader.post("/v1/scans", data=body, headers={"Content-Type": kind})

        assert (response.status, (await response.json())["code"]) == (status, code)

    async def test_without_a_record_are_nobodys_pass(self, box: Box, reader: TestClient[Any, Any]) -> None:
        """503, which a reader does not open for."""
        await box.agent.store.close()
        closed = await reader.post("/v1/scans", json=box.body())
        async with TestClient(TestServer(door(None, fine))) as broken:
            damaged = await broken.post("/v1/scans", json=box.body())
            codes = [(one.status, (await one.json())["code"]) for one in (closed, damaged)]

        assert codes == [(503, "agent_store")] * 2

    async def test_what_is_not_offered(self, reader: TestClient[Any, Any]) -> None:
        """404 and 405, as everywhere."""
        codes = [
            (await (await reader.get("/v1/exits")).json())["code"],
            (await (await reader.delete("/v1/scans")).json())["code"],
        ]

        assert codes == ["not_found", "method_not_allowed"]


def test_the_box_is_small() -> None:
    """It loads neither the database driver nor the services' web framework nor the broker's client."""
    code = (
        "import sys, menshen.gate_agent.main, menshen.gate_agent.life;"
        "print(sorted({'motor', 'pymongo', 'fastapi', 'uvicorn', 'aio_pika', 'aiomqtt'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
