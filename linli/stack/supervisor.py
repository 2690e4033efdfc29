"""Keeps processes running: starts them, starts again what dies, ends them in good order."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from linli.failures import Failure
from linli.stack import children
from linli.stack.plan import Process
from linli.stack.state import State

_LOOK_SECONDS = 0.2
# A process that lived this long died of something new: it is started again at once.
_SETTLED_SECONDS = 10.0
_LONGEST_PAUSE = 10.0
_LOG_BYTES = 50_000_000

Told = Callable[[str], None]


@dataclass
class _Ward:
    process: Process
    running: subprocess.Popen[bytes]
    started: float
    quick_deaths: int = 0
    start_again_at: float | None = None
    restarts: int = field(default=0)


class Supervisor:
    """Supervises the processes of one platform, in a thread of its own."""

    def __init__(self, state: State, told: Told) -> None:
        self._state = state
        self._told = told
        self._wards: dict[str, _Ward] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, processes: Sequence[Process]) -> None:
        """Start them all, in place of any that an earlier supervisor left running."""
        for process in processes:
            children.stop(self._mark(process), patience=5)
        for process in processes:
            with children.uninterrupted():
                self._wards[process.name] = _Ward(process, self._launch(process), time.monotonic())
        with children.uninterrupted():
            self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
            self._thread.start()

    def await_ready(self, patience: float) -> None:
        """Wait until every process says it is ready; raises :class:`Failure` when one does not get there."""
        until = time.monotonic() + patience
        waiting = [ward.process for ward in self._wards.values()]
        while True:
            waiting = [process for process in waiting if not is_ready(process)]
            if not waiting:
                return
            # A process that cannot start at all is given up before the time is over.
            hopeless = next((w for w in self._wards.values() if w.quick_deaths >= 4), None)
            if hopeless is not None or time.monotonic() > until:
                name = hopeless.process.name if hopeless else waiting[0].name
                log = self._state.logs / f"{name}.log"
                raise Failure(f"{name} did not become ready.\n{children.last_lines(log)}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End all processes: politely, then not."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        for ward in self._wards.values():
            if ward.running.poll() is None:
                ward.running.send_signal(signal.SIGTERM)
        until = time.monotonic() + 20
        for ward in self._wards.values():
            try:
                ward.running.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._told(f"{ward.process.name} did not end in time and was killed")
                ward.running.kill()
                ward.running.wait()
            self._mark(ward.process).unlink(missing_ok=True)
        self._wards.clear()

    def _watch(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            for ward in self._wards.values():
                self._look_at(ward)

    def _look_at(self, ward: _Ward) -> None:
        now = time.monotonic()
        if ward.start_again_at is not None:
            if now >= ward.start_again_at:
                ward.start_again_at = None
                ward.running, ward.started = self._launch(ward.process), now
                ward.restarts += 1
            return
        code = ward.running.poll()
        if code is None:
            return
        quick = now - ward.started < _SETTLED_SECONDS
        ward.quick_deaths = ward.quick_deaths + 1 if quick else 0
        pause = min(_LONGEST_PAUSE, 0.25 * 2**ward.quick_deaths) if ward.quick_deaths else 0.0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._told(f"{ward.process.name} ended ({how}); it starts again in {pause:.1f} s")
        ward.start_again_at = now + pause

    def _launch(self, process: Process) -> subprocess.Popen[bytes]:
        log = self._state.logs / f"{process.name}.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        argv = [sys.executable, "-P", "-m", process.module, *process.arguments]
        return children.launch(argv, mark=self._mark(process), log=log, env=process.environment)

    def _mark(self, process: Process) -> Path:
        return self._state.folder / f"process-{process.name}.pid"


def is_ready(process: Process) -> bool:
    """Whether the process itself says that it can do its work."""
    try:
        with urllib.request.urlopen(f"http://{process.ops_address}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
