"""Work that the clock drives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import Entrypoint
from prometheus_client import Counter

log = logging.getLogger(__name__)
Method = TypeVar("Method", bound=Callable[..., Any])

_FAILED = Counter("linli_timer_failures_total", "Runs of timed work that failed", ["service", "method"])


class Every(Entrypoint):
    """Calls a method again and again, one call at a time, and outlives its failures."""

    def __init__(self, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds
        self._stopping = False
        self._hurry = Signal()

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier=f"every {self.seconds} s")

    def stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            eventlet.sleep(self.seconds)
            done = Signal()

            def finished(worker_ctx: Any, result: Any, exc_info: Any, done: Signal = done) -> tuple[Any, Any]:
                if exc_info is not None:
                    _FAILED.labels(self.container.service_name, self.method_name).inc()
                    log.error(
                        "%s.%s failed", self.container.service_name, self.method_name, exc_info=exc_info
                    )
                done.send(None)
                return result, None

            self.container.spawn_worker(self, (), {}, handle_result=finished)
            done.wait()


_declare = Every.decorator


def every(*, seconds: float) -> Callable[[Method], Method]:
    """Call the method every ``seconds`` of wall time, counted from the end of the last call."""
    return _declare(seconds)
