"""`linli relay NAME…`: takes the outboxes of these services to the broker; neither nameko nor eventlet."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from linli.processes.discovery import publishers
from shared.kernel import failpoints
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.observability.logging import configure_logging
from shared.observability.ops import Check, ops_application

log = logging.getLogger(__name__)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes and probes are not worth a line."""


def main(names: Sequence[str]) -> None:
    configure_logging("relay", os.environ.get("LINLI_LOG_LEVEL", "INFO"))
    failpoints.arm_from_environment()
    relays = {name: Relay(Outbox(_database_url(name), name), _amqp_url()) for name in names or publishers()}
    serve_operators({name: (lambda relay=relay: relay.is_connected) for name, relay in relays.items()})  # type: ignore[misc]
    threads = [threading.Thread(target=relay.run, name=name) for name, relay in relays.items()]

    def end(_number: int, _frame: object) -> None:
        for relay in relays.values():
            relay.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    for thread in threads:
        thread.start()
    log.info("relaying %s", ", ".join(relays))
    for thread in threads:
        thread.join()


def serve_operators(checks: dict[str, Check]) -> None:
    """Answer on ``LINLI_OPS_ADDRESS`` if it is set, from a thread of its own."""
    address = os.environ.get("LINLI_OPS_ADDRESS")
    if not address:
        return
    where, _, port = address.rpartition(":")
    server = make_server(where, int(port), ops_application(checks), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, name="operators", daemon=True).start()


def _amqp_url() -> str:
    return os.environ["LINLI_AMQP_URL"]


def _database_url(service: str) -> str:
    return os.environ[f"LINLI_{service.upper()}_DATABASE_URL"]


if __name__ == "__main__":
    main(sys.argv[1:])
