"""Two services that speak with each other over whatever ``LINLI_AMQP_URL`` names; prints what was seen.

A program of its own, since eventlet changes the process it runs in. The same run serves the in-memory
transport and RabbitMQ: both must show the same.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from linli.processes.greening import make_green

make_green()

import eventlet  # noqa: E402
import kombu  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402
from sqlalchemy import text  # noqa: E402

from shared.kernel.errors import Conflict, Refusal  # noqa: E402
from shared.messaging import topology  # noqa: E402
from shared.messaging.context import WorkContext, current, working_on  # noqa: E402
from shared.messaging.dependencies import DatabaseProvider  # noqa: E402
from shared.messaging.embedded_relay import EmbeddedRelay  # noqa: E402
from shared.messaging.envelope import Event  # noqa: E402
from shared.messaging.link import Link, amqp_url  # noqa: E402
from shared.messaging.outbox import Outbox  # noqa: E402
from shared.messaging.rpc import RpcProvider, answer  # noqa: E402
from shared.messaging.subscription import subscribe, subscriptions_of  # noqa: E402
from shared.messaging.timer import every  # noqa: E402

TAKEN: list[tuple[int, str | None]] = []
BEATS: list[float] = []


class Campaigns:
    name = "campaigns"
    database = DatabaseProvider("campaigns")
    rpc = RpcProvider()

    @answer
    def emit(self, *, count: int) -> dict[str, int]:
        with self.database.transaction() as transaction:
            for number in range(count):
                transaction.publish("Thing", f"s{number}", {"number": number})
        return {"count": count}

    @answer
    def ask_on(self, *, number: int) -> Any:
        return self.rpc.call("crm", "twice", number=number)

    @answer
    def refuse(self) -> None:
        raise Conflict("No.", errors=[{"field": "x", "message": "y"}], left=3)

    @answer
    def sleep(self, *, seconds: float) -> str:
        eventlet.sleep(seconds)
        return "slept"

    @answer
    def correlation(self) -> str | None:
        return current().correlation_id


class Crm:
    name = "crm"
    database = DatabaseProvider("crm")

    @answer
    def twice(self, *, number: int) -> int:
        return 2 * number

    @subscribe("campaigns", "Thing")
    def on_campaigns(self, transaction: Any, event: Event) -> None:
        if event.data["number"] == 13:
            raise ValueError("poison")
        TAKEN.append((event.data["number"], current().causation_id))

    @every(seconds=0.05)
    def beat(self) -> None:
        BEATS.append(time.monotonic())
        if len(BEATS) == 1:
            raise RuntimeError("a timer outlives this")


class Asker:
    name = "asker"
    rpc = RpcProvider()

    @answer
    def nothing(self) -> None:
        """A service needs an entrypoint to be one."""


def refusal_of(act: Callable[[], Any]) -> dict[str, Any]:
    try:
        act()
    except Refusal as refusal:
        return refusal.to_wire()
    return {}


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        eventlet.sleep(0.02)
    return False


def rows(service: type, query: str) -> list[Any]:
    with CONTAINERS[service.name].database.read() as connection:  # type: ignore[attr-defined]
        return [list(row) for row in connection.execute(text(query))]


CONTAINERS: dict[str, Any] = {}


class NoArchive:
    """Of what is sent here nothing is kept."""

    def keep(self, source: str, rows: Any) -> None: ...

    def is_complete(self, source: str) -> bool:
        return True

    def set_complete(self, source: str) -> None: ...


def main() -> None:
    is_memory = amqp_url().startswith("linli-memory")
    subscriptions = subscriptions_of(Crm)
    runner = ServiceRunner({"max_workers": 100})
    for service in (Campaigns, Crm, Asker):
        runner.add_service(service)
    if not is_memory:
        with kombu.Connection(amqp_url()) as connection:
            topology.declare(connection, ["campaigns", "crm"], subscriptions)
    runner.start()
    for container in runner.containers:
        for dependency in container.dependencies:
            if isinstance(dependency, DatabaseProvider):
                CONTAINERS[container.service_name] = dependency
    rpc = next(d for c in runner.containers if c.service_name == "asker" for d in c.dependencies)._client
    outbox = Outbox(os.environ["LINLI_CAMPAIGNS_DATABASE_URL"], "campaigns")
    if is_memory:
        relay = EmbeddedRelay(
            Outbox(os.environ["LINLI_CAMPAIGNS_DATABASE_URL"], "campaigns"), amqp_url(), NoArchive()
        )
        DatabaseProvider.listeners.append(lambda service: relay.wake() if service == "campaigns" else None)
        eventlet.spawn(relay.run)
    links = [e for c in runner.containers for e in c.extensions if isinstance(e, Link)]
    seen: dict[str, Any] = {"links": wait_until(lambda: all(link.is_connected for link in links))}

    seen["two hops"] = rpc.call("campaigns", "ask_on", number=21, deadline=20)
    seen["refused"] = refusal_of(lambda: rpc.call("campaigns", "refuse"))
    seen["unknown method"] = refusal_of(lambda: rpc.call("campaigns", "nope"))["code"]
    seen["unknown argument"] = refusal_of(lambda: rpc.call("campaigns", "refuse", x=1))["code"]
    seen["nobody there"] = refusal_of(lambda: rpc.call("nobody", "x", deadline=0.2))["code"]
    started = time.monotonic()
    seen["in parallel"] = rpc.gather([("campaigns", "sleep", {"seconds": 0.4})] * 5, deadline=20)
    seen["parallel enough"] = time.monotonic() - started < 2.0
    seen["partly"] = [
        answered.code if isinstance(answered, Refusal) else answered
        for answered in rpc.gather([("crm", "twice", {"number": 1}), ("campaigns", "refuse", {})])
    ]
    with working_on(WorkContext("the-request")):
        seen["correlation"] = rpc.call("campaigns", "correlation")
    seen["emitted"] = rpc.call("campaigns", "emit", count=40)
    seen["all taken"] = wait_until(lambda: len({number for number, _ in TAKEN}) == 39)
    seen["causes"] = all(cause for _, cause in TAKEN)
    seen["put aside"] = wait_until(lambda: bool(rows(Crm, "SELECT 1 FROM inbox_retry")))
    seen["reason"] = rows(Crm, "SELECT DISTINCT reason FROM inbox_retry")
    # A message counts as taken before its row in the inbox is committed.
    wait_until(lambda: rows(Crm, "SELECT count(*) FROM inbox")[0][0] >= 39)
    seen["inbox"] = rows(Crm, "SELECT count(*) FROM inbox")[0][0]
    seen["sent"] = wait_until(lambda: not outbox.has_unsent())
    seen["timer"] = wait_until(lambda: len(BEATS) >= 5)
    sys.stdout.write(json.dumps(seen) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    finally:
        # Green threads and containers would keep a failed run alive.
        traceback.print_exc()
        os._exit(1)
