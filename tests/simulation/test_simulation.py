"""A thousand worlds of crashes, losses, delays and people: none may break a promise."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.scheduler import Faults
from tests.simulation.world import SOUND, World, run

SEEDS, AT_ONCE = 1000, 100


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_world_breaks_a_promise(first: int) -> None:
    happened: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    for seed in range(first, first + AT_ONCE):
        outcome = run(seed)
        if outcome.wrong:
            trace = run(seed, traced=True).trace
            pytest.fail(
                f"The world of seed {seed} broke:\n"
                + "\n".join(outcome.wrong)
                + "\n\nIts last steps were:\n"
                + "\n".join(trace[-200:])
                + f"\n\n`python -m tests.simulation --seed {seed} --trace` shows all of them."
            )
        happened.update(outcome.counts)
        orders.update(outcome.orders)
    # A hundred worlds in which little happens would prove little.
    assert {"completed", "cancelled", "expired"} <= orders.keys()
    assert happened["crash"] > 100
    for fault in (
        "event doubled",
        "event lost",
        "confirm lost",
        "request lost",
        "answer lost",
        "redelivered",
    ):
        assert happened[fault], fault
    for place in (
        "before commit",
        "after commit",
        "after taking, before publishing",
        "after publishing, before marking",
        "after commit, before acknowledging",
        "before answering",
    ):
        assert happened[f"died {place}"], place


def test_the_same_seed_takes_the_same_steps_in_another_process() -> None:
    def lived(hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "8", "--trace"],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    once = lived("1")
    assert once == lived("2")
    assert "trace " in once
    assert len(once.splitlines()) > 100


def test_another_seed_takes_other_steps() -> None:
    assert run(8, traced=True).digest != run(9, traced=True).digest


def test_tracing_changes_nothing() -> None:
    plain, traced = run(8), run(8, traced=True)
    assert (plain.steps, plain.orders, plain.counts) == (traced.steps, traced.orders, traced.counts)


def test_a_calm_world_delivers_without_a_fault() -> None:
    """With no faults at all the same people meet none: what fails in trouble is the trouble's doing."""
    from tests.simulation.platform import on_memory

    with on_memory():
        world = World(8, SOUND, faults=Faults())
        world.live()
    assert not world.scheduler.failures
    assert not {"crash", "event lost", "late", "parked"} & world.scheduler.counts.keys()
