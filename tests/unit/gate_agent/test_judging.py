"""How a gate without network decides."""

import json
from datetime import timedelta
from typing import Any

import pytest

from menshen.gate_agent import codes
from menshen.gate_agent.domain import ClockState, Earlier, Moment, Presence, judge
from menshen.gate_agent.offline import DataUnusable, knowledge_of
from menshen.secrets import generate
from shared.contracts.values import Direction, Site
from shared.security.keys import Signer, Verifier
from tests.unit.gate_agent.boxes import COMPOUND, GATE, NOON, SIGNER, data, stamp, token

HOUR = timedelta(hours=1)
TRUSTED = ClockState.TRUSTED


def decided(code: str, earlier: Earlier | None = None, **case: Any) -> tuple[str, ...]:
    """Decide and return the decision with its reasons; the offline data's fields are given as such."""
    temperature, site = case.pop("temperature", 36.5), case.pop("site", Site.EAR)
    direction, moment = case.pop("direction", Direction.OUT), case.pop("moment", Moment(NOON, TRUSTED, timedelta()))
    known = knowledge_of(json.dumps(data(**case)), GATE, NOON)
    shown = codes.read(code, Verifier(dict(known.keys)))
    presence = Presence(direction, temperature, site, shown, earlier or Earlier())
    verdict, _fever, _retest = judge(presence, moment, known)
    return verdict.decision.value, *verdict.reasons


def at(later: timedelta, clock: ClockState = TRUSTED) -> Moment:
    return Moment(NOON + later, clock, timedelta())


class TestPass:
    def test_a_good_one_lets_out_and_in(self) -> None:
        """The signature says so, the network need not."""
        assert decided(token()) == ("allow",)
        assert decided(token(), Earlier(out_at=NOON - HOUR), direction=Direction.IN) == ("allow",)

    @pytest.mark.parametrize(
        ("code", "moment", "reason"),
        [
            (token(exp=stamp(NOON)), at(timedelta()), "qr_expired"),
            (token(), at(timedelta(hours=2, seconds=1)), "window_over"),
            (token(), at(-HOUR - timedelta(minutes=16)), "window_not_open"),
            (token(aud="w.j.c02"), at(timedelta()), "wrong_compound"),
            ("no code", at(timedelta()), "qr_unreadable"),
            ("x" * 2049, at(timedelta()), "qr_unreadable"),
        ],
    )
    def test_a_bad_one_does_not(self, code: str, moment: Moment, reason: str) -> None:
        """By the service's own rules, at the trusted time."""
        assert decided(code, moment=moment) == ("deny", reason)

    def test_an_unknown_key_is_no_signature(self) -> None:
        """Withdrawn, forged, or newer than what is known here: never a silent pass."""
        stranger = Signer(generate()["MENSHEN_PASS_KEYS"])

        assert decided(token(signer=stranger)) == ("deny", "qr_signature")
        assert decided(token(), keys={"keys": []}) == ("deny", "qr_signature")

    def test_claims_that_lack_something_are_no_pass(self) -> None:
        """A token for another purpose, though signed with the key."""
        other = SIGNER.sign(json.dumps({"jti": "x", "sub": "y", "aud": COMPOUND}).encode())

        assert decided(other) == ("deny", "qr_signature")


class TestUse:
    def test_once_out_and_once_home(self) -> None:
        """What went through here does not go through here again."""
        gone = Earlier(out_at=NOON - HOUR)
        home = Earlier(out_at=NOON - HOUR, in_at=NOON)

        assert decided(token(), gone) == ("deny", "pass_already_used")
        assert decided(token(), home, direction=Direction.IN) == ("deny", "pass_already_used")

    def test_what_other_gates_told_counts(self) -> None:
        """By way of the service, as of the last look: out already, or over."""
        code = token("pass_1")

        assert decided(code, outside=["pass_1"]) == ("deny", "pass_already_used")
        assert decided(code, outside=["pass_1"], direction=Direction.IN) == ("allow",)
        assert decided(code, ended=["pass_1"], direction=Direction.IN) == ("deny", "pass_already_used")

    def test_revoked_unless_outside(self) -> None:
        """Everything of the holder made before the instant; but whoever is outside comes home."""
        revoked = [{"holder": "holder", "before": NOON.isoformat()}]
        code = token("pass_1")

        assert decided(code, revoked=revoked) == ("deny", "pass_revoked")
        assert decided(code, revoked=revoked, ended=["pass_1"]) == ("deny", "pass_revoked")
        assert decided(token(iat=stamp(NOON)), revoked=revoked) == ("allow",)
        assert decided(code, revoked=revoked, outside=["pass_1"], direction=Direction.IN) == ("allow",)

    def test_held_unless_exempt(self) -> None:
        """A fever at noon stops the pass of the morning; not the way to the doctor, nor the way home."""
        held = [{"holder": "holder", "kinds": ["fever_hold", "compound_sealed"]}]

        assert decided(token(), held=held) == ("deny", "compound_sealed", "fever_hold")
        assert decided(token(exm=True), held=held) == ("allow",)
        assert decided(token(), Earlier(out_at=NOON), held=held, direction=Direction.IN) == ("allow",)


