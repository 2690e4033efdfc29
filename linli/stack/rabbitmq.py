"""A private RabbitMQ of the machine's own package: its own node, ports, data and name service.

It listens on 127.0.0.1 alone and has one login, made at its first start. The packaged service of the
machine, if it runs, is left alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pika
from pika.exceptions import AMQPError

from linli.failures import Failure
from linli.stack import children
from linli.stack.state import State, is_free

HOW_TO_GET_ONE = "please install RabbitMQ 3.10 or newer (Debian and Ubuntu: apt install rabbitmq-server)"

_SCRIPTS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/local/lib/rabbitmq/bin",
    "/opt/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
)
_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
default_user = linli
default_pass = {password}
default_vhost = /
loopback_users.linli = true
disk_free_limit.absolute = 100MB
vm_memory_high_watermark.relative = 0.4
raft.wal_max_size_bytes = 64000000
log.file.level = warning
log.console = false
"""
# The machine has other things to do: idle schedulers sleep instead of spinning, and there are few of them,
# since what a small machine's wake each other up for costs it more than they do side by side.
_SCHEDULERS = max(1, (os.cpu_count() or 1) // 4)
_ERLANG = (
    f"+S {_SCHEDULERS}:{_SCHEDULERS} +sbwt none +sbwtdcpu none +sbwtdio none"
    " -kernel inet_dist_use_interface {127,0,0,1}"
)


def scripts() -> Path | None:
    """The folder of RabbitMQ's own scripts, not the wrappers that change the user."""
    for folder in _SCRIPTS:
        if os.access(f"{folder}/rabbitmq-server", os.X_OK):
            return Path(folder)
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve().parent if found else None


class PrivateRabbit:
    """A RabbitMQ of our own whose data and ports are kept in ``state``."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._folder = state.folder / "rabbitmq"
        self._mark = state.folder / "rabbitmq.pid"
        self._names_mark = state.folder / "epmd.pid"
        self._log = state.logs / "rabbitmq.log"
        self.port = 0

    def start(self) -> None:
        """Start it, or find it running from before; returns when it takes connections."""
        folder = scripts()
        if folder is None:
            raise Failure(f"There is no RabbitMQ on this machine: {HOW_TO_GET_ONE}.")
        if children.marked(self._mark) is not None:
            self.port = self._state.last_port("rabbitmq") or 0
            if self._answers():
                return
            self.stop()
        self._folder.mkdir(exist_ok=True)
        self.port = self._state.port("rabbitmq")
        configuration = self._folder / "rabbitmq.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(_CONFIGURATION.format(port=self.port, password=self._password))
        (self._folder / "enabled_plugins").write_text("[].\n")
        environment = self._environment()
        self._start_names(environment)
        process = children.launch(
            [str(folder / "rabbitmq-server")],
            mark=self._mark,
            log=self._log,
            env=environment,
            folder=self._folder,
        )
        children.await_ready("RabbitMQ", process, self._answers, log=self._log, patience=120)

    def stop(self) -> None:
        children.stop(self._mark, by=signal.SIGTERM, patience=40)
        children.stop(self._names_mark, patience=5)

    def is_alive(self) -> bool:
        return children.marked(self._mark) is not None

    def may_return(self) -> bool:
        return is_free(self.port)

    def url(self, vhost: str = "/") -> str:
        """The AMQP URL of ``vhost``."""
        path = vhost.replace("/", "%2f")
        return f"amqp://linli:{self._password}@127.0.0.1:{self.port}/{path}"

    def control(self, *arguments: str, said: str = "") -> str:
        """What `rabbitmqctl` answers when it reads ``said``; raises :class:`Failure` when it refuses."""
        folder = scripts()
        assert folder is not None
        done = subprocess.run(
            [str(folder / "rabbitmqctl"), "-q", *arguments],
            env=self._environment(),
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise Failure(f"rabbitmqctl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def add_vhost(self, name: str) -> str:
        """A virtual host of its own for whoever wants to be alone; returns its URL."""
        self.control("add_vhost", name)
        self.control("set_permissions", "-p", name, "linli", ".*", ".*", ".*")
        return self.url(name)

    @property
    def _password(self) -> str:
        return self._state.secret("rabbitmq")

    def _start_names(self, environment: dict[str, str]) -> None:
        """Erlang's name service, on a port of ours: the machine's own would outlive us."""
        if children.marked(self._names_mark) is not None:
            return
        epmd = shutil.which("epmd", path=environment["PATH"])
        if epmd is None:
            raise Failure("RabbitMQ needs Erlang's `epmd`, which is not on the PATH: please install Erlang.")
        log = self._state.logs / "epmd.log"
        process = children.launch([epmd], mark=self._names_mark, log=log, env=environment)
        port = int(environment["ERL_EPMD_PORT"])
        children.await_ready("Erlang's epmd", process, lambda: _listens(port), log=log, patience=20)

    def _environment(self) -> dict[str, str]:
        # The node's name holds the folder's digest: two clones of the project never meet.
        digest = hashlib.sha256(str(self._folder).encode()).hexdigest()[:8]
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))
        }
        names_port = self._running_port("epmd", self._names_mark)
        distribution_port = self._running_port("erlang-distribution", self._mark)
        return kept | {
            "PATH": f"{kept.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._folder),
            "RABBITMQ_NODENAME": f"linli-{digest}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "ERL_EPMD_PORT": str(names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._state.logs),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
            # Makes the start script become the broker, so that the mark's process is the broker itself.
            "RUNNING_UNDER_SYSTEMD": "true",
            "LC_ALL": "C.UTF-8",
        }

    def _running_port(self, name: str, mark: Path) -> int:
        kept = self._state.last_port(name)
        if kept is not None and children.marked(mark) is not None:
            return kept
        return self._state.port(name)

    def _answers(self) -> bool:
        if not _listens(self.port):
            return False
        parameters = pika.URLParameters(self.url())
        parameters.socket_timeout = parameters.blocked_connection_timeout = 5
        try:
            pika.BlockingConnection(parameters).close()
        except (AMQPError, OSError):
            return False
        return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
