"""Logs: one JSON line a record, with the ids of the work it belongs to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[3]
# Logging is set up for a whole process, so it is looked at from outside of one.
_HEAD = """
import logging
from shared.messaging.context import WorkContext, working_on
from shared.observability.logging import configure_logging
configure_logging("ordering", "INFO")
log = logging.getLogger("a.place")
"""


def _lines(program: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", _HEAD + program],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_says_what_where_when_and_for_whom() -> None:
    (line,) = _lines("""
with working_on(WorkContext("the-request", "the-event")):
    log.info("paid %s of %d", "half", 8, extra={"order_id": "o1", "lines": [1, None]})
log.debug("unseen")
""")
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "message": "paid half of 8",
        "process": "ordering",
        "order_id": "o1",
        "lines": [1, None],
        "level": "info",
        "logger": "a.place",
        "correlation_id": "the-request",
        "causation_id": "the-event",
    }


def test_an_error_brings_its_trace_in_the_same_line() -> None:
    (line,) = _lines("""
try:
    1 / 0
except ZeroDivisionError:
    log.exception("it failed")
""")
    assert line["level"] == "error"
    assert "ZeroDivisionError: division by zero" in line["exc_info"]
    assert "correlation_id" not in line


def test_what_json_does_not_know_is_written_all_the_same() -> None:
    odd, broken, large = _lines(r"""
import pathlib
log.warning("odd\nline", extra={"path": pathlib.PurePosixPath("/a"), "by": {1: b"x"}})
log.warning("broken \udc80 text")
log.warning("large", extra={"number": 2**70})
""")
    assert (odd["message"], odd["path"], odd["by"]) == ("odd\nline", "/a", {"1": "b'x'"})
    assert broken["message"] == "broken \udc80 text"
    assert large["number"] == 2**70


def test_noisy_libraries_are_told_to_be_quiet() -> None:
    assert _lines('logging.getLogger("amqp").warning("x"); logging.getLogger("nameko.a").error("x")') == []
