"""Holding services in one process: containers, the operators' address, and an orderly end."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import eventlet
import eventlet.wsgi
from nameko.runners import ServiceRunner

from linli.processes.discovery import service_class
from shared.messaging.dependencies import DatabaseProvider
from shared.messaging.link import Link
from shared.observability.ops import Check, ops_application

log = logging.getLogger(__name__)

# A worker is a green thread; what bounds the work are the prefetch counts and the database pools.
_WORKERS = 200


def host(names: Sequence[str], before_start: Callable[[], None] | None = None) -> None:
    """Run the services until SIGTERM or SIGINT, or until one of them fails for good."""
    runner = ServiceRunner({"max_workers": _WORKERS})
    for name in names:
        runner.add_service(service_class(name))
    serve_operators(_checks(runner))
    if before_start is not None:
        before_start()
    ending = eventlet.event.Event()

    def end(number: int, _frame: Any) -> None:
        if not ending.ready():
            log.info("ending on %s", signal.Signals(number).name)
            ending.send(None)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    runner.start()
    _spare_the_collector()
    log.info("running %s", ", ".join(names))
    eventlet.spawn(_wait_for, runner, ending)
    ending.wait()
    with eventlet.Timeout(15, False):
        runner.stop()


def _spare_the_collector() -> None:
    """What was loaded by now stays: keep the garbage collector from walking it over and over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def serve_operators(checks: dict[str, Check]) -> None:
    """Answer on ``LINLI_OPS_ADDRESS`` if it is set: metrics and health."""
    address = os.environ.get("LINLI_OPS_ADDRESS")
    if not address:
        return
    where, _, port = address.rpartition(":")
    listener = eventlet.listen((where, int(port)), reuse_port=False)
    eventlet.spawn(
        eventlet.wsgi.server,
        listener,
        ops_application(checks),
        log_output=False,
        debug=False,
        keepalive=False,
    )


def _wait_for(runner: Any, ending: Any) -> None:
    try:
        runner.wait()
    except Exception:
        log.exception("a service failed")
    if not ending.ready():
        ending.send(None)


def _checks(runner: Any) -> dict[str, Check]:
    checks: dict[str, Check] = {}
    for container in runner.containers:
        for extension in container.extensions:
            if isinstance(extension, Link):
                checks[f"{container.service_name} broker"] = lambda link=extension: link.is_connected  # type: ignore[misc]
            elif isinstance(extension, DatabaseProvider):
                checks[f"{container.service_name} database"] = lambda provider=extension: _answers(provider)  # type: ignore[misc]
    return checks


def _answers(provider: Any) -> bool:
    with provider.database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    return True
