"""Processes that outlive the one that started them, known by a mark file and never by name.

A mark holds the process id and the moment the process was born: after a crash or a reboot the id may
belong to somebody else, and somebody else is never signalled.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from linli.failures import Failure

# What this process has started and not yet waited for.
_ours: dict[int, subprocess.Popen[bytes]] = {}


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C and the wish to end off until the block is over: what starts is also written down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if callable(signal.getsignal(n))]
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def launch(
    argv: Sequence[str],
    *,
    mark: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``argv`` in a session of its own, output to ``log``, and leave ``mark``."""
    with log.open("ab") as output, uninterrupted():
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=folder,
            start_new_session=True,
        )
        leave_mark(mark, process.pid)
        _ours[process.pid] = process
    return process


def leave_mark(mark: Path, pid: int) -> None:
    """Write down that ``mark`` stands for the running process ``pid``."""
    try:
        born = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        born = 0.0
    mark.write_text(json.dumps({"pid": pid, "born": born}))


def marked(mark: Path) -> psutil.Process | None:
    """The process that ``mark`` stands for, if it is still the same one and alive."""
    try:
        noted = json.loads(mark.read_text())
        _reap(int(noted["pid"]))
        process = psutil.Process(int(noted["pid"]))
        if abs(process.create_time() - float(noted["born"])) > 2 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    return process


def stop(mark: Path, *, by: signal.Signals = signal.SIGTERM, patience: float = 20.0) -> bool:
    """Ask the marked process to end, then insist, with all it started; true when there was one."""
    process = marked(mark)
    if process is None:
        mark.unlink(missing_ok=True)
        return False
    family = _family(process)
    _signal(process, by)
    if not _gone(process, patience):
        family += _family(process)
        _signal(process, signal.SIGKILL)
        _gone(process, 5.0)
    _, left = psutil.wait_procs(family, timeout=2.0)
    for straggler in left:
        _signal(straggler, signal.SIGKILL)
    mark.unlink(missing_ok=True)
    _reap_all()
    return True


def await_ready(
    what: str, process: subprocess.Popen[bytes], ready: Callable[[], bool], *, log: Path, patience: float
) -> None:
    """Wait until ``ready``; raises :class:`Failure` with the end of the log when it does not come to that."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if ready():
            return
        if process.poll() is not None:
            raise Failure(f"{what} ended at once (exit code {process.returncode}).\n{last_lines(log)}")
        time.sleep(0.05)
    raise Failure(f"{what} was not ready within {patience:.0f} s.\n{last_lines(log)}")


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log, for a message about what went wrong."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return ""
    return "\n".join([f"The end of {log}:", *(f"  {line}" for line in lines)])


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _gone(process: psutil.Process, patience: float) -> bool:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            _reap(process.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                _reap(process.pid)
                return True
        except psutil.NoSuchProcess:
            _reap(process.pid)
            return True
        time.sleep(0.02)
    return False


def _reap_all() -> None:
    """Also those that died of something else and were started again under another id."""
    for pid in list(_ours):
        _reap(pid)


def _reap(pid: int) -> None:
    """A child of ours that has died stays a zombie, which looks alive to others, until it is waited for."""
    child = _ours.get(pid)
    if child is not None and child.poll() is not None:
        del _ours[pid]
