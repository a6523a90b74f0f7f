"""The one settings class: everything a process is told comes from the environment.

Secrets have no default, so a process that lacks one does not start. A service that needs more adds it in a
subclass in its own `main.py`; nobody else reads the environment.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProcessSettings(BaseSettings):
    """What every process is told, also one with neither database nor queues. Variables are named `MENSHEN_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="MENSHEN_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = 8000
    service_urls: dict[str, str] = Field(default_factory=dict)
    """Base URL of each service by name, as JSON: where the JWKS is fetched and where the gateway routes to."""

    worker: int = 1
    """Which of the processes that share a port this one is; `/readyz` says it, so that each can be waited for."""
    log_level: str = "INFO"
    timezone: str = "Asia/Shanghai"
    demo: bool = False
    """True only for `menshen up`'s demo district: opens the one-time code outbox. Never set in a deployment."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which rules such as 'not between 23:00 and 05:00' are meant."""
        return ZoneInfo(self.timezone)


class Settings(ProcessSettings):
    """What every service is told. The two server URLs are read also without the prefix."""

    mongo_url: SecretStr = Field(validation_alias=AliasChoices("MENSHEN_MONGO_URL", "MONGO_URL"))
    amqp_url: SecretStr = Field(validation_alias=AliasChoices("MENSHEN_AMQP_URL", "AMQP_URL"))
    db_prefix: str = "menshen_"
    """Each service's database is this prefix and the service's name."""

    relay_sweep: timedelta = timedelta(milliseconds=250)
    """How often the outbox relay looks for events that no wake-up announced, such as those a crash left."""
    retry_delays: tuple[float, ...] = (1.0, 10.0, 60.0, 600.0)
    """Seconds between the tries of a failing message; after the last it is parked."""
