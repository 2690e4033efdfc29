"""The tool explains itself, and says in a sentence what went wrong."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from linli.failures import Failure
from linli.stack.plan import parse_replicas
from linli.stack.state import ROOT

_COMMANDS = (
    "run",
    "up",
    "down",
    "status",
    "migrate",
    "seed",
    "account",
    "import",
    "replay",
    "service",
    "relay",
    "planner",
    "topology",
    "dead-letters list",
    "dead-letters show",
    "dead-letters requeue",
    "dead-letters drop",
    "outbox lag",
    "ledger check",
    "ledger trial-balance",
    "ledger head",
    "ledger verify",
    "ledger recount",
    "ledger reconcile",
    "ledger statement list",
    "ledger statement show",
    "ledger statement pdf",
    "ledger statement csv",
    "ledger what-if",
    "explain",
    "events tail",
    "events types",
    "events show",
    "events account",
    "events export",
    "events stats",
    "plan",
    "bench lilim",
)


def _linli(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    environment |= {"PYTHONPATH": str(ROOT), "LINLI_STATE": str(state), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "linli", *arguments],
        env=environment,
        cwd=state,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_command_explains_itself(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from linli.cli import _add_days, app

    _add_days()
    for command in _COMMANDS:
        result = CliRunner().invoke(app, [*command.split(), "--help"])
        assert result.exit_code == 0, command
        assert "Usage" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["status"], 1, "Nothing is running."),
        (["outbox", "lag"], 1, "No platform is running here"),
        (["down"], 1, "There is no platform 'full'."),
        (["migrate", "--name", "nowhere"], 1, "The platform 'nowhere' is not running."),
        (["up", "--replicas", "storefront"], 2, "write it like storefront=2"),
        (["account", "king", "a@b.example", "--password", "x"], 2, "'king' is no role"),
        (["service", "bakery"], 2, "There is no service 'bakery'"),
        (["ledger", "what-if", "none.json", "--since", "2026-01-05"], 2, "none.json cannot be read"),
        (["ledger", "what-if", "none.json", "--since", "monday"], 2, "--since is a day like 2026-01-05"),
        (["fly"], 2, "No such command"),
    ],
)
def test_what_went_wrong_is_a_sentence_and_an_exit_code(
    arguments: list[str], code: int, sentence: str, tmp_path: Path
) -> None:
    done = _linli(*arguments, state=tmp_path)
    assert done.returncode == code, done.stderr
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_replicas_are_read_as_written() -> None:
    assert parse_replicas(["storefront=2", "ordering=3"]) == {"storefront": 2, "ordering": 3}
    with pytest.raises(Failure, match="how many"):
        parse_replicas(["storefront=0"])


@pytest.mark.parametrize("moment", ["bringing the databases up to date", "starting 2 processes"])
def test_a_replay_that_is_told_to_end_leaves_no_process(moment: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    command = [sys.executable, "-P", "-m", "linli", "replay", str(ROOT / "samples" / "day")]
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT), "LINLI_STATE": str(tmp_path)}
    # As a shell starts it behind `&`: Ctrl-C is ignored, being told to end is not.
    behind = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert any(moment in line for line in running.stdout)
            assert len(_started_for(tmp_path)) >= 2
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=60) == 130
    finally:
        signal.signal(signal.SIGINT, behind)
    assert _started_for(tmp_path) == []
    assert not list(tmp_path.rglob("*.pid"))


def _started_for(state: Path) -> list[psutil.Process]:
    """Every process that was told of this state folder, whether anybody wrote it down or not."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("LINLI_STATE") == str(state):
                found.append(process)
    return found
