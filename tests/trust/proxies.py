"""A gate between every process of a platform and every server it uses, all in a process of their own.

``proxies.recast`` leads a process through its gates: :class:`tests.trust.stage.Setting` takes it as one of
its ``recasts``, for the servers have to be up before anybody can stand in front of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from linli.stack.plan import Process
from linli.stack.state import ROOT
from tests.trust.gates import Upstream, Weather

_CALM = Weather()


@dataclass(frozen=True, order=True)
class Way:
    """From a process to a server: ``ordering`` to ``postgres``."""

    process: str
    server: str

    def __str__(self) -> str:
        return f"{self.process}-{self.server}"


class Proxies:
    """The gates of one platform; everything may be changed while it runs. Safe to use from any thread."""

    def __init__(self, except_for: Collection[str] = ()) -> None:
        """Processes ``except_for`` go to their servers directly."""
        self._except_for = except_for
        self._ways: list[Way] = []
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Proxies:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.trust.gates"],
            env={"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.close()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()

    @property
    def ways(self) -> tuple[Way, ...]:
        return tuple(self._ways)

    def recast(self, process: Process) -> Process:
        """The same process, with every server's URL leading through a gate of its own."""
        if process.name in self._except_for:
            return process
        environment = dict(process.environment)
        for variable, url in process.environment.items():
            server = _server_of(variable)
            if server is not None and url and not url.startswith("linli-memory"):
                environment[variable] = self.lead(Way(process.name, server), url)
        return replace(process, environment=environment)

    def lead(self, way: Way, url: str) -> str:
        """``url`` through a gate, opened now, that is known as ``way`` (as are others between the two)."""
        port = self._ask(do="open", way=str(way), upstream=_upstream(url))
        if way not in self._ways:
            self._ways.append(way)
        parts = urlsplit(url)
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        return urlunsplit((parts.scheme, f"{login}127.0.0.1:{port}", parts.path, "", ""))

    def change(self, ways: Iterable[Way], weather: Weather = _CALM) -> None:
        """Let the gates of these ways behave so; without ``weather``, as if they were not there."""
        self._ask(do="change", ways=[str(way) for way in ways], weather=asdict(weather))

    def cut(self, ways: Iterable[Way]) -> int:
        """Reset what is open on these ways; answers how many connections that were."""
        return int(self._ask(do="cut", ways=[str(way) for way in ways]))

    def counts(self, ways: Iterable[Way]) -> dict[str, int]:
        """Connections open, opened and cut, bytes passed and swallowed, over these ways together."""
        told: dict[str, int] = self._ask(do="counts", ways=[str(way) for way in ways])
        return told

    def _ask(self, **command: Any) -> Any:
        with self._lock:
            child = self._child
            if child is None:
                raise RuntimeError("The proxies are not running: use them as a context manager.")
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(command) + "\n")
            answer = child.stdout.readline()
        if not answer:
            raise RuntimeError(f"The proxies ended (exit code {child.poll()}).")
        return json.loads(answer)


def _server_of(variable: str) -> str | None:
    if variable == "LINLI_AMQP_URL":
        return "rabbitmq"
    if variable == "LINLI_REDIS_URL":
        return "redis"
    return "postgres" if variable.startswith("LINLI_") and variable.endswith("_DATABASE_URL") else None


def _upstream(url: str) -> Upstream:
    """Where ``url`` leads."""
    parts = urlsplit(url)
    if parts.hostname:
        default = {"amqp": 5672, "redis": 6379}.get(parts.scheme, 5432)
        return unquote(parts.hostname), parts.port or default
    query = parse_qs(parts.query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
