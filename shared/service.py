"""What a service is made of, and how it lives: opened, ready, served, drained, closed.

Each service's `main.py` states its parts in one `Service`; this module runs them.
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
import uvicorn
from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from fastapi import APIRouter, FastAPI
from prometheus_client import make_asgi_app
from pymongo import IndexModel
from starlette.types import ASGIApp

from shared import logging as logs
from shared import work as unit_of_work
from shared.clock import Clock, utc_now
from shared.contracts.identity import AccountChanged
from shared.errors import DomainError, Kind
from shared.messaging.consumer import Consumer, waiting_rooms
from shared.messaging.outbox import Relay
from shared.messaging.publisher import close_quietly, connect
from shared.messaging.topology import Subscription, declare_events, declare_subscription
from shared.mongo import Mongo, Store
from shared.security.jwks import TokenKeys
from shared.security.standing import ACCOUNTS, Standing, keep_standing
from shared.settings import ProcessSettings, Settings
from shared.web import problems
from shared.web.middleware import MAX_BODY, Envelope
from shared.work import Work

SWITCH_SECONDS = 0.0005
"""The database driver's threads wait for the interpreter this long while it computes, at every answer; 5 ms would be
ten times an answer's own time."""

S = TypeVar("S", bound=Store)
log = structlog.get_logger()


@dataclass(frozen=True)
class Service(Generic[S]):
    """The parts of a service. `jobs` run beside it for as long as it lives; `parts` makes what its routes need.

    `declare` makes the queues that the service has besides its subscriptions.
    """

    name: str
    store: type[S]
    subscriptions: Sequence[Subscription[Any, S]]
    routers: Sequence[APIRouter]
    settings: type[Settings] = Settings
    parts: Callable[[Any], dict[str, Any]] = lambda _settings: {}
    jobs: Sequence[Callable[["Runtime"], Awaitable[None]]] = ()
    declare: Callable[[AbstractChannel], Awaitable[object]] | None = None
    max_body: int = MAX_BODY

    @property
    def all_subscriptions(self) -> list[Subscription[Any, Any]]:
        """The service's own subscriptions, and the one that every service has."""
        standing = Subscription(f"{self.name}.account_changed", AccountChanged, keep_standing)
        return [*self.subscriptions, standing]

    @property
    def indexes(self) -> Mapping[str, Sequence[IndexModel]]:
        """Every collection of the service's database, with its indexes."""
        return {**unit_of_work.INDEXES, ACCOUNTS: [], **self.store.INDEXES}


