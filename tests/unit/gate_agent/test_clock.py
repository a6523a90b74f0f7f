"""What time it is at a gate."""

from datetime import timedelta

import pytest

from menshen.gate_agent.domain import ClockState, Remembered
from tests.unit.gate_agent.boxes import NOON, Hands

SECOND = timedelta(seconds=1)


@pytest.fixture
def hands() -> Hands:
    return Hands()


class TestTrusted:
    @pytest.mark.parametrize(
        "skew", [timedelta(minutes=10), timedelta(minutes=-10), timedelta(days=1), -timedelta(days=1)]
    )
    def test_the_server_is_believed(self, hands: Hands, skew: timedelta) -> None:
        """Whatever the clock on the wall shows; how far it is off is known, and said above a minute."""
        hands.skew = skew
        clock = hands.clock()

        clock.learn(NOON, hands.count(), exact=True)
        hands.wait(hours=3)

        now = clock.now()
        assert (now.at, now.clock, now.skew, now.skewed) == (hands.true, ClockState.TRUSTED, skew, True)

    def test_an_answer_is_half_its_way_old(self, hands: Hands) -> None:
        """The server wrote its time when the question had come, not when its answer came."""
        clock, asked = hands.clock(), hands.count()
        hands.wait(seconds=4)

        clock.learn(NOON, asked, exact=True)

        assert clock.now().at == NOON + 2 * SECOND

    def test_a_slow_answer_says_nothing(self, hands: Hands) -> None:
        """After 11 s it could be off by as much."""
        clock, asked = hands.clock(), hands.count()
        hands.wait(seconds=11)

        clock.learn(NOON, asked, exact=True)

        assert clock.now().clock is ClockState.UNVERIFIED

    def test_a_header_does_not_replace_an_exact_time(self, hands: Hands) -> None:
        """It is cut to seconds; good enough for want of a better one."""
        clock = hands.clock()
        clock.learn(NOON, hands.count(), exact=False)
        coarse = clock.now().at
        clock.learn(NOON, hands.count(), exact=True)
        clock.learn(NOON - SECOND, hands.count(), exact=False)

        assert (coarse, clock.now().at) == (NOON + SECOND / 2, NOON)

    def test_setting_the_clock_changes_nothing(self, hands: Hands) -> None:
        """Time goes on by the counter."""
        clock = hands.clock()
        clock.learn(NOON, hands.count(), exact=True)
        hands.wait(minutes=1)
        hands.skew = -timedelta(days=30)

        assert clock.now().at == NOON + timedelta(minutes=1)


class TestAfterARestart:
    def test_the_last_skew_counts_and_is_not_verified(self, hands: Hands) -> None:
        """The clock went on while the agent was down, as wrong as before."""
        hands.skew = timedelta(minutes=7)
        before = hands.clock()
        before.learn(NOON, hands.count(), exact=True)
        before.now()
        hands.wait(hours=1)

        now = hands.clock(before.remembered()).now()

        assert (now.at, now.clock) == (hands.true, ClockState.UNVERIFIED)
        assert now.skew == timedelta(minutes=7)

    def test_a_clock_set_back_is_no_clock(self, hands: Hands) -> None:
        """Earlier than the last thing written down: the battery is empty, and nobody knows the time."""
        remembered = Remembered(timedelta(), NOON)
        hands.skew = -timedelta(hours=1)

        clock = hands.clock(remembered)

        assert clock.now().clock is ClockState.UNKNOWN

    def test_unknown_stays_so_until_the_server_tells(self, hands: Hands) -> None:
        """Also when the wrong clock has come past the last thing written down, and over a second restart."""
        hands.skew = -timedelta(minutes=5)
        clock = hands.clock(Remembered(timedelta(), NOON))
        clock.now()
        hands.wait(hours=1)

        again = hands.clock(clock.remembered())

        assert clock.now().clock is again.now().clock is ClockState.UNKNOWN
        again.learn(hands.true, hands.count(), exact=True)
        assert again.now().clock is ClockState.TRUSTED
        assert not again.remembered().jumped

    def test_a_clock_corrected_while_trusted_is_no_jump(self, hands: Hands) -> None:
        """It was a day ahead, somebody put it right with the server's time known: after a restart it is fine."""
        hands.skew = timedelta(days=1)
        clock = hands.clock()
        clock.learn(NOON, hands.count(), exact=True)
        clock.now()
        hands.skew = timedelta()
        hands.wait(minutes=1)
        clock.now()

        assert hands.clock(clock.remembered()).now().clock is ClockState.UNVERIFIED

    @pytest.mark.parametrize("jump", [timedelta(hours=2), -timedelta(hours=2)])
    def test_a_jump_while_running_is_noticed(self, hands: Hands, jump: timedelta) -> None:
        """Forwards too: the counter did not go that far."""
        clock = hands.clock(Remembered(timedelta(), NOON - timedelta(hours=3)))
        assert clock.now().clock is ClockState.UNVERIFIED
        hands.skew = jump

        assert clock.now().clock is ClockState.UNKNOWN
