"""Delivering, with a service that is there, away, or will not have something."""

import json
from datetime import timedelta

import pytest

from menshen.gate_agent.courier import CHUNK, Courier
from menshen.gate_agent.records import Arrival
from menshen.gate_agent.upstream import Away
from shared.contracts.values import Direction
from tests.unit.gate_agent.boxes import Box, answer, said, taken

REFUSED = {"status": 422, "scan": None, "error": {"code": "time_too_old", "field": "scanned_at", "message": ""}}


async def crowd(box: Box, size: int) -> None:
    for number in range(1, size + 1):
        await box.scan(nonce=f"n{number}")


def sequences(box: Box) -> list[list[int]]:
    return [[one["sequence"] for one in chunk] for chunk in box.service.delivered]


class TestDelivery:
    async def test_in_sequence_and_in_bounds(self, box: Box) -> None:
        """What happened first is told first; never more than a batch at once."""
        await crowd(box, CHUNK + 1)

        await Courier(box.agent, 10).deliver()

        assert sequences(box) == [list(range(1, CHUNK + 1)), [CHUNK + 1]]
        assert await box.agent.store.waiting() == 0

    async def test_says_what_was_decided_and_when(self, box: Box) -> None:
        """By the time that the decision was made by, with how far the reader's clock was off."""
        box.hands.skew = timedelta(minutes=-20)
        await box.scan(nonce="n1", temperature_c=38.0)

        await Courier(box.agent, 10).deliver()

        item = box.service.delivered[0][0]
        assert (item["decided"], item["reasons"]) == ("deny", ["fever_confirmed"])
        assert (item["scanned_at"], item["skew_s"]) == ("2026-02-07T12:00:00.000Z", -1200.0)
        assert (item["sequence"], item["clock"], item["nonce"]) == (1, "trusted", "n1")

    async def test_goes_on_where_it_broke_off(self, box: Box) -> None:
        """Nobody knows what came of the second chunk, so it is sent again; the nonces make it the same scans."""
        await crowd(box, CHUNK + 1)
        box.service.results = [taken(CHUNK), None]
        courier = Courier(box.agent, 10)

        with pytest.raises(Away):
            await courier.deliver()
        await courier.deliver()

        assert sequences(box)[1:] == [[CHUNK + 1]] * 2
        assert await box.agent.store.waiting() == 0

    async def test_one_that_is_refused_holds_up_no_other(self, box: Box) -> None:
        """It is kept and marked, for somebody to see."""
        await crowd(box, 3)
        fine = {"status": 200, "scan": {}, "error": None}
        box.service.results = [answer(200, {"results": [fine, REFUSED, fine]})]

        await Courier(box.agent, 10).deliver()

        assert (await box.agent.store.waiting(), await box.agent.store.refused()) == (0, 1)

    async def test_a_batch_refused_whole_is_tried_one_by_one(self, box: Box) -> None:
        """Whichever spoils it spoils only itself."""
        await crowd(box, 3)
        bad = answer(422, {"code": "input_invalid"})
        box.service.results = [bad, taken(1), bad, taken(1)]

        await Courier(box.agent, 10).deliver()

        assert sequences(box) == [[1, 2, 3], [1], [2], [3]]
        assert (await box.agent.store.waiting(), await box.agent.store.refused()) == (0, 1)

    @pytest.mark.parametrize("status", [403, 404])
    async def test_a_device_that_is_not_let_in_loses_nothing(self, box: Box, status: int) -> None:
        """That is about the device: when somebody has put it right, all of it is delivered."""
        await crowd(box, 2)
        box.service.results = [answer(status, {"code": "device_unknown"})]
        courier = Courier(box.agent, 10)

        with pytest.raises(Away):
            await courier.deliver()
        await courier.deliver()

        assert sequences(box) == [[1, 2]] * 2
        assert await box.agent.store.refused() == 0

    async def test_an_answer_that_leaves_some_out_settles_none(self, box: Box) -> None:
        """Which of them would be anybody's guess."""
        await crowd(box, 2)
        box.service.results = [taken(1)]

        with pytest.raises(Away):
            await Courier(box.agent, 10).deliver()

        assert await box.agent.store.waiting() == 2


class TestUnanswered:
    """A scan was stored, then the agent was killed before it had an answer."""

    async def lost(self, box: Box) -> None:
        raw = json.dumps(box.body(nonce="n1"))
        arrival = Arrival("n1", "", raw, "scan_1", None, Direction.OUT, box.agent.clock.now())
        await box.agent.store.add(arrival, box.agent.clock.remembered())

    async def test_is_left_to_its_reader_at_first(self, box: Box) -> None:
        """Who repeats it and gets a real answer; those behind it wait for that."""
        await self.lost(box)
        await box.scan(nonce="n2")

        await Courier(box.agent, 10).deliver()

        assert box.service.delivered == []

    async def test_then_told_as_what_it_was(self, box: Box) -> None:
        """Nobody got an answer, so nobody was let through."""
        await self.lost(box)
        await box.scan(nonce="n2")
        courier = Courier(box.agent, 10)
        await courier.deliver()
        box.hands.wait(seconds=10)

        await courier.deliver()
        await courier.deliver()

        decided = [(one["nonce"], one["decided"], one["reasons"]) for one in box.service.delivered[0]]
        assert decided == [("n1", "recheck", ["gate_interrupted"]), ("n2", "allow", [])]


class TestKeeping:
    async def test_delivered_ones_go_after_a_while(self, box: Box) -> None:
        """Fourteen days; what was refused stays, and numbers are never given twice."""
        box.service.answer = said()
        await box.scan(nonce="n1")
        box.service.answer = answer(422, {"code": "time_too_old"})
        await box.scan(nonce="n2")
        courier = Courier(box.agent, 10)

        box.hands.wait(days=14)
        await courier.clean(timedelta(days=14))
        kept = await box.agent.store.by_nonce("n1")
        box.hands.wait(minutes=1)
        await courier.clean(timedelta(days=14))

        assert kept
        assert await box.agent.store.by_nonce("n1") is None
        assert await box.agent.store.refused() == 1
        assert (await box.scan(nonce="n3")).answer != {}
        assert (await box.agent.store.by_nonce("n3")).sequence == 3  # type: ignore[union-attr]
