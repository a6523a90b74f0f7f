"""RabbitMQ, and the port mapper it needs, as child processes.

The script is the one below /usr/lib: Debian's wrappers in /usr/sbin change the user and the directory.
"""

import json
import os
import secrets
import shutil
from functools import partial
from pathlib import Path

from menshen.ports import LOOPBACK, ServerPorts, accepts
from menshen.secrets import write_private
from menshen.supervisor import CannotStart, Child

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
USER = "menshen"
PROVISIONER = "menshen-provisioner"
"""Makes and removes the devices' users through the management API; identity alone knows its password."""
PLUGINS = ("rabbitmq_management", "rabbitmq_mqtt")
"""What devices need: MQTT to come in, and the management API by which their users are made."""


def check_installed() -> None:
    """Refuse a machine without RabbitMQ."""
    if not (shutil.which(SERVER) and shutil.which("epmd")):
        raise CannotStart("RabbitMQ is not installed; run `make setup`, or name another with --amqp-url or AMQP_URL")


def url(folder: Path, ports: ServerPorts) -> str:
    """Return where RabbitMQ is and who may enter; the first call makes the password."""
    return f"amqp://{USER}:{_passwords(folder / 'rabbitmq')[USER]}@{LOOPBACK}:{ports.amqp}/"


def api_url(folder: Path, ports: ServerPorts) -> str:
    """Return where the management API is and who may make users there."""
    return f"http://{PROVISIONER}:{_passwords(folder / 'rabbitmq')[PROVISIONER]}@{LOOPBACK}:{ports.management}"


def children(folder: Path, ports: ServerPorts, plugins: tuple[str, ...]) -> tuple[Child, Child]:
    """Write the files that RabbitMQ reads; return Erlang's port mapper and RabbitMQ, to be started in this order."""
    _write_files(folder / "rabbitmq", ports, plugins)
    env = _environment(folder / "rabbitmq", ports)
    epmd = Child(
        name="epmd",
        argv=("epmd", "-port", str(ports.epmd), "-address", LOOPBACK),
        env=env,
        log=folder / "logs" / "epmd.log",
        grace=2,
        ready=partial(accepts, ports.epmd),
    )
    broker = Child(
        name="rabbitmq",
        argv=(SERVER,),
        env=env,
        log=folder / "logs" / "rabbitmq.log",
        grace=20,  # with the management plugin a clean stop takes 7 s
        ready=partial(accepts, ports.amqp),  # the last thing that RabbitMQ opens
    )
    return epmd, broker


def _passwords(folder: Path) -> dict[str, str]:
    """Return the passwords of our two users, as RabbitMQ is told them at its start; what is missing is made."""
    path = folder / "definitions.json"
    kept = json.loads(path.read_text()) if path.exists() else {"users": []}
    passwords = {user["name"]: str(user["password"]) for user in kept["users"]}
    complete = {name: passwords.get(name) or secrets.token_urlsafe(24) for name in (USER, PROVISIONER)}
    definitions = _definitions(complete)
    if definitions != kept:
        folder.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(definitions, indent=2))
    return complete


def _definitions(passwords: dict[str, str]) -> dict[str, object]:
    # Users that come with the definitions keep RabbitMQ from making its own guest/guest.
    devices = r"^(menshen\.device(s|\..*)|mqtt-subscription-dev_.*)$"
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    queues_of_devices = {"configure": devices, "write": devices, "read": devices}
    return {
        "users": [
            {"name": USER, "password": passwords[USER], "tags": ""},
            {"name": PROVISIONER, "password": passwords[PROVISIONER], "tags": "administrator"},
        ],
        "vhosts": [{"name": "/"}],
        "permissions": [
            {"user": USER, "vhost": "/", **everything},
            {"user": PROVISIONER, "vhost": "/", **queues_of_devices},
        ],
    }


def _write_files(folder: Path, ports: ServerPorts, plugins: tuple[str, ...]) -> None:
    _passwords(folder)
    (folder / "home").mkdir(exist_ok=True)
    (folder / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")
    settings = [
        f"listeners.tcp.1 = {LOOPBACK}:{ports.amqp}",
        # Relative to the logs, where it runs: a path in this file must be Latin-1, and folders have Chinese names.
        "load_definitions = ../rabbitmq/definitions.json",
        "log.console = true",
        "log.file = false",
        "disk_free_limit.absolute = 500MB",
        "vm_memory_high_watermark.absolute = 1GiB",
    ]
    if "rabbitmq_mqtt" in plugins:
        settings += [
            f"mqtt.listeners.tcp.1 = {LOOPBACK}:{ports.mqtt}",
            "mqtt.allow_anonymous = false",
            "mqtt.exchange = menshen.devices",  # both ways in meet there
            "log.exchange = true",  # what the broker refuses a device is told to identity
            "log.exchange.level = error",
        ]
    if "rabbitmq_management" in plugins:
        settings += [f"management.tcp.ip = {LOOPBACK}", f"management.tcp.port = {ports.management}"]
    (folder / "rabbitmq.conf").write_text("\n".join(settings) + "\n")


def _environment(folder: Path, ports: ServerPorts) -> dict[str, str]:
    """Return the caller's environment without Erlang settings of his own, and with ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
    return inherited | {
        "HOME": f"{folder}/home",  # where the Erlang cookie is made: one of our own
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_FLAGS": "-start_epmd false",  # else RabbitMQ starts one itself while ours is down, and leaves it behind
        "RABBITMQ_NODENAME": "menshen@localhost",  # its data is named after it, so no host name that may change
        "RABBITMQ_NODE_PORT": str(ports.amqp),
        "RABBITMQ_DIST_PORT": str(ports.dist),
        "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
        "RABBITMQ_LOG_BASE": f"{folder}/log",
        "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
        "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
        "RABBITMQ_PID_FILE": f"{folder}/rabbitmq.pid",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RUNNING_UNDER_SYSTEMD": "true",  # the script then execs the virtual machine: no shell in between
    }
