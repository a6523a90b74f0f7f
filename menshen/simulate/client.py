"""Talks to the gateway as any client would, until it knows what became of a request.

Three outcomes: accepted, refused, and unknown. What is unknown is sent again, under the same Idempotency-Key, nonce or
meaning, until it is known or the patience ends. An answer 429 is waited out as it asks for.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import stamina

from menshen.simulate.ledger import Entry, Ledger, Outcome, Stopwatch

PATIENCE = 90.0
"""Seconds after which an unknown outcome is left unknown."""
AT_ONCE = 48
"""Requests under way at the same time: more only wait inside the services of this machine."""


class Unknown(Exception):
    """No answer, or one that does not tell whether the request was taken."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 means that the outcome is unknown."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether the request was taken."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body.get("code", self.status)) if isinstance(self.body, dict) else str(self.status)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request of a kind. `made` finds in the answer the id of what was made; without it nothing is written down."""

    kind: str
    method: str
    path: str
    token: str | None = None
    json: Any = None
    form: Callable[[], aiohttp.FormData] | None = None
    key: str | None = None
    """Its Idempotency-Key."""
    nonce: str = ""
    """What else makes its repetitions one."""
    made: Callable[[Any], str | None] | None = None
    more: Callable[[Any], Mapping[str, Any]] = lambda _body: {}
    fine: frozenset[int] = frozenset()
    """Statuses besides 2xx that mean the same: it is there."""
    via: str = "http"


@dataclass
class Client:
    """Sends requests and writes down what became of them."""

    gateway: str
    http: aiohttp.ClientSession
    ledger: Ledger
    stopwatch: Stopwatch
    patience: float = PATIENCE
    gone: int = 0
    """Requests under way."""
    queued: float = 0.0
    """How long the latest request waited before it could be sent: the simulation itself cannot keep up."""
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, request: Request) -> Answer:
        """Send a request until its outcome is known; status 0 when patience ended before."""
        trace = secrets.token_hex(16)
        headers = {"Accept-Language": "en", "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        if request.key:
            headers["Idempotency-Key"] = request.key
        wanted = time.monotonic()
        async with self._slots:
            self.gone += 1
            began = time.monotonic()
            self.queued = began - wanted
            try:
                answer, tries = await self._insist(request, headers)
            finally:
                self.gone -= 1
        if answer.status:
            self.stopwatch.note(request.kind, request.via, time.monotonic() - began)
        self._note(request, answer, trace, tries)
        return answer

    async def _insist(self, request: Request, headers: dict[str, str]) -> tuple[Answer, int]:
        tries = 0
        try:
            async for attempt in stamina.retry_context(
                on=_pause, attempts=None, timeout=self.patience, wait_initial=0.1, wait_max=2.0, wait_jitter=0.1
            ):
                with attempt:
                    tries = attempt.num
                    return await self._once(request, headers), tries
        except Unknown:
            pass
        return Answer(0, {}), tries

    async def _once(self, request: Request, headers: dict[str, str]) -> Answer:
        data = request.form() if request.form else None
        try:
            async with self.http.request(
                request.method, self.gateway + request.path, json=request.json, data=data, headers=headers
            ) as answer:
                is_json = "json" in answer.content_type
                body = await answer.json() if is_json else await answer.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.ledger.retried(request.kind, type(error).__name__)
            raise Unknown(type(error).__name__) from error
        wait = answer.headers.get("Retry-After", "")
        code = str(body.get("code", "")) if isinstance(body, dict) else ""
        if answer.status >= 500 or answer.status == 429 or code == "request_in_progress":
            self.ledger.retried(request.kind, code or str(answer.status))
            # A service that asks for patience is believed when it is the caller's rate that it means.
            raise Unknown(code, float(wait) if answer.status == 429 and wait.isdecimal() else None)
        return Answer(answer.status, body)

    def _note(self, request: Request, answer: Answer, trace: str, tries: int) -> None:
        taken = answer.ok or answer.status in request.fine
        outcome = Outcome.ACCEPTED if taken else Outcome.REFUSED if answer.status else Outcome.UNKNOWN
        if request.made is None and outcome is Outcome.ACCEPTED:
            return
        self.ledger.note(
            Entry(
                kind=request.kind,
                outcome=outcome,
                via=request.via,
                key=request.key or request.nonce,
                id=request.made(answer.body) if request.made and answer.ok else None,
                trace=trace if answer.ok else None,
                code=None if taken else answer.code if answer.status else "unknown",
                tries=tries,
                more=request.more(answer.body) if answer.ok else {},
            )
        )


def _pause(error: Exception) -> bool | float:
    if not isinstance(error, Unknown):
        return False
    return error.wait if error.wait is not None else True


def by_id(body: Any) -> str | None:
    """Find the id of what an answer tells of."""
    return str(body["id"])
