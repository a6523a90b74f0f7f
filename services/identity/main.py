"""Identity, put together."""

import asyncio
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.identity.api import DEMO_ROUTERS, ROUTERS
from services.identity.api.broker_door import BrokerDoor
from services.identity.api.cabinet import Cabinet
from services.identity.api.doorkeeper import Doorkeeper, hash_password
from services.identity.api.gate_door import GateDoor
from services.identity.consumers import SUBSCRIPTIONS
from services.identity.domain import Mandate
from services.identity.handlers import AddStaff, add_staff
from services.identity.jobs.count_refusals import count_refusals
from services.identity.jobs.provision import provision
from services.identity.jobs.send_codes import send_codes
from services.identity.store import IdentityStore
from shared.clock import utc_now
from shared.contracts.values import Role
from shared.ids import new_id
from shared.mongo import Mongo
from shared.service import Service
from shared.settings import Settings
from shared.work import Work


class IdentitySettings(Settings):
    """What identity is told besides: its signing keys, the keys of what is personal, ways to phones and RabbitMQ."""

    token_keys: SecretStr
    field_keys: SecretStr
    lookup_key: SecretStr
    code_channel: SecretStr | None = None
    """An Apprise URL, with `{phone}` where the number goes; without one nobody can sign in by phone."""
    broker_api: SecretStr | None = None
    """RabbitMQ's management API with user and password; without it devices are known, but the broker lets none in."""
    provision_sweep: timedelta = timedelta(seconds=15)
    """How often the broker's users are compared with the devices."""


class _Offer(BaseSettings):
    """Whether this process belongs to a demo district: asked before the routes are made."""

    model_config = SettingsConfigDict(env_prefix="MENSHEN_", extra="ignore")

    demo: bool = False


def _parts(settings: IdentitySettings) -> dict[str, Any]:
    broker_api = settings.broker_api.get_secret_value() if settings.broker_api else None
    return {
        "cabinet": Cabinet(settings.field_keys.get_secret_value(), settings.lookup_key.get_secret_value()),
        "doorkeeper": Doorkeeper(settings.token_keys.get_secret_value()),
        "gate": GateDoor(settings.service_urls.get("gate")),
        "code_due": asyncio.Event(),
        "broker": BrokerDoor(broker_api),
        "provision_due": asyncio.Event(),
    }


service = Service(
    name="identity",
    store=IdentityStore,
    subscriptions=SUBSCRIPTIONS,
    routers=[*ROUTERS, *(DEMO_ROUTERS if _Offer().demo else [])],
    settings=IdentitySettings,
    parts=_parts,
    jobs=[send_codes, provision, count_refusals],
    max_body=8 * 1024 * 1024 + 64 * 1024,
)


async def create_admin(mongo_url: str, db_prefix: str, username: str, password: str, area: str) -> str:
    """Make an admin of an area that may not exist yet, and return the account's id: how a district begins.

    Works on the database, for nobody could grant it through the API. Raises conflict `username_taken`.
    """
    command = AddStaff(
        id=new_id("acc"),
        username=username.lower(),
        password_hash=await asyncio.to_thread(hash_password, password),
        mandates=(Mandate(Role.ADMIN, area),),
        granting=None,
    )
    mongo = Mongo(mongo_url, db_prefix + service.name)
    try:
        return (await Work(mongo, IdentityStore, utc_now).run(add_staff, command)).id
    finally:
        mongo.close()
