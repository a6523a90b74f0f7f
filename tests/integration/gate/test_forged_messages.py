"""What a device may not say: each forgery the broker lets through is refused by the gate, answered and counted."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aio_pika
import pytest
from yarl import URL

from shared.contracts.devices import DEVICES_EXCHANGE, SCAN_PRESENTED, scan_key
from tests.district import District
from tests.integration.gate.test_scans import Post
from tests.integration.gate.ways import Amqp, Device, said


class Bench(Post):
    """A gate with a device on AMQP, and a resident with a pass."""

    way: Amqp

    async def set_up(self) -> "Bench":
        await self.open()
        self.device = await Device(self.district, self.compound, self.gate).make()
        self.way = Amqp(self.device)
        await self.way.open()
        self.key = scan_key(self.compound, self.device.id)
        return self

    async def refused(self, reason: str) -> float:
        """Read the gate's own count of refusals."""
        metrics = (await self.district.http("gate").get("/metrics/")).text
        found = re.search(rf'menshen_gate_device_refusals_total{{reason="{reason}"}} ([0-9.]+)', metrics)
        return float(found[1]) if found else 0.0

    async def scans(self) -> int:
        count: int = await self.district.db("gate").scans.count_documents({"gate": self.gate})
        return count


@pytest.fixture
async def bench(district: District) -> AsyncIterator[Bench]:
    one = await Bench(district).set_up()
    yield one
    await one.way.close()


class TestForgery:
    async def test_without_a_sender(self, bench: Bench) -> None:
        """Over AMQP the broker vouches for `user_id`, so a message without one is nobody's."""
        before = await bench.refused("user_id_missing")

        await bench.way.say(bench.key, said(SCAN_PRESENTED, bench.device.id, bench.body()), user_id=None)
        answer = await bench.way.answer()

        assert (answer["status"], answer["error"]["code"]) == (403, "user_id_missing")
        assert await bench.refused("user_id_missing") == before + 1
        assert await bench.scans() == 0

    async def test_in_the_name_of_another_by_a_dead_letter(self, bench: Bench) -> None:
        """A queue of the device's own may send dead letters to any key, and the broker asks nobody about those."""
        other = await Device(bench.district, bench.compound, bench.gate).make()
        before = await bench.refused("dead_letter")
        url = URL(bench.district.urls.amqp).with_user(bench.device.id).with_password(bench.device.secret)
        async with await aio_pika.connect(str(url)) as connection:
            channel = await connection.channel()
            detour = {
                "x-message-ttl": 1,
                "x-dead-letter-exchange": DEVICES_EXCHANGE,
                "x-dead-letter-routing-key": scan_key(bench.compound, other.id),
            }
            name = f"mqtt-subscription-{bench.device.id}qos0"
            queue = await channel.declare_queue(name, durable=True, arguments=detour)
            exchange = await channel.get_exchange(DEVICES_EXCHANGE, ensure=False)
            await queue.bind(exchange, f"gate.decisions.{bench.device.id}")
            forged = said(SCAN_PRESENTED, other.id, bench.body())
            message = aio_pika.Message(forged, headers={"CC": [f"gate.decisions.{bench.device.id}"]})
            message.headers["x-mqtt-publish-qos"] = 1
            await exchange.publish(message, bench.key)

            async def counted() -> bool:
                return await bench.refused("dead_letter") > before

            await bench.district.until(counted)
        stored = await bench.district.db("gate").scans.count_documents({"device": other.id})
        assert stored == 0

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{", "unreadable"),
            (b"\xff\xfe", "unreadable"),
            (json.dumps({"specversion": "1.0"}).encode(), "unreadable"),
            (b" " * 20_000, "too_large"),
        ],
        ids=["half", "bytes", "empty", "large"],
    )
    async def test_what_is_no_message(self, bench: Bench, body: bytes, code: str) -> None:
        """Answered, counted, and the next one is taken."""
        before = await bench.refused(code)

        await bench.way.say(bench.key, body)
        answer: dict[str, Any] = await bench.way.answer()
        good = await bench.way.present(bench.body())

        assert answer["error"]["code"] == code
        assert await bench.refused(code) == before + 1
        assert good["status"] == 200

    async def test_of_a_revoked_device(self, bench: Bench) -> None:
        """Its connection is cut at once; what it left in the queue is nobody's."""
        await bench.device.revoke()

        with pytest.raises(Exception, match=r"320|closed|deleted"):
            await bench.way.say(bench.key, said(SCAN_PRESENTED, bench.device.id, bench.body()))
        assert await bench.scans() == 0
