"""What dies starts again, what cannot start is said, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from linli.failures import Failure
from linli.stack import children
from linli.stack.plan import Process
from linli.stack.state import ROOT, State, free_port
from linli.stack.supervisor import Supervisor


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(state: State, told: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(state, told.append)
    yield made
    made.stop()


def _mortal(*arguments: str) -> Process:
    environment = dict(os.environ) | {
        "PYTHONPATH": str(ROOT),
        "LINLI_OPS_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    return Process(name="mortal", module="tests.stack.mortal", arguments=arguments, environment=environment)


def _pid(process: Process) -> int:
    with urllib.request.urlopen(f"http://{process.ops_address}/pid", timeout=2) as answer:
        return int(answer.read())


def _another_pid(process: Process, before: int) -> int:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if (found := _pid(process)) != before:
                return found
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not start again")


def test_a_killed_process_starts_again_and_is_said_to_have_died(
    supervisor: Supervisor, told: list[str]
) -> None:
    process = _mortal()
    supervisor.start([process])
    supervisor.await_ready(20)
    before = _pid(process)
    os.kill(before, signal.SIGKILL)
    assert _another_pid(process, before) != before
    assert told == ["mortal ended (SIGKILL); it starts again in 0.5 s"]


def test_a_process_that_cannot_start_is_given_up_with_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start([_mortal("stillborn")])
    with pytest.raises(Failure, match="a reason to read in the log"):
        supervisor.await_ready(30)


def test_a_supervisor_takes_the_place_of_one_that_was_killed(
    supervisor: Supervisor, state: State, told: list[str]
) -> None:
    process = _mortal()
    supervisor.start([process])
    supervisor.await_ready(20)
    orphan = children.marked(state.folder / "process-mortal.pid")
    assert orphan is not None
    supervisor._ending.set()  # As if it were gone: nobody looks after the process any more.
    successor = Supervisor(state, told.append)
    successor.start([process])
    successor.await_ready(20)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    successor.stop()


def test_nothing_is_left_after_the_end(supervisor: Supervisor, state: State) -> None:
    process = _mortal()
    supervisor.start([process])
    supervisor.await_ready(20)
    pid = _pid(process)
    supervisor.stop()
    assert not psutil.pid_exists(pid)
    assert list(state.folder.glob("*.pid")) == []


def test_who_is_told_to_end_before_it_watches_leaves_nothing_either(
    supervisor: Supervisor, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def told_to_end(thread: threading.Thread) -> None:
        if thread.name == "supervisor":
            signal.raise_signal(signal.SIGINT)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", told_to_end)
    # Whoever runs the tests in the background of a script has them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            supervisor.start([_mortal()])
    finally:
        signal.signal(signal.SIGINT, before)
    supervisor.stop()
    assert list(state.folder.glob("*.pid")) == []
