"""What one running platform remembers between two starts: its ports and its secrets.

Everything lies in one folder, `.linli/<name>/`: `state.json`, the data of the private servers, and logs.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import secrets
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from linli.failures import Failure

ROOT = Path(__file__).resolve().parents[2]

# Below the range that systems hand out for outgoing connections, so that a port kept for the next
# start is rarely taken by somebody's client meanwhile.
_PORTS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether somebody could listen on ``port`` of this machine now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[object] = ()) -> int:
    """A port nobody listens on and that is not ``taken``; raises :class:`Failure` when there is none."""
    for port in random.sample(_PORTS, 200):
        if port not in taken and is_free(port):
            return port
    raise Failure("No free port was found between 20000 and 32000 on 127.0.0.1.")


class State:
    """The folder of one platform. Values are written at once and survive a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # Others may pass through (a database server does not run as root) but not look around.
        folder.chmod(0o711)
        self.logs = folder / "log"
        self.logs.mkdir(exist_ok=True)
        self._file = folder / "state.json"
        try:
            self._values: dict[str, object] = json.loads(self._file.read_text())
        except FileNotFoundError:
            self._values = {}
        except ValueError as error:
            raise Failure(f"{self._file} is not readable as JSON: {error}") from error

    def port(self, name: str) -> int:
        """The port kept for ``name``, or a new one when there is none or somebody else took it."""
        kept = self._values.get(f"port:{name}")
        if isinstance(kept, int) and is_free(kept):
            return kept
        # Its other ports are kept for whoever has not begun to listen yet.
        others = [value for key, value in self._values.items() if key.startswith("port:")]
        port = free_port(others)
        self._keep(f"port:{name}", port)
        return port

    def last_port(self, name: str) -> int | None:
        """The port kept for ``name``, whoever listens there now."""
        kept = self._values.get(f"port:{name}")
        return kept if isinstance(kept, int) else None

    def secret(self, name: str, prefix: str = "") -> str:
        """The secret kept for ``name``, made up at the first call."""
        kept = self._values.get(f"secret:{name}")
        if isinstance(kept, str):
            return kept
        secret = prefix + secrets.token_hex(20)
        self._keep(f"secret:{name}", secret)
        return secret

    def recall(self, name: str) -> object:
        """What :meth:`remember` stored under ``name``, or nothing."""
        return self._values.get(f"value:{name}")

    def remember(self, name: str, value: object) -> None:
        self._keep(f"value:{name}", value)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder; raises :class:`Failure` when another process holds it."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Failure(f"The platform in {self.folder} is already running.", exit_code=3) from error
            yield

    def _keep(self, name: str, value: object) -> None:
        self._values[name] = value
        beside = self._file.with_suffix(".new")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(self._values, indent=1))
        os.replace(beside, self._file)
