"""The broker's exchanges, queues and bindings as RabbitMQ definitions, for those who keep them as a file."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Any

from linli.processes.discovery import all_services, publishers, service_class
from linli.stack.broker_rights import RIGHTS

# Nobody can sign in without a password, so there is no secret in the file: it is given afterwards.
_ANALYST = {
    "name": "analyst",
    "password_hash": "",
    "hashing_algorithm": "rabbit_password_hashing_sha256",
    "tags": "",
}


def definitions() -> dict[str, Any]:
    """What :func:`shared.messaging.topology.declare` would declare, in the form of `rabbitmqctl`."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from shared.messaging.subscription import subscriptions_of
    from shared.messaging.topology import declare

    subscriptions = [s for name in all_services() for s in subscriptions_of(service_class(name))]
    notebook = _Notebook()
    declare(notebook, publishers(), subscriptions)
    return {
        "vhosts": [{"name": "/"}],
        "users": [_ANALYST],
        "permissions": [{"user": _ANALYST["name"], "vhost": "/", **RIGHTS}],
        "exchanges": [notebook.exchanges[name] for name in sorted(notebook.exchanges)],
        "queues": [notebook.queues[name] for name in sorted(notebook.queues)],
        "bindings": sorted(
            notebook.bindings, key=lambda b: (b["source"], b["destination"], b["routing_key"])
        ),
    }


class _Notebook:
    """A connection and a channel that write down what they are asked to declare."""

    def __init__(self) -> None:
        self.exchanges: dict[str, dict[str, Any]] = {}
        self.queues: dict[str, dict[str, Any]] = {}
        self.bindings: list[dict[str, Any]] = []
        self.no_ack_consumers: set[str] = set()
        self.is_open = True

    def channel(self) -> _Notebook:
        return self

    def __enter__(self) -> _Notebook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def exchange_declare(self, exchange: str, type: str, durable: bool, arguments: Any, **_: Any) -> None:
        self.exchanges[exchange] = {
            "name": exchange,
            "vhost": "/",
            "type": type,
            "durable": durable,
            "auto_delete": False,
            "arguments": arguments or {},
        }

    def queue_declare(self, queue: str, durable: bool, arguments: Any, **_: Any) -> tuple[str, int, int]:
        self.queues[queue] = {
            "name": queue,
            "vhost": "/",
            "durable": durable,
            "auto_delete": False,
            "arguments": arguments or {},
        }
        return queue, 0, 0

    def queue_bind(self, queue: str, exchange: str, routing_key: str, arguments: Any, **_: Any) -> None:
        binding = {
            "source": exchange,
            "vhost": "/",
            "destination": queue,
            "destination_type": "queue",
            "routing_key": routing_key,
            "arguments": arguments or {},
        }
        if binding not in self.bindings:
            self.bindings.append(binding)

    def prepare_queue_arguments(self, arguments: Any, **_: Any) -> Any:
        return arguments
