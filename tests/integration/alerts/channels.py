"""What officials do with their channels, and the hands that turn a channel's clock."""

from datetime import UTC, datetime
from typing import Any

from tests.district import District
from tests.integration.alerts.officials import Official


async def add(official: Official, url: str, kind: str = "webhook", **body: Any) -> dict[str, Any]:
    wanted = {"kind": kind, "url": url, "area": official.area, **body}
    answer = await official.call("POST", "/v1/channels", json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliveries(official: Official, channel: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await official.call("GET", f"/v1/channels/{channel}/deliveries")).json()["items"]
    return items


async def delivery(official: Official, channel: str, **expected: Any) -> dict[str, Any]:
    """Wait until the channel's newest delivery looks as expected."""

    async def find() -> dict[str, Any] | None:
        newest = next(iter(await deliveries(official, channel)), None)
        return newest if newest and expected.items() <= newest.items() else None

    found: dict[str, Any] = await official.district.until(find, 12)
    return found


async def hurry(official: Official, channel: str) -> None:
    """Let the next try be due now."""
    due = {"$set": {"next_at": datetime.now(UTC)}}
    await official.district.db("alerts").deliveries.update_many({"channel": channel, "state": "waiting"}, due)


async def pause_before_next(official: Official, channel: str) -> float:
    """Wait until no try is under way, whose lease is a minute; return the seconds to the next."""

    async def noted() -> float | None:
        waiting = (await deliveries(official, channel))[0]
        seconds = (datetime.fromisoformat(waiting["next_at"]) - datetime.now(UTC)).total_seconds()
        return None if 6 < seconds <= 60 else seconds

    pause: float = await official.district.until(noted)
    return pause


async def readdress(district: District, channel: str, url: str) -> None:
    from services.alerts.api.addresses import AddressBook  # noqa: PLC0415  # as the service itself would store it
    from shared.security.vault import Vault  # noqa: PLC0415

    vault = Vault(district.environment["MENSHEN_FIELD_KEYS"], district.environment["MENSHEN_LOOKUP_KEY"])
    sealed = AddressBook(vault, (), ()).seal(url)
    await district.db("alerts").channels.update_one({"_id": channel}, {"$set": {"sealed_url": sealed}})
