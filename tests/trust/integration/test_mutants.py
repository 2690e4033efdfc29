"""Mutants that a part by itself gives away: the sound part passes its check, the broken one does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.persistence import Database
from tests.trust.mutants.quick import CHECKS
from tests.trust.mutants.scenarios import SCENARIOS
from tests.trust.mutants.table import MUTANTS

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[3]
QUICK = {
    "naive-rounding": "shares",
    "refund-on-its-own": "refunds",
    "no-inbox": "once",
    "poll-by-last-id": "late",
    "mark-first": "kept",
    "stock-read-modify-write": "stock",
    "plan-without-lease": "lease",
    "substitute-at-list-price": "substitute",
    "weighed-difference-kept": "weight",
    "completed-without-cases": "completion",
    "borne-by-ignored": "goodwill",
    "tip-kept": "tip",
    "refunded-cash-collected": "door",
    "commission-not-clawed-back": "claw_back",
    "take-rate-of-everything": "take",
    "subsidy-stays": "subsidy",
}
NEEDS = {
    "once": ("crm",),
    "late": ("crm",),
    "kept": ("crm",),
    "stock": ("storefront",),
    "lease": ("dispatch",),
}


@pytest.fixture
def run(service_database: Callable[[str], Database]) -> Run:
    """Run checks on parts that a mutant has broken, on empty databases."""

    def run(mutant: str, *checks: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        for service in sorted({service for check in checks for service in NEEDS.get(check, ())}):
            environment[f"LINLI_{service.upper()}_DATABASE_URL"] = service_database(service).url
        program = ["tests.trust.mutants.start", mutant, "tests.trust.mutants.quick", *checks]
        return subprocess.run(
            [sys.executable, "-P", "-m", *program],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_the_sound_parts_pass_every_check(run: Run) -> None:
    done = run("none", *CHECKS)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("mutant", QUICK)
def test_the_check_refuses_the_mutant(mutant: str, run: Run) -> None:
    done = run(mutant, QUICK[mutant])
    assert done.returncode == 1
    # It has to be the check that refuses it, and not a mutant that does not run.
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_every_mutant_has_a_scenario_and_every_check_a_mutant() -> None:
    assert set(SCENARIOS) == set(MUTANTS)
    assert set(QUICK.values()) == set(CHECKS)
    assert set(QUICK) <= set(MUTANTS)
