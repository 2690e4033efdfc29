"""A whole platform, started from nothing: servers, databases, migrations, processes; and its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from linli.failures import Failure
from linli.processes.retention import retention_from_environment
from linli.stack import children, databases, plan
from linli.stack.broker_rights import RightsByCommand
from linli.stack.containers import RabbitContainer, broker
from linli.stack.postgres import PrivatePostgres
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.redis_server import PrivateRedis
from linli.stack.reviver import Reviver
from linli.stack.state import ROOT, State, is_free
from linli.stack.supervisor import Supervisor, Told
from shared.kernel.clock import Clock, clock_from_environment
from shared.messaging.retention import Retention

Kind = Literal["embedded", "full"]
Server = TypeVar("Server", PrivatePostgres, PrivateRedis, PrivateRabbit | RabbitContainer)
MEMORY = "linli-memory://"
OPERATOR = "operations@linli.local"
OPERATOR_NAME = "平台运营"


def state_folder(name: str) -> Path:
    """Where the platform ``name`` keeps everything: inside the project's folder unless told otherwise."""
    return Path(os.environ.get("LINLI_STATE", ROOT / ".linli")).resolve() / name


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What kind of platform is wanted."""

    kind: Kind
    name: str
    port: int | None = None
    clock: str = "system"
    replicas: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables for its processes, beside what this process has in its own environment."""
    recast: Callable[[plan.Process], plan.Process] = lambda process: process
    """Says what runs in place of a process, and in which environment; called when the servers are up."""