class TestTemperature:
    def test_as_the_service_judges_it(self) -> None:
        """Too cold, to be measured again, and a fever where the ear is believed."""
        assert decided(token(), temperature=34.9) == ("recheck", "temperature_low")
        assert decided(token(), temperature=37.3, site=Site.WRIST) == ("recheck", "fever_retest")
        assert decided(token(), temperature=37.3) == ("deny", "fever_confirmed")
        assert decided(token(), temperature=37.3, threshold_c=37.5) == ("allow",)

    @pytest.mark.parametrize(("minutes", "reason"), [(10, "fever_confirmed"), (11, "fever_retest")])
    def test_a_retest_is_one_for_so_long(self, minutes: int, reason: str) -> None:
        """The setting's ten minutes."""
        measured = Earlier(unconfirmed_id="scan_1", unconfirmed_at=NOON - timedelta(minutes=minutes))

        assert decided(token(), measured, temperature=38.0, site=Site.FOREHEAD)[1] == reason

    def test_nobody_is_locked_out_of_their_home(self) -> None:
        """Unless the compound has said so."""
        out = Earlier(out_at=NOON)
        case = {"temperature": 38.0, "direction": Direction.IN}

        assert decided(token(), out, **case) == ("allow", "fever_confirmed", "isolate_at_home")
        assert decided(token(), out, **case, fever_locks_out=True) == ("deny", "fever_confirmed")


class TestLeftToTheGuard:
    def test_old_data(self) -> None:
        """Twelve hours and a second: who was revoked since nobody knows. The way to the doctor is no exception."""
        late = at(timedelta(hours=12, seconds=1))

        for code in (token(), token(exm=True), token(signer=Signer(generate()["MENSHEN_PASS_KEYS"]))):
            assert decided(code, moment=late) == ("recheck", "offline_data_old")

    def test_no_data(self) -> None:
        """A box that has never been online knows nothing."""
        shown = codes.read(token(), Verifier({}))
        presence = Presence(Direction.OUT, 36.5, Site.EAR, shown, Earlier())

        verdict, _, _ = judge(presence, Moment(NOON, TRUSTED, None), None)

        assert (verdict.decision, verdict.reasons) == ("recheck", ("offline_data_old",))

    def test_no_clock(self) -> None:
        """Then no pass can be told from an expired one."""
        assert decided(token(), moment=at(timedelta(), ClockState.UNKNOWN)) == ("recheck", "clock_unknown")

    def test_the_thermometer_needs_neither(self) -> None:
        """The guard who decides by hand is told of the fever."""
        unknown = at(timedelta(), ClockState.UNKNOWN)

        assert decided(token(), moment=unknown, temperature=38.0) == ("recheck", "clock_unknown", "fever_confirmed")
        assert decided(token(), moment=unknown, temperature=33.0) == ("recheck", "clock_unknown", "temperature_low")


class TestOfflineData:
    def test_is_good_for_as_long_as_it_says_from_the_fetch(self) -> None:
        """A look that finds nothing new confirms it: the same data, fresh again."""
        known = knowledge_of(json.dumps(data()), GATE, NOON + 6 * HOUR)

        assert known.fresh_until == NOON + 18 * HOUR

    @pytest.mark.parametrize(
        "raw",
        [
            "",
            "{}",
            "<html>",
            json.dumps(data(gate="gate_2")),
            json.dumps(data(held=[{"holder": "x", "kinds": ["a_new_kind"]}])),
            json.dumps(data(keys={"keys": [{"kty": "nonsense"}]})),
        ],
    )
    def test_what_is_not_understood_is_not_used(self, raw: str) -> None:
        """What was there before stays, and grows old where everybody sees it."""
        with pytest.raises(DataUnusable):
            knowledge_of(raw, GATE, NOON)
