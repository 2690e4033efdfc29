"""How a green thread waits for PostgreSQL: for a moment by itself, then by giving way to the others."""

from __future__ import annotations

from typing import Any

import eventlet.patcher
from eventlet.hubs import trampoline
from psycopg2 import OperationalError
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, set_wait_callback

# Most statements are answered within this time, and going through eventlet's loop costs more than the wait.
PATIENCE_MILLISECONDS = 1

_select: Any = eventlet.patcher.original("select")


def make_green() -> None:
    """Let every psycopg2 connection of this process wait so."""
    set_wait_callback(wait)


def wait(connection: Any, timeout: Any = None) -> None:
    """Return when ``connection`` has its answer; psycopg2 calls it for every statement."""
    patient = True
    while True:
        state = connection.poll()
        if state == POLL_OK:
            return
        if state == POLL_READ:
            if patient:
                patient = False
                answer = _select.poll()
                answer.register(connection.fileno(), _select.POLLIN)
                if answer.poll(PATIENCE_MILLISECONDS):
                    continue
            trampoline(connection.fileno(), read=True)
        elif state == POLL_WRITE:
            trampoline(connection.fileno(), write=True)
        else:
            raise OperationalError(f"PostgreSQL's connection answered {state!r} when asked for its state")