class Platform:
    """One platform on this machine. :meth:`start` returns when it is ready to answer."""

    def __init__(self, wish: Wish, told: Told = lambda _step: None) -> None:
        self.wish = wish
        self.state = State(state_folder(wish.name))
        self._told = told
        self._ends = ExitStack()
        self._plan: plan.Plan | None = None
        self._reviver = Reviver(told)
        self._broker: PrivateRabbit | RabbitContainer | None = None

    def start(self) -> None:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the processes, then the servers that were started for them."""
        (self.state.folder / "running.json").unlink(missing_ok=True)
        self._ends.close()

    @property
    def base_url(self) -> str:
        return f"http://{self._made.http_address}"

    @property
    def database_urls(self) -> Mapping[str, str]:
        return self._made.servers.database_urls

    @property
    def processes(self) -> Sequence[plan.Process]:
        return self._made.processes

    @property
    def servers(self) -> plan.Servers:
        return self._made.servers

    @property
    def clock(self) -> Clock:
        """The business clock that all its processes tell."""
        return clock_from_environment(self.wish.clock)

    @property
    def operator(self) -> tuple[str, str]:
        """Login and password of an operator; the account is opened at the first call."""
        from linli.accounts import open_account

        password = self.state.secret("operator")
        open_account(self.database_urls["gateway"], "operator", OPERATOR, password, OPERATOR_NAME)
        return OPERATOR, password

    @property
    def _made(self) -> plan.Plan:
        if self._plan is None:
            raise Failure("The platform has not been started.")
        return self._plan

    def _start(self) -> None:
        retention_from_environment()
        self._ends.enter_context(self.state.alone())
        stop_leftovers(self.state, servers=False)
        self._reviver = Reviver(self._told)
        servers = self._servers()
        self._ends.callback(self._reviver.stop)
        self._reviver.start()
        self._told("bringing the databases up to date")
        databases.migrate_all(servers.database_urls)
        if servers.amqp_url != MEMORY:
            self._told("declaring exchanges and queues")
            declare_topology(servers.amqp_url)
            self._keep_as_wanted()
        address = self._http_address()
        # What the operator has set in the environment is stronger than what this platform was wished with.
        settings = {k: v for k, v in self.wish.settings.items() if k not in os.environ}
        settings["LINLI_CLOCK"] = self.wish.clock
        if self.wish.kind == "embedded":
            self._plan = plan.embedded(self.state, servers, address, settings)
        else:
            self._plan = plan.full(self.state, servers, address, settings, self.wish.replicas)
        processes = tuple(map(self.wish.recast, self._plan.processes))
        self._plan = replace(self._plan, processes=processes)
        self._told(f"starting {len(processes)} processes")
        supervisor = Supervisor(self.state, self._told)
        self._ends.callback(supervisor.stop)
        supervisor.start(processes)
        supervisor.await_ready(patience=120)
        self._write_down()

    def _keep_as_wanted(self) -> None:
        """Let a private broker's stream keep what is wanted now, whatever it was declared with."""
        wanted = retention_from_environment()
        before = self.state.recall("stream-retention") or asdict(Retention())
        if self._broker is not None and asdict(wanted) != before:
            self._told(f"letting the stream keep {wanted.max_age} and {wanted.max_bytes} bytes")
            RightsByCommand(self._broker.control).keep(wanted)
        if self._broker is not None:
            self.state.remember("stream-retention", asdict(wanted))

    def _servers(self) -> plan.Servers:
        amqp_url = MEMORY if self.wish.kind == "embedded" else os.environ.get("LINLI_AMQP_URL", "")
        return plan.Servers(
            database_urls=self._database_urls(),
            redis_url=os.environ.get("LINLI_REDIS_URL")
            or self._private("Redis", PrivateRedis(self.state)).url(),
            amqp_url=amqp_url or self._private_broker().url(),
        )

    def _private_broker(self) -> PrivateRabbit | RabbitContainer:
        self._broker = self._private("RabbitMQ", broker(self.state))
        return self._broker

    def _database_urls(self) -> dict[str, str]:
        owners = databases.owners()
        given = {name: os.environ.get(f"LINLI_{name.upper()}_DATABASE_URL", "") for name in owners}
        if all(given.values()):
            return given
        if any(given.values()):
            missing = ", ".join(f"LINLI_{name.upper()}_DATABASE_URL" for name in owners if not given[name])
            raise Failure(f"Some databases are given and some are not. Missing: {missing}.", exit_code=2)
        server_url = os.environ.get("LINLI_POSTGRES_URL", "")
        if not server_url:
            server_url = self._private("PostgreSQL", PrivatePostgres(self.state)).url()
        passwords = {name: self.state.secret(f"database:{name}") for name in owners}
        with closing(databases.connect(server_url)) as server:
            for name, password in passwords.items():
                databases.create(server, name, password)
        return {name: databases.url_at(server_url, name, password) for name, password in passwords.items()}

    def _private(self, what: str, server: Server) -> Server:
        self._told(f"starting {what}")
        self._ends.callback(server.stop)
        server.start()
        self._reviver.look_after(what, server)
        return server

    def _http_address(self) -> str:
        port = self.wish.port
        if port is None:
            port = self.state.port("http")
        elif not is_free(port):
            taken, port = port, self.state.port("http")
            self._told(f"port {taken} is taken by another program; using {port}")
        return f"127.0.0.1:{port}"

    def _write_down(self) -> None:
        """Leave what `linli status` and other commands need to find this platform."""
        made = self._made
        running = {
            "kind": self.wish.kind,
            "pid": os.getpid(),
            "base_url": self.base_url,
            "clock": self.wish.clock,
            "since": time.time(),
            "processes": {process.name: process.ops_address for process in made.processes},
            "database_urls": dict(made.servers.database_urls),
            "amqp_url": made.servers.amqp_url,
            "redis_url": made.servers.redis_url,
        }
        file = self.state.folder / "running.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(running, indent=1))


def declare_topology(amqp_url: str) -> None:
    """Declare all exchanges and queues, in a process of its own: services import eventlet."""
    environment = dict(os.environ) | {"LINLI_AMQP_URL": amqp_url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "linli.processes.topology"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"The queues could not be declared:\n{done.stderr.strip()[-2000:]}")


def stop_leftovers(state: State, *, servers: bool = True) -> int:
    """Stop what a supervisor that is gone left running; returns how many processes that were."""
    count = sum(children.stop(mark, patience=15) for mark in sorted(state.folder.glob("process-*.pid")))
    if servers:
        marks = {"rabbitmq.pid", "redis.pid", "postgres.pid"}
        count += sum((state.folder / mark).exists() for mark in marks)
        broker(state).stop()
        PrivateRedis(state).stop()
        PrivatePostgres(state).stop()
    return count
