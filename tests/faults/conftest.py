"""An arena: servers and services that may be killed. Always local binaries, since only those can be killed here."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from menshen.ports import ServerPorts
from menshen.servers import Servers
from tests.district import District
from tests.servers import Urls

CHAIN = ("gate", "health", "alerts")


@dataclass
class Arena:
    servers: Servers
    district: District


@pytest.fixture(scope="session")
async def arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    servers = Servers(tmp_path_factory.mktemp("arena-servers"), ServerPorts.free(), plugins=())
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(servers.stop)
        await servers.start()
        district = District(tmp_path_factory.mktemp("arena"), Urls(servers.mongo_url, servers.amqp_url))
        ending.push_async_callback(district.stop)
        await district.start((*CHAIN, "reports", "identity", "gateway"))
        yield Arena(servers, district)
