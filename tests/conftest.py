"""Fixtures: one district for the whole run; tests that break things bring their own.

`MENSHEN_TEST_SERVICES=gate,health` starts only some, for work on one service.
"""

import os
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from menshen.seed import seed
from tests.district import DOOR, SERVICES, District
from tests.servers import Urls, running
from tests.town import Town


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Urls]:
    async with running(tmp_path_factory.mktemp("servers")) as urls:
        yield urls


@pytest.fixture(scope="session")
async def district(servers: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[District]:
    one = District(tmp_path_factory.mktemp("district"), servers)
    names = os.environ.get("MENSHEN_TEST_SERVICES", ",".join((*SERVICES, DOOR))).split(",")
    try:
        await one.start(names)
        yield one
    finally:
        await one.stop()


@pytest.fixture(scope="session")
async def demo(district: District, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return (await seed(district.url("gateway"), tmp_path_factory.mktemp("demo"), district.environment)).json()


@pytest.fixture
async def town(district: District, demo: dict[str, Any]) -> Town:
    return await Town(district, demo, f"{demo['community']}.t{secrets.token_hex(4)}").open()
