"""The deployment, as far as it can be held to without an engine: schema, linter, and what must be true of both."""

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from pydantic_settings import BaseSettings

from menshen import secrets
from menshen.rabbitmq import PLUGINS
from shared.contracts.devices import DEVICES_EXCHANGE

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "docker-compose.yml"
SERVERS = {"rabbitmq", "mongo"}
SERVICES = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
OURS = SERVICES | {"migrate"}
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return parsed


def parts() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = compose()["services"]
    return services


def run(*argv: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / argv[0]), *argv[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestCompose:
    def test_follows_the_specification(self) -> None:
        """The schema is that of compose-spec itself, as the checker ships it."""
        run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))

    def test_has_every_service(self) -> None:
        """A service that is not deployed is not there."""
        assert set(parts()) == SERVICES | SERVERS | {"migrate"}
        for name in SERVICES:
            assert parts()[name]["command"] == ["python", "-m", f"services.{name}"]

    def test_opens_two_doors(self) -> None:
        """One for people, one for devices; a service's own port, or RabbitMQ's management, would be a way around."""
        doors = {name: part["ports"] for name, part in parts().items() if "ports" in part or part.get("network_mode")}

        assert set(doors) == {"gateway", "rabbitmq"}
        assert [one.rpartition(":")[2] for one in doors["rabbitmq"]] == ["5672", "1883"]
        assert all("127.0.0.1" in one for ports in doors.values() for one in ports)
        assert {name for name, part in parts().items() if "devices" in part["networks"]} == {"rabbitmq"}
        assert compose()["networks"]["inside"] == {"internal": True}
        assert {name for name, part in parts().items() if "outside" in part["networks"]} == {
            "gateway",
            "identity",
            "alerts",
        }

    def test_starts_in_order(self) -> None:
        """Indexes and queues before anything that uses them, servers before these."""
        for name in SERVICES:
            assert parts()[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert set(parts()["migrate"]["depends_on"]) == SERVERS
        for name in SERVERS:
            assert parts()[name]["healthcheck"]["test"]
            assert parts()["migrate"]["depends_on"][name] == {"condition": "service_healthy"}

    @pytest.mark.parametrize("name", sorted(OURS | SERVERS))
    def test_contains_each_part(self, name: str) -> None:
        """Who breaks into one part finds no rights to go on with."""
        part = parts()[name]

        assert part["cap_drop"] == ["ALL"]
        assert part["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in part
        assert part.get("read_only") or name in SERVERS
        assert "user" in part or name in OURS

    def test_lets_devices_meet_where_the_gate_listens(self) -> None:
        """MQTT's own default exchange would take every scan and nobody would ever answer."""
        plugins, devices = (DEPLOY / one["file"] for one in compose()["configs"].values())

        assert all(one in plugins.read_text() for one in PLUGINS)
        assert f"mqtt.exchange = {DEVICES_EXCHANGE}" in devices.read_text()

    def test_keeps_the_data(self) -> None:
        """What the servers hold outlives their containers."""
        volumes = compose()["volumes"]
        for name in SERVERS:
            assert parts()[name]["volumes"]
            assert {one.split(":")[0] for one in parts()[name]["volumes"]} <= set(volumes)

    def test_gives_each_service_what_it_asks_for(self) -> None:
        """A secret that is missing stops the start; one too many is one more to lose."""
        for name in SERVICES:
            asked, offered = settings_of(name), set(parts()[name]["environment"])
            needed = {f"MENSHEN_{field.upper()}" for field, one in asked.model_fields.items() if one.is_required()}
            known = {f"MENSHEN_{field.upper()}" for field in asked.model_fields}

            assert needed <= offered <= known


class TestSecrets:
    def test_have_no_default(self) -> None:
        """A deployment without its own secrets must not start. What has a default is no secret."""
        found = {match["name"]: match["rest"] for match in VARIABLE.finditer(COMPOSE.read_text())}
        optional = {name for name, rest in found.items() if not rest.startswith(":?")}

        assert optional == {
            "MENSHEN_PUBLISH",
            "MENSHEN_TRUSTED_PROXIES",
            "MENSHEN_DEVICES_AMQP",
            "MENSHEN_DEVICES_MQTT",
        }

    def test_are_explained_and_not_given(self) -> None:
        """The example names every variable and fills in none that matters."""
        text = (DEPLOY / ".env.example").read_text()
        used = {match["name"]: match["rest"] for match in VARIABLE.finditer(COMPOSE.read_text())}
        named = set(re.findall(r"^#?(MENSHEN_\w+)=", text, re.MULTILINE))
        values = dotenv_values(stream=io.StringIO(text))

        assert named == set(used)
        assert {name for name, rest in used.items() if rest.startswith(":?")} == set(values)
        assert not any(values.values())

    def test_survive_the_way_through_the_file(self) -> None:
        """What `menshen keygen` prints can be pasted as it is, quotes and braces and all."""
        made = secrets.generate()
        pasted = "\n".join(f"{name}={value}" for name, value in made.items())

        assert dotenv_values(stream=io.StringIO(pasted)) == made
        assert set(made) <= {match["name"] for match in VARIABLE.finditer(COMPOSE.read_text())}
        assert not any(sign in value for value in made.values() for sign in "$'\\#")

    def test_stay_out_of_the_image(self) -> None:
        """An image is pushed and shared; what is not listed does not get into it."""
        listed = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()

        assert listed[1] == "*"
        assert [line for line in listed if line.startswith("!")] == [
            "!requirements.txt",
            "!shared",
            "!services",
            "!menshen",
            "!package.json",
            "!package-lock.json",
            "!.npmrc",
            "!deploy/node.txt",
            "!deploy/assets.sh",
        ]


class TestImage:
    def test_passes_the_linter(self) -> None:
        """Hadolint knows the mistakes that others have made."""
        run("hadolint", str(DEPLOY / "Dockerfile"))

    def test_runs_as_nobody_in_particular(self) -> None:
        """Neither root nor a user with a shell."""
        stages = (DEPLOY / "Dockerfile").read_text().split("FROM ")[1:]

        assert len(stages) == 3
        assert "\nUSER 10001:10001\n" in stages[-1]
        assert all("--require-hashes" in stage for stage in stages[:-1])
        assert "/readyz" in stages[-1].split("HEALTHCHECK")[1]

    def test_copies_what_exists(self) -> None:
        """A renamed folder breaks the build here and not on the day of a release."""
        for line in (DEPLOY / "Dockerfile").read_text().splitlines():
            if line.startswith("COPY ") and "--from" not in line:
                for source in line.split()[1:-1]:
                    assert (ROOT / source).exists(), line


def settings_of(name: str) -> type[BaseSettings]:
    """Find a service's settings class without starting anything."""
    import importlib  # noqa: PLC0415

    module = importlib.import_module(f"services.{name}.main")
    found: type[BaseSettings] = module.GatewaySettings if name == "gateway" else module.service.settings
    return found
