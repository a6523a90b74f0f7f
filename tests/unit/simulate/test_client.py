"""A request's three outcomes, against a server that answers as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from menshen.simulate.client import Client, Request, by_id
from menshen.simulate.ledger import Ledger, Outcome, Stopwatch


class Server:
    """Gives the answers of a list, the last one for ever: a status, or None to hang up."""

    def __init__(self, *answers: int | None) -> None:
        self._answers = list(answers)
        self.keys: list[str | None] = []
        self.traces: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        self.traces.append(request.headers["traceparent"][3:35])
        status = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if status is None:
            assert request.transport
            request.transport.abort()
            raise ConnectionResetError
        body = {"id": "thing_1"} if status < 300 else {"code": f"code_{status}"}
        return web.json_response(body, status=status, headers={"Retry-After": "1"} if status == 429 else {})


@asynccontextmanager
async def talking_to(server: Server, patience: float = 10) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_post("/things", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession() as http:
            with Ledger() as ledger:
                yield Client(f"http://127.0.0.1:{port}", http, ledger, Stopwatch(), patience)
    finally:
        await runner.cleanup()


THING = Request(kind="thing", method="POST", path="/things", key="k1", json={}, made=by_id)


def entries(client: Client) -> list[tuple]:
    return client.ledger.connection.execute("SELECT outcome, id, code, tries, trace FROM entries").fetchall()


class TestOutcomes:
    async def test_what_is_unknown_is_sent_again_until_it_is_known(self) -> None:
        """The same key and the same trace each time: to the district it is one request."""
        server = Server(None, 503, 201)
        async with talking_to(server) as client:
            answer = await client.ask(THING)
            found = entries(client)

        assert answer.ok
        assert server.keys == ["k1"] * 3
        assert found == [("accepted", "thing_1", None, 3, server.traces[0])]
        assert len(set(server.traces)) == 1

    async def test_a_refusal_is_an_answer(self) -> None:
        """It is written down with its code, and not sent again."""
        server = Server(409)
        async with talking_to(server) as client:
            await client.ask(THING)
            found = entries(client)

        assert found == [("refused", None, "code_409", 1, None)]
        assert len(server.keys) == 1

    async def test_what_stays_unknown_is_written_down_as_that(self) -> None:
        """Never as refused: it may have happened."""
        async with talking_to(Server(None), patience=0.5) as client:
            answer = await client.ask(THING)

            assert answer.status == 0
            assert client.ledger.count("thing", Outcome.UNKNOWN) == 1

    async def test_too_many_waits_as_asked(self) -> None:
        """A district that says 429 is given the time it names."""
        async with talking_to(Server(429, 201)) as client:
            await client.ask(THING)
            taken = client.stopwatch.table()[0]["most_ms"]

        assert taken == pytest.approx(1000, abs=700)
        assert taken >= 1000
