"""What `menshen up` was asked for, checked, and the addresses that follow from it."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from typer import BadParameter

from menshen.ports import LOOPBACK, ServerPorts
from menshen.preflight import PortUse

SERVICES = ("identity", "gate", "health", "reports", "alerts", "gateway")
"""Every service, in the order of their private ports; the gateway alone has a port of its own choice."""

_SERVER_PORTS = len(fields(ServerPorts))
_MOST_WORKERS = 32


@dataclass(frozen=True, kw_only=True)
class Options:
    """The wishes for one district; those that cannot be met are refused here, by name."""

    data: Path
    host: str
    port: int
    base_port: int
    services: tuple[str, ...]
    workers: Mapping[str, int]
    mongo_url: str | None
    amqp_url: str | None
    demo: bool
    extra: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for the services besides the caller's own."""

    def __post_init__(self) -> None:
        last = self.base_port + _SERVER_PORTS + len(SERVICES) - 2
        if self.base_port <= self.port <= last:
            message = f"the gateway's port {self.port} lies among the private ports {self.base_port} to {last}"
            raise BadParameter(message, param_hint="--port")
        try:
            ipaddress.IPv4Address(self.host)
        except ValueError:
            raise BadParameter(f"{self.host!r} is not an IPv4 address", param_hint="--host") from None
        for option, url, scheme in (("--mongo-url", self.mongo_url, "mongodb"), ("--amqp-url", self.amqp_url, "amqp")):
            if url and not url.startswith((f"{scheme}://", f"{scheme}s://", f"{scheme}+srv://")):
                raise BadParameter(f"the address does not begin with {scheme}://", param_hint=option)

    @property
    def server_ports(self) -> ServerPorts:
        """The first of the private ports; the services' own follow."""
        return ServerPorts(*range(self.base_port, self.base_port + _SERVER_PORTS))

    @property
    def wanted_servers(self) -> frozenset[str]:
        """The servers that nobody else provides."""
        urls = {"rabbitmq": self.amqp_url, "mongod": self.mongo_url}
        return frozenset(name for name, url in urls.items() if not url)

    @property
    def gateway(self) -> str:
        """The address for clients."""
        return self.address("gateway")

    def place(self, service: str) -> tuple[str, int]:
        """Return the host and port that a service binds."""
        if service == "gateway":
            return self.host, self.port
        return LOOPBACK, self.base_port + _SERVER_PORTS + SERVICES.index(service)

    def address(self, service: str) -> str:
        """Where a service is reached from this machine, whether it is one of those to start or not."""
        host, port = self.place(service)
        return f"http://{LOOPBACK if host == '0.0.0.0' else host}:{port}"

    def port_uses(self) -> list[PortUse]:
        """List the ports of the services to start."""
        remedy = {"gateway": "choose another with --port or MENSHEN_GATEWAY_PORT"}
        private = "choose another range with --base-port or MENSHEN_BASE_PORT"
        places = {name: self.place(name) for name in self.services}
        return [PortUse(port, name, remedy.get(name, private), host) for name, (host, port) in places.items()]

    def service_urls(self) -> str:
        """Return the addresses of all services, as `Settings` reads them."""
        return json.dumps({name: self.address(name) for name in SERVICES})


def parse_services(text: str) -> tuple[str, ...]:
    """`gate,health` -> the named services, each once, in the house's order."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    if unknown := sorted(names - set(SERVICES)):
        message = f"{', '.join(unknown)}: no such service; there are {', '.join(SERVICES)}"
        raise BadParameter(message, param_hint="--services")
    if not names:
        raise BadParameter("name at least one service", param_hint="--services")
    return tuple(name for name in SERVICES if name in names)


def parse_workers(text: str, services: tuple[str, ...]) -> dict[str, int]:
    """`3` for every service, or `gate=3,alerts=2` and one for each of the others."""
    counts = dict.fromkeys(services, 1)
    for part in text.split(","):
        name, named, number = part.strip().rpartition("=")
        if not (number.isdecimal() and 1 <= int(number) <= _MOST_WORKERS):
            message = f"{part.strip()!r} is neither a number from 1 to {_MOST_WORKERS} nor such as gate=3"
            raise BadParameter(message, param_hint="--workers")
        if named and name not in services:
            raise BadParameter(f"{name!r} is not among the services to start", param_hint="--workers")
        counts |= {name: int(number)} if named else dict.fromkeys(services, int(number))
    return counts
