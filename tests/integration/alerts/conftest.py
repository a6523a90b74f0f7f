"""Alerts by itself, in two processes that share the door: what one hears, the other's streams must tell.

On a broker of its own: on the session's, the whole district's alerts service would take half of the events.
"""

from collections.abc import AsyncIterator

import pytest

from tests.district import District
from tests.integration.alerts.officials import Official
from tests.servers import running

ALLOW = {"MENSHEN_WEBHOOK_ALLOW": '["127.0.0.1/32"]'}


@pytest.fixture(scope="session")
async def district(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[District]:
    async with running(tmp_path_factory.mktemp("alerts-servers"), alone=True) as urls:
        one = District(tmp_path_factory.mktemp("alerts"), urls, ALLOW)
        try:
            await one.start(["alerts"])
            await one.supervisor.start(one.child("alerts-2", ("services.alerts",)))
            yield one
        finally:
            await one.stop()


@pytest.fixture
async def official(district: District) -> Official:
    one = Official(district, district.new_compound())
    await one.change(1)
    return one
