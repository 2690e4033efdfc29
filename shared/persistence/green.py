"""How a green thread waits for PostgreSQL: for a moment by itself, then by giving way to the others."""

from __future__ import annotations

from typing import Any

import eventlet.patcher
from eventlet.hubs import trampoline
from psycopg2 import OperationalError
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, set_wait_callback

# Most statements are answered within this time, and going through eventlet's loop costs more than the wait.
PATIENCE_MILLISECONDS = 1
# A statement that was waited for in vain is not waited for the next so many times: meanwhile the whole
# process does nothing.
_WITHOUT_PATIENCE = 16
_MOST_REMEMBERED = 2000

_in_vain: dict[Any, int] = {}
_select: Any = eventlet.patcher.original("select")


def make_green() -> None:
    """Let every psycopg2 connection of this process wait so."""
    set_wait_callback(wait)


def wait(connection: Any, timeout: Any = None) -> None:
    """Return when ``connection`` has its answer; psycopg2 calls it for every statement."""
    asked = getattr(connection, "asked", None)
    owed = _in_vain.get(asked, 0)
    patient = owed == 0
    if owed:
        _in_vain[asked] = owed - 1
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
                if len(_in_vain) >= _MOST_REMEMBERED:
                    _in_vain.clear()
                _in_vain[asked] = _WITHOUT_PATIENCE
            trampoline(connection.fileno(), read=True)
        elif state == POLL_WRITE:
            trampoline(connection.fileno(), write=True)
        else:
            raise OperationalError(f"PostgreSQL's connection answered {state!r} when asked for its state")
