"""What a piece of work is part of: the request or event that caused it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class WorkContext:
    """Ids that follow a request through every service, event and log line."""

    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


_EMPTY = WorkContext()
_current: ContextVar[WorkContext] = ContextVar("linli_work_context", default=_EMPTY)


def current() -> WorkContext:
    return _current.get()


@contextmanager
def working_on(context: WorkContext) -> Iterator[None]:
    """Everything published, called and logged in the block belongs to ``context``."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
