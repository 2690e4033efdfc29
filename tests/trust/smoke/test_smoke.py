"""The proof of trust at its smallest: a little load, a few deaths, every invariant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT


@pytest.fixture
def state() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="linli-trust-"))
    # Root starts PostgreSQL as another user, who has to get to its data.
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stack", ["embedded", "full"])
def test_processes_that_die_under_load_lose_nothing_and_do_nothing_twice(stack: str, state: Path) -> None:
    # The same by hand: make trust-smoke ARGS='--stack embedded --seed 1'
    done = subprocess.run(
        [sys.executable, "-m", "tests.trust", "smoke", "--stack", stack, "--seed", "1"],
        cwd=ROOT,
        env=dict(os.environ) | {"LINLI_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((state / "trust" / "1" / "report.json").read_text())
    assert report["holds"]
    assert sum(report["faults"].values()) >= 3
    looked_at = {verdict["name"]: verdict["looked_at"] for verdict in report["invariants"]}
    assert looked_at["captured-is-shared-out"] >= 20
    assert looked_at["outbox-equals-inbox"] >= 200
    assert looked_at["prices-only-fall"] >= 5
    assert looked_at["shops-get-what-is-left"] >= 30
    assert looked_at["chain-holds"] >= 60
    for name in ("commissions-follow-refunds", "cases-are-paid-once", "tips-are-the-couriers"):
        assert looked_at[name] >= 2
    assert looked_at["one-question-at-a-time"] >= 20
    assert looked_at["loans-come-home"] >= 1
    # A planner died while it had the zone.
    assert report["leases"]["takeovers"] >= 1
