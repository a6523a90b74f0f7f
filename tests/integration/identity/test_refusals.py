"""What the broker refuses a device is counted on it: one that tries what is not its own may be stolen."""

from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError
from yarl import URL

from shared.contracts.devices import DEVICES_EXCHANGE, scan_key
from shared.contracts.values import Role
from shared.ids import new_id
from tests.district import District
from tests.integration.gate.ways import Device
from tests.residents import add_gate


async def shown(device: Device) -> dict[str, Any]:
    manager = device.district.staff((Role.PROPERTY_MANAGER, device.area))
    answer = await device.district.http("identity").get(f"/v1/devices/{device.id}", headers=manager)
    found: dict[str, Any] = answer.json()
    return found


class TestRefusals:
    async def test_are_counted_on_the_device(self, district: District) -> None:
        """Another device's key, then a wrong secret: the broker refuses both, and its log says who tried."""
        compound = district.new_compound()
        device = await Device(district, compound, await add_gate(district, compound)).make()
        url = URL(district.urls.amqp).with_user(device.id)
        assert (await shown(device))["refusals"] == 0

        async with await aio_pika.connect(str(url.with_password(device.secret))) as connection:
            exchange = await (await connection.channel()).get_exchange(DEVICES_EXCHANGE, ensure=False)
            with pytest.raises(BaseException, match=r"(?i)access.refused"):  # the library cancels the publish
                await exchange.publish(aio_pika.Message(b"{}", user_id=device.id), scan_key(compound, new_id("dev")))
        with pytest.raises((AMQPError, ConnectionError)):
            await aio_pika.connect(str(url.with_password("wrong")))

        async def both() -> bool:
            return (await shown(device))["refusals"] >= 2

        await district.until(both, timeout=20)
        assert (await shown(device))["refused_at"]
        metrics = (await district.http("identity").get("/metrics/")).text
        assert 'menshen_broker_refusals_total{reason="not_its_own"}' in metrics
        assert 'menshen_broker_refusals_total{reason="sign_in"}' in metrics
