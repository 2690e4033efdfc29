"""A failpoint is nothing until it is armed; then one file is one death."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from shared.kernel import failpoints
from shared.kernel.errors import DeadlineExceeded, InvalidInput

ROOT = Path(__file__).resolve().parents[3]
_REACHED = re.compile(r'failpoints\.reach\(\s*"([a-z.-]+)"')
_PROGRAM = """
from shared.kernel import failpoints
failpoints.arm_from_environment()
failpoints.reach("relay.sent")
failpoints.reach("relay.published")
"""


@pytest.fixture(autouse=True)
def _disarmed() -> None:
    failpoints.disarm()


def run(folder: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT)} | ({} if folder is None else {"LINLI_FAILPOINTS": str(folder)})
    return subprocess.run(
        [sys.executable, "-P", "-c", _PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_of_its_name_is_the_death_of_one_process(tmp_path: Path) -> None:
    (tmp_path / "relay.published").touch()
    assert run(tmp_path).returncode == -signal.SIGKILL
    (evidence,) = tmp_path.iterdir()
    assert evidence.name.startswith("relay.published.hit-")
    assert run(tmp_path).returncode == 0


def test_a_process_that_was_not_told_of_a_folder_passes_every_place(tmp_path: Path) -> None:
    (tmp_path / "relay.published").touch()
    assert run(None).returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["relay.published"]


def test_a_file_that_says_timeout_is_a_deadline_that_has_passed_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINLI_FAILPOINTS", str(tmp_path))
    failpoints.arm_from_environment()
    (tmp_path / "provider.charged").write_text("timeout\n")
    with pytest.raises(DeadlineExceeded):
        failpoints.reach("provider.charged")
    failpoints.reach("provider.charged")


def test_a_folder_that_does_not_exist_is_refused_by_the_name_of_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINLI_FAILPOINTS", str(tmp_path / "nowhere"))
    with pytest.raises(InvalidInput) as refused:
        failpoints.arm_from_environment()
    assert refused.value.errors[0]["field"] == "LINLI_FAILPOINTS"


def test_every_place_is_reached_somewhere_and_is_documented() -> None:
    reached: Counter[str] = Counter()
    for folder in ("services", "shared"):
        for file in (ROOT / folder).rglob("*.py"):
            reached.update(_REACHED.findall(file.read_text()))
    assert set(reached) == set(failpoints.PLACES)
    operations = (ROOT / "docs" / "operations.md").read_text()
    assert [place for place in failpoints.PLACES if f"`{place}`" not in operations] == []


def test_a_place_that_is_not_armed_costs_next_to_nothing() -> None:
    count = 200_000
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(count):
            failpoints.reach("transaction.before-commit")
        best = min(best, (time.perf_counter() - begun) / count)
    # About 40 ns; a transaction takes some 500 µs. The bound leaves room for a busy machine.
    assert best < 2e-6
