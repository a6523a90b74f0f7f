"""The servers' ports, and questions to ask a port of this machine."""

import asyncio
import random
import socket
from dataclasses import dataclass, fields

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class ServerPorts:
    """Where the servers listen, all on the loopback interface."""

    epmd: int
    dist: int
    amqp: int
    mongo: int
    mqtt: int
    management: int

    @classmethod
    def free(cls) -> "ServerPorts":
        """Random free ports, below those that the kernel gives to outgoing connections: for tests."""
        candidates = (port for port in random.sample(range(20000, 32000), 1000) if is_free(port))
        return cls(*(next(candidates) for _ in fields(cls)))


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now; connections that a former one left behind do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


async def accepts(port: int) -> bool:
    """Whether a server listens there now, on the loopback interface."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True
