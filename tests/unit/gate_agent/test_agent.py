"""A scan at the box, from its arrival to its answer, with a service that is there or not."""

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from menshen.gate_agent.domain import ClockState
from menshen.gate_agent.store import FILE, ScanStore, StoreFault
from shared.contracts.values import Direction
from shared.errors import DomainError
from tests.unit.gate_agent.boxes import Box, answer, said, token


class TestLive:
    async def test_the_services_answer_is_the_answer(self, box: Box) -> None:
        """With its words and its status; nothing is left to deliver."""
        box.service.answer = said("deny", "pass_revoked")

        outcome = await box.scan()

        assert outcome.answer == {"decision": "deny", "reasons": ["pass_revoked"], "fever": "none"}
        assert await box.agent.store.waiting() == 0

    async def test_it_is_asked_with_the_true_time(self, box: Box) -> None:
        """A reader whose clock is a day ahead would be refused else; how far it is off is said beside."""
        box.service.answer = said()

        await box.scan(scanned_at=(box.hands.true + timedelta(days=1)).isoformat())

        asked = box.service.asked[0]
        assert asked["scanned_at"] == "2026-02-07T12:00:00.000Z"
        assert (asked["skew_s"], asked["sequence"], asked["clock"]) == (86400.0, 1, "trusted")

    async def test_what_it_will_not_take_is_an_answer_too(self, box: Box) -> None:
        """A 4xx is no network fault: deciding otherwise here would go behind the service's back."""
        box.service.answer = answer(403, {"code": "device_mismatch"})

        outcome = await box.scan()

        assert (outcome.status, outcome.answer) == (403, {"code": "device_mismatch"})
        assert (await box.agent.store.waiting(), await box.agent.store.refused()) == (0, 1)

    async def test_nothing_overtakes_what_waits(self, box: Box) -> None:
        """Order is worth more than freshness: while a scan waits, the service is not asked."""
        await box.scan()
        box.service.answer = said()

        outcome = await box.scan()

        assert outcome.decided_by == "device"
        assert len(box.service.asked) == 1

    async def test_an_answer_that_makes_no_sense_is_none(self, box: Box) -> None:
        """Then the gate decides here."""
        box.service.answer = answer(200, {"decision": "perhaps", "reasons": [], "fever": "none"})

        assert (await box.scan()).decided_by == "device"


class TestHere:
    async def test_says_so(self, box: Box) -> None:
        """The same shape as the service's answer, in the reader's language, without the name that nobody knows here."""
        outcome = await box.scan(nonce="n1")

        view = outcome.answer
        assert (view["decision"], view["decided_by"], view["sequence"], view["device"]) == (
            "allow",
            "device",
            1,
            "dev_1",
        )
        assert (view["message"], view["resident"]) == ("You may go out; please be back in time.", None)

    async def test_lets_through_once(self, box: Box) -> None:
        """Fifty screenshots of one pass, at once."""
        code = token()

        outcomes = await asyncio.gather(*(box.scan(token=code) for _ in range(50)))

        assert sorted(one.answer["decision"] for one in outcomes) == ["allow"] + ["deny"] * 49
        refused = next(one for one in outcomes if one.decision == "deny")
        assert refused.answer["message"].startswith("The pass was used already, at 02-07 20:")

    async def test_knows_what_it_let_through_while_online(self, box: Box) -> None:
        """The network went between the exit and its repetition."""
        code = token()
        box.service.answer = said()
        await box.scan(token=code)
        box.service.answer = None

        assert (await box.scan(token=code)).reasons == ("pass_already_used",)
        assert (await box.scan(token=code, direction="in")).reasons == ()

    async def test_knows_its_rechecks(self, box: Box) -> None:
        """A forehead in the sun, measured again three minutes later: by the service first, then here."""
        code = token()
        box.service.answer = said("recheck", "fever_retest", fever="unconfirmed")
        first = await box.scan(token=code, temperature_c=38.0, site="forehead", nonce="n1")
        box.service.answer = None
        box.hands.wait(minutes=3)

        second = await box.scan(token=code, temperature_c=38.0, site="forehead")

        assert first.reasons == ["fever_retest"]
        assert second.reasons == ("fever_confirmed",)
        assert second.answer["retest_of"] == (await box.agent.store.by_nonce("n1")).arrival.id  # type: ignore[union-attr]

    async def test_a_gate_of_others_is_not_this_one(self, box: Box) -> None:
        """As the service would say."""
        with pytest.raises(DomainError, match="device_mismatch"):
            await box.scan(gate="gate_2")


