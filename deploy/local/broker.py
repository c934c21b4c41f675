"""A private RabbitMQ: the system's programs, run in a folder and on ports of our own."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import children, ports

USER = "tracker"
NODE = "tracker@127.0.0.1"
# The server itself, not the wrapper on PATH, which switches to the rabbitmq account.
SERVERS = (
    Path("/usr/lib/rabbitmq/bin/rabbitmq-server"),
    Path("/opt/rabbitmq/sbin/rabbitmq-server"),
    Path("/usr/local/sbin/rabbitmq-server"),
)
NOT_INSTALLED = (
    "RabbitMQ is not installed. Install it (sudo apt-get install rabbitmq-server; its system service is not"
    " needed and may be switched off), or set AMQP_URI to a broker that runs elsewhere."
)


class NotInstalled(children.CannotStart):
    """This computer has no RabbitMQ."""


@dataclass(frozen=True)
class Broker:
    """A broker and the port mapper its node registers with; the mapper starts first and stops last."""

    mapper: children.Child
    server: children.Child
    address: str

    def uri(self, virtual_host: str = "/") -> str:
        """Return the AMQP URI of one of its virtual hosts."""
        return f"{self.address}/{virtual_host}"


def server_path() -> Path:
    """Return the path of the RabbitMQ server.

    :raises NotInstalled: with what to do
    """
    for path in SERVERS:
        if path.exists():
            return path
    raise NotInstalled(NOT_INSTALLED)


def prepare(
    folder: Path,
    *,
    logs: Path,
    password: str,
    port: int | None = None,
    virtual_hosts: Sequence[str] = ("/",),
) -> Broker:
    """Write the settings of a broker that keeps its data in the folder, and return it, not yet started.

    :raises NotInstalled: with what to do
    """
    server = server_path()
    port = port or ports.free()
    epmd_port, distribution_port = ports.free(), ports.free()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _write_settings(folder, port=port, password=password, virtual_hosts=virtual_hosts)
    environment = _environment(folder, port=port, epmd_port=epmd_port, distribution_port=distribution_port)
    epmd = shutil.which("epmd") or "/usr/bin/epmd"
    mapper = children.Child(
        name="broker-names",
        command=[epmd, "-address", ports.LOOPBACK, "-port", str(epmd_port)],
        environment=environment,
        log=logs / "broker-names.log",
        ready=lambda: ports.wait_listening(epmd_port, seconds=0.1),
    )
    broker = children.Child(
        name="broker",
        command=[str(server)],
        environment=environment,
        log=logs / "broker.log",
        before_start=lambda: _wait_for_mapper(mapper),
        ready=lambda: answers(port),
    )
    return Broker(mapper, broker, f"amqp://{USER}:{password}@{ports.LOOPBACK}:{port}")


def answers(port: int) -> bool:
    """Say whether an AMQP broker answers on the port."""
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=1) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"  # A method frame: Connection.Start.
    except OSError:
        return False


def _wait_for_mapper(mapper: children.Child) -> None:
    """Without a mapper to register with, the node would start one that outlives it."""
    if not mapper.running:
        mapper.start()
    mapper.wait_ready(seconds=10)


def _write_settings(folder: Path, *, port: int, password: str, virtual_hosts: Sequence[str]) -> None:
    definitions = {
        "users": [{"name": USER, "password": password, "tags": "administrator"}],
        "vhosts": [{"name": name} for name in virtual_hosts],
        "permissions": [
            {"user": USER, "vhost": name, "configure": ".*", "write": ".*", "read": ".*"}
            for name in virtual_hosts
        ],
    }
    (folder / "definitions.json").write_text(json.dumps(definitions, indent=2))
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.default = {ports.LOOPBACK}:{port}\n"
        f"load_definitions = {folder / 'definitions.json'}\n"
        "log.file = false\n"
        "log.console = true\n"
    )
    for name in ("enabled_plugins", "advanced.config"):
        (folder / name).write_text("[].\n")
    (folder / "conf.d").mkdir(exist_ok=True)


def _environment(folder: Path, *, port: int, epmd_port: int, distribution_port: int) -> dict[str, str]:
    """Return the environment in which nothing of a system-wide broker is read or written."""
    return {
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": ports.LOOPBACK,
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_USE_LONGNAME": "true",  # A numeric host needs no name lookup, which a bare container lacks.
        "RABBITMQ_NODE_IP_ADDRESS": ports.LOOPBACK,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-such-file"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
        ),
        # Makes the script become the server instead of waiting beside it, so that signals reach the server.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
