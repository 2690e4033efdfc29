"""Waiting for a condition with a deadline, which is what tests do instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as ``condition`` holds; fail the test when it does not within ``seconds``."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"still not so after {seconds} s: {condition}")
        time.sleep(0.02)