class TestNonce:
    async def test_the_same_scan_gets_the_same_answer(self, box: Box) -> None:
        """A reader that heard nothing sends again, on a screen with a fresh code of the same pass."""
        first = await box.scan(nonce="n1", token=token("pass_1"))
        box.hands.wait(hours=5)

        again = await box.scan(nonce="n1", token=token("pass_1", exp=2_000_000_000))

        assert again.answer == first.answer
        assert await box.agent.store.waiting() == 1

    async def test_belongs_to_one_scan(self, box: Box) -> None:
        """A reader that counts from one again must not wave the second person through."""
        await box.scan(nonce="n1")

        with pytest.raises(DomainError, match="nonce_reused"):
            await box.scan(nonce="n1", temperature_c=36.6)


class TestClockLost:
    async def test_is_nobodys_way_out(self, box: Box) -> None:
        """A restart without network, and a clock that went back: the guard decides, and the scan says so."""
        await box.scan()
        await box.agent.store.put_clock(box.agent.clock.remembered())
        box.hands.skew = -timedelta(days=1)
        box.agent.clock = box.hands.clock(await box.agent.store.clock())

        outcome = await box.scan(nonce="n2")

        kept = await box.agent.store.by_nonce("n2")
        assert outcome.reasons == ("clock_unknown",)
        assert kept
        assert kept.arrival.moment.clock is ClockState.UNKNOWN


class TestStore:
    async def test_nobody_passes_without_a_record(self, box: Box) -> None:
        """The disk is full: no answer, not even the service's."""
        box.service.answer = said()
        db = box.agent.store._db
        pages = (await (await db.execute("PRAGMA page_count")).fetchone())[0]  # type: ignore[index]
        await db.execute(f"PRAGMA max_page_count = {pages}")
        await db.execute("PRAGMA wal_autocheckpoint = 1")

        with pytest.raises(StoreFault, match="full"):
            await asyncio.gather(*(box.scan(token="x" * 2000) for _ in range(100)))
        asked = len(box.service.asked)
        with pytest.raises(StoreFault):
            await box.scan(token="x" * 2000)

        assert len(box.service.asked) == asked
        await db.execute("PRAGMA max_page_count = 1000000")
        assert (await box.scan()).decision == "allow"

    async def test_a_damaged_file_is_not_opened(self, tmp_path: Path) -> None:
        """Whatever is in it, it is not a record."""
        (tmp_path / FILE).write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)

        with pytest.raises(StoreFault):
            await ScanStore.open(tmp_path)

    async def test_a_newer_agents_file_is_not_touched(self, tmp_path: Path) -> None:
        """It may mean something else by what looks alike."""
        store = await ScanStore.open(tmp_path)
        await store.close()
        with sqlite3.connect(tmp_path / FILE) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()

        with pytest.raises(StoreFault, match="newer"):
            await ScanStore.open(tmp_path)

    async def test_every_change_reaches_the_disk(self, box: Box) -> None:
        """Written ahead and flushed each time: a power cut takes nothing that was answered."""
        modes = [
            (await (await box.agent.store._db.execute(f"PRAGMA {name}")).fetchone())[0]  # type: ignore[index]
            for name in ("journal_mode", "synchronous")
        ]

        assert modes == ["wal", 2]

    async def test_keeps_what_the_reader_sent(self, box: Box) -> None:
        """The raw body, the time it was judged by, and the sequence."""
        await box.scan(nonce="n1")

        kept = await box.agent.store.by_nonce("n1")

        assert kept
        assert kept.sequence == 1
        assert json.loads(kept.arrival.body)["nonce"] == "n1"
        assert (kept.arrival.moment.at, kept.arrival.direction) == (box.hands.true, Direction.OUT)
