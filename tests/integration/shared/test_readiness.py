"""When a service says that it is ready: when it could do for a caller what the caller asks."""

import asyncio
import secrets

import pytest

from menshen.secrets import generate
from shared.errors import DomainError
from shared.mongo import Store
from shared.security.jwks import KEYS
from shared.security.keys import Signer
from shared.service import Runtime, Service, migrate
from shared.settings import Settings
from tests.servers import Urls


async def test_nobody_is_turned_away_by_a_service_that_is_ready(servers: Urls) -> None:
    """Without identity's keys nobody can be told from anybody, so whoever routes by readiness waits for them."""
    told = {"MENSHEN_MONGO_URL": servers.mongo, "MENSHEN_AMQP_URL": servers.amqp}
    settings = Settings(**told, db_prefix=f"r{secrets.token_hex(4)}_")
    service = Service(name=f"ready{secrets.token_hex(3)}", store=Store, subscriptions=[], routers=[])
    await migrate(service, settings)
    runtime = Runtime(service, settings)
    await runtime.start()
    try:
        async with asyncio.timeout(20):
            while not runtime._messaging.is_set():
                await asyncio.sleep(0.02)
        with pytest.raises(DomainError, match="unavailable"):
            await runtime.require_ready()

        jwks = Signer(generate()["MENSHEN_TOKEN_KEYS"]).public_set()
        await runtime.mongo.db[KEYS].insert_one({"_id": "identity", "jwks": jwks})

        async with asyncio.timeout(10):
            while not runtime.token_keys.has_keys:
                await asyncio.sleep(0.02)
        await runtime.require_ready()
    finally:
        await runtime.stop()
