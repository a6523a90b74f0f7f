"""Webhooks, from outside, against real receivers, good and bad."""

import time
from datetime import UTC, datetime, timedelta

from tests.district import District
from tests.integration.alerts.channels import add, deliveries, delivery, hurry, pause_before_next, readdress
from tests.integration.alerts.officials import Official, fever
from tests.integration.alerts.receiver import receiving


class TestWebhook:
    async def test_an_alert_arrives_signed_and_names_nobody(self, district: District, official: Official) -> None:
        """A receiver can trust it, and whoever reads along learns no more than the masked label."""
        async with receiving() as receiver:
            channel = await add(official, receiver.url, kinds=["fever"])
            told = fever(f"{official.area}.b1.u1.r101")
            await district.publish(told)
            sent = await delivery(official, channel["id"], state="delivered")

        message = receiver.messages[0]
        assert (sent["attempts"], sent["what"], sent["error"]) == (1, "raised", None)
        assert receiver.heads[0]["webhook-id"] == sent["id"]
        assert receiver.signed_with(channel["secret"], 0)
        assert (message["type"], message["data"]["kind"], message["data"]["label"]) == ("alert.raised", "fever", "王**")
        assert message["data"]["area"] == told.area
        assert message["data"]["title"] == {"zh": "发热警报", "en": "Fever"}
        assert told.event.resident not in receiver.bodies[0].decode()  # type: ignore[attr-defined]
        assert "38.2" not in receiver.bodies[0].decode()

    async def test_the_secret_is_shown_once_and_stored_sealed(self, district: District, official: Official) -> None:
        """Nor does the address come back: whoever knows it can write there."""
        body = {"kind": "webhook", "url": "https://hooks.example.com/T0KEN/abc?key=S3CRET", "area": official.area}
        once = {**official.headers, "Idempotency-Key": "k1"}
        http = district.http("alerts")

        first = await http.post("/v1/channels", json=body, headers=once)
        again = await http.post("/v1/channels", json=body, headers=once)
        listed = (await official.call("GET", "/v1/channels")).json()["items"]

        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert first.json()["secret"].startswith("whsec_")
        assert [(one["id"], one["secret"], one["url"]) for one in listed] == [
            (first.json()["id"], None, "https://hooks.example.com/…")
        ]
        kept = [await district.db("alerts")[name].find().to_list(None) for name in ("channels", "idempotency")]
        for hidden in ("T0KEN", "S3CRET", first.json()["secret"]):
            assert hidden not in str(kept)

    async def test_a_failure_is_tried_again_after_the_schedule(self, district: District, official: Official) -> None:
        """Same message id, same body; 5 s, then 5 minutes."""
        async with receiving(status=500) as receiver:
            channel = await add(official, receiver.url)
            await district.publish(fever(official.area))
            await delivery(official, channel["id"], attempts=1, error="status_500")
            first = await pause_before_next(official, channel["id"])
            await hurry(official, channel["id"])
            await delivery(official, channel["id"], attempts=2)
            second = await pause_before_next(official, channel["id"])
            receiver.status = 204
            await hurry(official, channel["id"])
            third = await delivery(official, channel["id"], state="delivered")

        assert 0 < first <= 5
        assert 270 < second <= 300
        assert third["attempts"] == 3
        assert len({head["webhook-id"] for head in receiver.heads}) == 1
        assert len(set(receiver.bodies)) == 1

    async def test_a_redirect_is_a_failure(self, district: District, official: Official) -> None:
        """Following it would let the other side choose where we connect."""
        async with receiving() as trap, receiving(status=302, headers={"Location": trap.url}) as receiver:
            channel = await add(official, receiver.url)
            await district.publish(fever(official.area))
            await delivery(official, channel["id"], attempts=1, error="redirect")

        assert trap.bodies == []

    async def test_gone_disables_and_a_replay_brings_what_was_missed(
        self, district: District, official: Official
    ) -> None:
        """410 means no more; the owner is told by an alert, and nothing that came meanwhile is lost."""
        start = datetime.now(UTC)
        async with receiving(status=410) as receiver:
            channel = await add(official, receiver.url, kinds=["fever"])
            first, second = fever(official.area), fever(official.area)
            await district.publish(first)
            await delivery(official, channel["id"], state="failed", error="gone")
            await official.alert(channel["id"], kind="channel_down")
            await district.publish(second)
            held = await delivery(official, channel["id"], state="held")
            disabled = (await official.call("GET", "/v1/channels")).json()["items"][0]["disabled"]
            test = await official.call("POST", f"/v1/channels/{channel['id']}/test")

            receiver.status = 200
            wish = {"since": start.isoformat()}
            replayed = await official.call("POST", f"/v1/channels/{channel['id']}/replay", json=wish)
            await delivery(official, channel["id"], id=held["id"], state="delivered")

        assert (disabled, held["attempts"]) == ("gone", 0)
        assert (test.status_code, test.json()["code"]) == (409, "channel_disabled")
        assert (replayed.status_code, replayed.json()) == (202, {"deliveries": 2})
        assert len(receiver.bodies) == 3
        assert {head["webhook-id"] for head in receiver.heads[1:]} >= {held["id"]}

    async def test_the_last_try_disables(self, district: District, official: Official) -> None:
        """Ten tries over three days; then a person must look."""
        async with receiving(status=500) as receiver:
            channel = await add(official, receiver.url)
            await district.publish(fever(official.area))
            await delivery(official, channel["id"], attempts=1, error="status_500")
            nine = {"$set": {"attempts": 9, "next_at": datetime.now(UTC)}}
            await district.db("alerts").deliveries.update_one({"channel": channel["id"]}, nine)
            failed = await delivery(official, channel["id"], state="failed")

        listed = (await official.call("GET", "/v1/channels")).json()["items"]
        assert failed["attempts"] == 10
        assert listed[0]["disabled"] == "failing"

    async def test_who_is_busy_is_left_alone_for_a_while(self, district: District, official: Official) -> None:
        """429 with Retry-After holds back everything for that channel."""
        async with receiving(status=500, headers={"Retry-After": "120"}) as receiver:
            channel = await add(official, receiver.url)
            first, second = fever(official.area), fever(official.area)
            for told in (first, second):
                await district.publish(told)
                await official.alert(told.subject)
                await delivery(official, channel["id"], attempts=1, error="status_500")
            receiver.status = 429
            rows = district.db("alerts").deliveries
            for told, seconds in ((first, 0), (second, 60)):
                due = {"$set": {"next_at": datetime.now(UTC) + timedelta(seconds=seconds)}}
                alert = await official.alert(told.subject)
                await rows.update_one({"channel": channel["id"], "told.alert": alert["id"]}, due)

            async def both() -> bool:
                now = datetime.now(UTC)
                due = [
                    datetime.fromisoformat(one["next_at"]) - now for one in await deliveries(official, channel["id"])
                ]
                return len(due) == 2 and min(due) > timedelta(seconds=100)

            await district.until(both)

        assert len(receiver.bodies) == 3

    async def test_a_slow_one_holds_up_nobody(self, district: District, official: Official) -> None:
        """Neither another channel nor the alert itself."""
        async with receiving(silent=True) as slow, receiving() as quick:
            for _ in range(6):
                await add(official, slow.url)
            await add(official, quick.url)
            started = time.monotonic()
            for _ in range(3):
                await district.publish(fever(official.area))

            async def arrived() -> bool:
                return len(quick.bodies) == 3

            await district.until(arrived, 6)
            took = time.monotonic() - started

        assert took < 6
        # Each process has one worker for a channel.
        assert 6 <= len(slow.bodies) <= 12

    async def test_a_test_message(self, official: Official) -> None:
        """One sees at once whether the channel works."""
        async with receiving() as receiver:
            channel = await add(official, receiver.url)
            answer = await official.call("POST", f"/v1/channels/{channel['id']}/test")
            await delivery(official, channel["id"], state="delivered", what="test")

        assert answer.status_code == 202
        assert receiver.messages[0]["type"] == "alert.test"

    async def test_a_name_that_leads_inside_is_not_followed(self, district: District, official: Official) -> None:
        """The address is judged when the connection is made: a name may point anywhere, and change its mind."""
        async with receiving() as receiver:
            channel = await add(official, "https://hooks.example.com/x")
            inside = f"http://localhost:{receiver.port}/hook"
            await readdress(district, channel["id"], inside)
            await district.db("alerts").channels.update_one({"_id": channel["id"]}, {"$set": {"shown": "-"}})
            await official.call("POST", f"/v1/channels/{channel['id']}/test")
            # 127.0.0.1 is allowed in these tests, 127.0.0.2 is not.
            await delivery(official, channel["id"], state="delivered")
            await readdress(district, channel["id"], f"http://127.0.0.2:{receiver.port}/hook")
            await official.call("POST", f"/v1/channels/{channel['id']}/test")
            refused = await delivery(official, channel["id"], attempts=1, error="address_not_allowed")

        assert refused["state"] == "waiting"
        assert len(receiver.bodies) == 1
