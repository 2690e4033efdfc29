"""The made-up day, played whole: on both ways to run, and while one service after another is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from linli.day.commands import judge
from linli.day.reader import read_day
from linli.day.replay import Outcome, replay_day
from linli.day.starting import private_platform
from linli.day.town import Habits
from linli.processes import discovery
from linli.stack import children
from linli.stack.platform import Platform

SAMPLE = Path(__file__).parents[2] / "samples" / "day"
HABITS = Habits(
    payment_fails_first=0.04,
    payment_comes_late=0.0,
    customer_cancels=0.0,
    shop_rejects=0.04,
    shop_refunds=0.04,
)


def played(platform: Platform, journal: Path) -> Outcome:
    return asyncio.run(replay_day(read_day(SAMPLE), platform, journal=journal, habits=HABITS))


def everything_holds(platform: Platform, outcome: Outcome) -> None:
    _, findings = judge(outcome, platform)
    broken = [f"{finding.name}: {finding.evidence}" for finding in findings if not finding.holds]
    assert not broken, "\n".join(broken)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("kind", ["embedded", "full"])
def test_the_sample_day_ends_with_every_invariant_true(kind, tmp_path: Path, state_of_platforms: Path):
    with private_platform(kind, f"day-{kind}", speed=300) as platform:
        outcome = played(platform, tmp_path / "journal.jsonl")
        everything_holds(platform, outcome)


@pytest.mark.timeout(600)
def test_killing_each_service_in_turn_loses_nothing_and_repeats_nothing(
    tmp_path: Path, state_of_platforms: Path
):
    with private_platform("full", "day-killed", speed=120) as platform:
        victims = [*discovery.all_services(), "relay", "planner"]
        with killing(platform, victims, every=6.0) as killed:
            outcome = played(platform, tmp_path / "journal.jsonl")
        assert len(killed) >= len(victims) / 2
        everything_holds(platform, outcome)


@contextmanager
def killing(platform: Platform, names: list[str], every: float) -> Iterator[list[str]]:
    """Kill the processes of these names in turn, one every so many seconds; gives who was killed so far."""
    killed: list[str] = []
    over = threading.Event()

    def kill_in_turn() -> None:
        for name in names:
            if over.wait(every):
                return
            process = children.marked(platform.state.folder / f"process-{name}.pid")
            if process is not None:
                os.kill(process.pid, signal.SIGKILL)
                killed.append(name)

    thread = threading.Thread(target=kill_in_turn)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
        time.sleep(1.0)