class Runtime:
    """One process of a service at work: what routes and jobs reach through `app.state.runtime`."""

    def __init__(self, service: Service[Any], settings: Settings, clock: Clock = utc_now) -> None:
        self.service = service
        self.settings = settings
        self.clock = clock
        self.mongo = Mongo(settings.mongo_url.get_secret_value(), settings.db_prefix + service.name)
        self.work: Work[Any] = Work(self.mongo, service.store, clock)
        self.token_keys = TokenKeys(self.mongo, settings.service_urls.get("identity", "http://127.0.0.1:1"))
        self.standing = Standing(self.mongo)
        self.parts = service.parts(settings)
        self.stopping = asyncio.Event()
        """Set when the process is asked to end; long answers such as live streams finish then."""
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: list[AbstractRobustConnection] = []
        self._consumers: list[Consumer] = []
        self._relay: Relay | None = None
        self._messaging = asyncio.Event()

    async def start(self) -> None:
        """Begin everything; what needs the broker begins when it is there, and requests are answered meanwhile."""
        for name, job in {
            "keys": self.token_keys.run(),
            "messaging": self._start_messaging(),
            **{job.__name__: job(self) for job in self.service.jobs},
        }.items():
            self._supervise(name, job)

    async def stop(self) -> None:
        """Take no more events, finish those in hand, give the lease back, close."""
        self.stopping.set()
        for consumer in self._consumers:
            await consumer.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._relay:
            await self._relay.release()
        for connection in self._connections:
            await close_quietly(connection)
        self.mongo.close()

    async def require_ready(self) -> None:
        """Raise UNAVAILABLE unless the database answers, callers can be told apart and the queues are being read."""
        await self.mongo.ping()
        if (
            not self.token_keys.has_keys
            or not self._messaging.is_set()
            or any(not one.connected.is_set() for one in self._connections)
        ):
            raise DomainError(Kind.UNAVAILABLE, "unavailable", retry_after=1)

    async def _start_messaging(self) -> None:
        url = self.settings.amqp_url.get_secret_value()
        # Two connections: an alarm of the broker blocks the publishing one, and must not block the other's acks.
        publishing = await connect(url, f"{self.service.name}-out")
        consuming = await connect(url, f"{self.service.name}-in")
        self._connections = [publishing, consuming]
        await publishing.connected.wait()
        channel = await publishing.channel(on_return_raises=True)
        self._relay = Relay(self.work, await declare_events(channel), self.settings.relay_sweep)
        delays = await waiting_rooms(publishing, self.settings.retry_delays)
        await consuming.connected.wait()
        for subscription in self.service.all_subscriptions:
            consumer = Consumer(subscription, self.work, delays)
            await consumer.start(consuming)
            self._consumers.append(consumer)
            self._supervise(subscription.queue, consumer.run())
        self._supervise("relay", self._relay.run())
        self._messaging.set()

    def _supervise(self, name: str, job: Awaitable[None]) -> None:
        async def watched() -> None:
            try:
                await job
            except Exception:
                # A service whose background work died is worse than one that is restarted.
                log.exception("job_died", job=name)
                signal.raise_signal(signal.SIGTERM)

        self._tasks.append(asyncio.create_task(watched(), name=name))


def create_app(service: Service[Any], settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """Make the service's app; its lifespan starts and stops everything else."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = Runtime(service, settings, clock)
        app.state.runtime = runtime
        await runtime.start()
        yield
        await runtime.stop()

    app = FastAPI(
        title=f"Menshen {service.name}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.add_middleware(Envelope, max_body=service.max_body)
    app.mount("/metrics", make_asgi_app())

    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> dict[str, str | int]:
        await app.state.runtime.require_ready()
        return {"status": "ready", "worker": settings.worker}

    for router in service.routers:
        app.include_router(router)
    return app


async def migrate(service: Service[Any], settings: Settings) -> None:
    """Make the service's indexes and queues before anything runs."""
    mongo = Mongo(settings.mongo_url.get_secret_value(), settings.db_prefix + service.name)
    await mongo.require_replica_set()
    await mongo.ensure_indexes(service.indexes)
    mongo.close()
    connection = await connect(settings.amqp_url.get_secret_value(), "migrate")
    await connection.connected.wait()
    channel = await connection.channel()
    exchange = await declare_events(channel)
    for subscription in service.all_subscriptions:
        await declare_subscription(channel, exchange, subscription)
    if service.declare:
        await service.declare(channel)
    await close_quietly(connection)


class Server(uvicorn.Server):
    """uvicorn, telling long answers to end before it waits for them."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin the graceful stop."""
        self._stopping()
        super().handle_exit(sig, frame)


def run(app: ASGIApp, settings: ProcessSettings, stopping: Callable[[], None], **options: Any) -> None:
    """Serve an app until the process is told to stop. Several processes may share the port; options are uvicorn's."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, **options)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((settings.host, settings.port))
    sys.setswitchinterval(SWITCH_SECONDS)
    # What is there now stays: a collection that looked through all of it again would stop everybody for 60 ms.
    gc.collect()
    gc.freeze()
    log.info("process_starts", worker=settings.worker, port=settings.port)
    with suppress(KeyboardInterrupt):
        Server(config, stopping).run(sockets=[listener])


def serve(service: Service[Any]) -> None:
    """Run one process of a service until it is told to stop."""
    settings = service.settings()
    logs.configure(service.name, settings.log_level)
    app = create_app(service, settings)

    def stopping() -> None:
        if hasattr(app.state, "runtime"):
            app.state.runtime.stopping.set()

    run(app, settings, stopping, timeout_graceful_shutdown=5, timeout_keep_alive=75)
