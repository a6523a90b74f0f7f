"""A device's account and what the broker should have of it, without a broker."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.identity.api.broker_door import BrokerDoor, Footing
from services.identity.api.doorkeeper import new_secret, secret_fits, secret_hash
from services.identity.api.provisioning import Provisioner
from services.identity.domain import Device
from shared.contracts.devices import decision_key, heartbeat_key, scan_key
from shared.contracts.values import DeviceKind
from shared.errors import DomainError
from shared.ids import new_id

NOW = datetime(2026, 2, 7, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DEVICE = Device(
    id="dev_01KGT0000000000000000000D1",
    version=1,
    kind=DeviceKind.READER,
    gate="gate_01KGT0000000000000000000G1",
    area="wannianbu.jindou.c01",
    label=None,
    active=True,
    created_at=NOW,
    tokens_not_before=NOW,
    secret_hash="old",
    provisioned=True,
)


class TestDevice:
    def test_a_new_secret_voids_tokens_and_waits_for_the_broker(self) -> None:
        """What the old one opened ends, everywhere; the broker has to be told."""
        rotated = DEVICE.rotated("new", LATER)

        assert (rotated.version, rotated.secret_hash, rotated.tokens_not_before) == (2, "new", LATER)
        assert DEVICE.provisioned
        assert not rotated.provisioned

    def test_a_revoked_one_gets_no_new_secret(self) -> None:
        """A stolen device does not come back by a slip; a new one is made instead."""
        revoked = DEVICE.revoked(LATER)

        assert (revoked.active, revoked.version, revoked.tokens_not_before) == (False, 2, LATER)
        with pytest.raises(DomainError, match="device_revoked"):
            revoked.rotated("new", LATER)

    def test_ids_fit_into_keys_and_topics(self) -> None:
        """A dot or a slash would make two words of one device."""
        assert re.fullmatch(r"dev_[0-9A-Z]{26}", new_id("dev"))


class TestSecret:
    def test_is_hashed_as_the_broker_does(self) -> None:
        """RabbitMQ's documented form: base64 of a salt of 4 bytes and SHA-256 of salt and password."""
        salt = bytes.fromhex("908dc60a")  # the worked example of RabbitMQ's documentation on passwords

        assert secret_hash("test12", salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"

    def test_fits_itself_alone(self) -> None:
        """Each hash has a salt of its own, and a secret as many bits as it can hold."""
        secret = new_secret()
        first, second = secret_hash(secret), secret_hash(secret)

        assert first != second
        assert secret_fits(secret, first)
        assert secret_fits(secret, second)
        assert not secret_fits(secret + "x", first)
        assert len(base64.urlsafe_b64decode(secret + "=")) == hashlib.sha256().digest_size


class TestFooting:
    def test_lets_a_device_write_its_two_keys_alone(self) -> None:
        """A point of the area's path is a point: not any letter, which another area might have there."""
        [(_vhost, exchange, write, read)] = Footing.of(DEVICE).topic_rights
        mine = [key(DEVICE.area, DEVICE.id) for key in (scan_key, heartbeat_key)]
        others = [
            scan_key("wannianbu.jindou.c02", DEVICE.id),
            scan_key("wannianbuxjindouxc01", DEVICE.id),
            scan_key(DEVICE.area, DEVICE.id + "x"),
            "x" + mine[0],
            mine[0] + ".x",
            decision_key(DEVICE.id),
        ]

        assert exchange == "menshen.devices"
        assert all(re.search(write, key) for key in mine)
        assert not any(re.search(write, key) for key in others)
        assert re.search(read, decision_key(DEVICE.id))
        assert not any(re.search(read, key) for key in (*mine, decision_key("dev_x"), "#", "gate.decisions.*"))

    def test_lets_a_device_into_its_own_queues_alone(self) -> None:
        """Nor to the default exchange, by which every queue can be reached."""
        [(vhost, configure, write, read)] = Footing.of(DEVICE).rights
        session, queue = f"mqtt-subscription-{DEVICE.id}qos1", f"menshen.device.{DEVICE.id}"
        others = ["amq.default", "menshen.events", "gate.devices", "menshen.device.dev_x", "xmenshen.devices", ""]

        assert vhost == "/"
        assert re.search(configure, session)
        assert not any(re.search(configure, name) for name in (*others, "menshen.devices", queue))
        assert all(re.search(write, name) for name in (session, "menshen.devices"))
        assert not any(re.search(write, name) for name in (*others, queue))
        assert all(re.search(read, name) for name in (session, "menshen.devices", queue))
        assert not any(re.search(read, name) for name in others)

    def test_more_rights_than_wanted_are_told_from_fewer(self) -> None:
        """Who has more must be cut; who is just being made must not."""
        wanted = Footing.of(DEVICE)
        more = frozenset([("/", ".*", ".*", ".*")])
        fewer = [
            Footing(),
            Footing(secret_hash="old"),
            replace(wanted, rights=frozenset()),
            replace(wanted, bound=False),
            wanted,
        ]
        greater = [
            replace(wanted, tags="administrator"),
            replace(wanted, rights=wanted.rights | more),
            replace(wanted, topic_rights=wanted.topic_rights | more),
            replace(wanted, topic_rights=frozenset()),
        ]

        assert not any(one.exceeds(wanted) for one in fewer)
        assert all(one.exceeds(wanted) for one in greater)


class TestDoor:
    def test_keeps_the_password_to_itself(self) -> None:
        """Whatever prints the door, or its URL, prints no password."""
        door = BrokerDoor("http://someone:a%40secret@broker:15672/")

        assert door.configured
        assert "secret" not in repr(door)
        assert not BrokerDoor(None).configured
        assert not BrokerDoor("").configured


class Slow:
    """A store of one device and a broker, where somebody else changes the device while the broker is being told."""

    def __init__(self, *meanwhile: Device | None) -> None:
        self.now: Device | None = DEVICE
        self.meanwhile = list(meanwhile)
        self.did: list[str] = []

    async def view(self, query: Callable[[Any], Awaitable[Any]]) -> Any:
        return await query(self)

    async def device(self, _id: str) -> Device | None:
        return self.now

    async def mark_provisioned(self, told: Device) -> bool:
        return self.now == told

    async def put(self, device: Device) -> None:
        self.did.append(f"put {device.version}")
        self._pass()

    async def remove(self, _id: str) -> None:
        self.did.append("remove")
        self._pass()

    def _pass(self) -> None:
        if self.meanwhile:
            self.now = self.meanwhile.pop(0)


class TestSettle:
    @pytest.mark.parametrize(
        ("meanwhile", "did"),
        [
            ([], ["put 1"]),
            ([DEVICE.rotated("new", LATER)], ["put 1", "put 2"]),
            ([DEVICE.revoked(LATER)], ["put 1", "remove"]),
            ([DEVICE.rotated("new", LATER), DEVICE.revoked(LATER)], ["put 1", "put 2", "remove"]),
            ([None], ["put 1", "remove"]),
        ],
    )
    async def test_the_last_word_is_the_stores(self, meanwhile: list[Device | None], did: list[str]) -> None:
        """A device revoked while its older state was being put would be left with a user for good."""
        slow: Any = Slow(*meanwhile)

        await Provisioner(slow, slow, asyncio.Event()).settle(DEVICE.id)

        assert slow.did == did
