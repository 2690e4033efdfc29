"""The running platform as something that can be hurt: its processes and servers by their names."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from linli.day.api import Api, Person
from linli.day.quiet import Databases
from linli.day.starting import Kind, private_platform
from linli.failures import Failure
from linli.stack import children
from linli.stack.containers import RabbitContainer, broker
from linli.stack.plan import Process, Servers
from linli.stack.platform import Platform, state_folder
from linli.stack.postgres import PrivatePostgres
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.redis_server import PrivateRedis
from linli.stack.supervisor import is_ready
from shared.kernel.clock import Clock
from tests.trust.history import keep_history
from tests.trust.proxies import Proxies

SERVERS = ("rabbitmq", "postgres", "redis")

Recast = Callable[[Process], Process]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a stage is set up."""

    name: str
    kind: Kind = "full"
    speed: float | None = None
    """How many times as fast as the wall the business clock runs."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """Of which processes a full platform runs several."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Process name to the module run in its place with the same arguments (mutants)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for every process."""
    recasts: Sequence[Recast] = ()
    """Applied to every process in turn when the servers are up: proxies replace URLs in its environment."""

    failpoints: bool = False
    """Whether every process has a folder of its own, `failpoints/<process>`, that can tell it to die."""
    proxies: Proxies | None = None
    """What stands between every process and its servers."""

    def recast(self, process: Process) -> Process:
        process = replace(
            process,
            module=self.modules.get(process.name, process.module),
            environment=dict(process.environment) | dict(self.environment),
        )
        for recast in self.recasts:
            process = recast(process)
        if self.failpoints:
            folder = state_folder(self.name) / "failpoints" / process.name
            folder.mkdir(parents=True, exist_ok=True)
            process = replace(process, environment={**process.environment, "LINLI_FAILPOINTS": str(folder)})
        return process if self.proxies is None else self.proxies.recast(process)


class Stage:
    """One private platform under test. Servers and processes come back by themselves when they die."""

    def __init__(self, platform: Platform, setting: Setting) -> None:
        self.platform = platform
        self.setting = setting
        self.databases = Databases(platform.database_urls)
        """Read-only, straight to the servers; for one thread."""
        self._processes = {process.name: process for process in platform.processes}

    # -- what is there

    @property
    def processes(self) -> tuple[str, ...]:
        """`ordering`, `relay`, `planner` and so on; on the embedded platform `platform` and `planner`."""
        return tuple(self._processes)

    @property
    def services(self) -> tuple[str, ...]:
        """The processes that run one service each."""
        return tuple(n for n, p in self._processes.items() if p.arguments[:1] == (n,) and n != "relay")

    @property
    def planners(self) -> tuple[str, ...]:
        return tuple(name for name in self._processes if name.partition("-")[0] == "planner")

    @property
    def private_servers(self) -> tuple[str, ...]:
        """Those of :data:`SERVERS` that this platform runs for itself."""
        return tuple(name for name in SERVERS if self._mark(name).exists())

    @property
    def kind(self) -> Kind:
        return self.setting.kind

    @property
    def base_url(self) -> str:
        return self.platform.base_url

    @property
    def clock(self) -> Clock:
        return self.platform.clock

    @property
    def servers(self) -> Servers:
        """Where the servers really are, past any proxy."""
        return self.platform.servers

    @property
    def folder(self) -> Path:
        return self.platform.state.folder

    def api(self, *, connections: int = 64, patience: float = 180.0) -> Api:
        """A client that asks again until `patience` (seconds) is over."""
        return Api(self.base_url, connections=connections, patience=patience)

    def operator(self) -> Person:
        return Person(*self.platform.operator)

    @property
    def rabbit(self) -> PrivateRabbit | RabbitContainer:
        """The broker: ``url()`` and ``control(*rabbitmqctl_arguments)``."""
        server = broker(self.platform.state)
        server.port = self.platform.state.last_port("rabbitmq") or 0
        return server

    @property
    def postgres(self) -> PrivatePostgres:
        """The database server: ``url(database)`` leads there as its superuser."""
        server = PrivatePostgres(self.platform.state)
        server.port = self.platform.state.last_port("postgres") or 0
        return server

    @property
    def redis(self) -> PrivateRedis:
        server = PrivateRedis(self.platform.state)
        server.port = self.platform.state.last_port("redis") or 0
        return server

    # -- what can be done to it

    def process(self, name: str) -> psutil.Process | None:
        """The operating system's process behind a process or server, if it lives."""
        return children.marked(self._mark(name))

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> bool:
        """Send a signal to a process or a private server; false where it did not live.

        A database's own children share its fate, as they would if the machine's memory ran out.
        """
        process = self.process(name)
        if process is None:
            return False
        family = [process]
        if name in SERVERS:
            with contextlib.suppress(psutil.NoSuchProcess):
                family += process.children(recursive=True)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(number)
        return True

    def is_ready(self, name: str) -> bool:
        """Whether a process says it is ready, or a server lives."""
        if name in SERVERS:
            return self.process(name) is not None
        return is_ready(self._processes[name])

    async def until_ready(self, *names: str, patience: float = 120.0) -> float:
        """Wait until these (all processes when none is named) are ready; returns the seconds it took."""
        begun = time.monotonic()
        for name in names or self.processes:
            while not await asyncio.to_thread(self.is_ready, name):
                if time.monotonic() - begun > patience:
                    log = self.folder / "log" / f"{name}.log"
                    raise Failure(
                        f"{name} did not come back within {patience:.0f} s.\n{children.last_lines(log)}"
                    )
                await asyncio.sleep(0.1)
        return time.monotonic() - begun

    async def restart(self, name: str, patience: float = 60.0) -> float:
        """End a process politely and wait for its successor; returns the seconds until that was ready."""
        before = self.process(name)
        begun = time.monotonic()
        self.kill(name, signal.SIGTERM)
        while before is not None and (self.process(name) or before).pid == before.pid:
            if time.monotonic() - begun > patience:
                raise Failure(f"{name} did not end within {patience:.0f} s after SIGTERM.")
            await asyncio.sleep(0.05)
        await self.until_ready(name, patience=patience)
        return time.monotonic() - begun

    def _mark(self, name: str) -> Path:
        return self.folder / (f"{name}.pid" if name in SERVERS else f"process-{name}.pid")


@contextmanager
def set_stage(setting: Setting, told: Callable[[str], None] = lambda _step: None) -> Iterator[Stage]:
    """A fresh platform in `.linli/<name>/`, gone afterwards but for its folder with data and logs."""
    with private_platform(
        setting.kind,
        setting.name,
        speed=setting.speed,
        replicas=setting.replicas if setting.kind == "full" else {},
        settings=setting.environment,
        recast=setting.recast,
        told=told,
    ) as platform:
        stage = Stage(platform, setting)
        keep_history(platform.database_urls["dispatch"])
        try:
            yield stage
        finally:
            stage.databases.close()
