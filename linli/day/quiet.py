"""Is everything that was published also done? Compared between the databases of publishers and consumers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg2

from linli.processes import discovery
from linli.stack.databases import connect
from shared.messaging.topology import Subscription

# What a service finishes by itself, in its own time: the service, what it is called, how to count it.
LooseEnd = tuple[str, str, str]
_LOOSE_ENDS: tuple[LooseEnd, ...] = (
    ("storefront", "held", "SELECT count(*) FROM reservation WHERE status IN ('held', 'unknown')"),
    (
        "ordering",
        "refunds not confirmed",
        "SELECT count(*) FROM provider_refund WHERE state IN ('pending', 'sent', 'failed')",
    ),
)
# Where the after-sale window is long, these stay for days.
NOT_COMPLETED: LooseEnd = (
    "ordering",
    "delivered and not completed",
    "SELECT count(*) FROM orders WHERE status = 'delivered'",
)


class Databases:
    """The services' databases, read and never written; connected when first asked."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.urls = dict(urls)
        self._connections: dict[str, Any] = {}

    def rows(self, service: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        connection = self._connections.get(service)
        if connection is None:
            connection = connect(self.urls[service])
            self._connections[service] = connection
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = on")
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def value(self, service: str, sql: str, *values: object) -> Any:
        return self.rows(service, sql, *values)[0][0]

    def close(self) -> None:
        while self._connections:
            self._connections.popitem()[1].close()


@contextmanager
def databases_at(urls: Mapping[str, str]) -> Iterator[Databases]:
    databases = Databases(urls)
    try:
        yield databases
    finally:
        databases.close()


@cache
def subscriptions() -> tuple[Subscription, ...]:
    """Every subscription that the services' entrypoints declare."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from shared.messaging.subscription import subscriptions_of

    classes = [discovery.service_class(name) for name in discovery.all_services()]
    return tuple(sorted(found for cls in classes for found in subscriptions_of(cls)))


def undone(databases: Databases, *more: LooseEnd) -> dict[str, int]:
    """What is still on its way: unsent rows, waiting retries, events that a subscriber has not done, and
    what a service has yet to finish, ``more`` of it than what is never long.
    """
    left: dict[str, int] = {}
    for service in databases.urls:
        unsent = databases.value(service, "SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        waiting = databases.value(service, "SELECT count(*) FROM inbox_retry")
        left |= {f"{service}: unsent": unsent, f"{service}: waiting for a retry": waiting}
    for service, what, sql in (*_LOOSE_ENDS, *more):
        if service in databases.urls:
            left[f"{service}: {what}"] = databases.value(service, sql)
    for wanted in subscriptions():
        if {wanted.service, wanted.source} <= set(databases.urls):
            left[f"{wanted.name}: not done"] = len(missing(databases, wanted))
    return {what: count for what, count in left.items() if count}


def missing(databases: Databases, wanted: Subscription) -> set[str]:
    """Events that were published for a subscription and are neither done, nor waiting, nor parked there."""
    published = databases.rows(
        wanted.source, "SELECT id FROM outbox WHERE type = ANY(%s)", list(wanted.types)
    )
    known = databases.rows(
        wanted.service,
        "SELECT event_id FROM inbox WHERE subscription = %s"
        " UNION ALL SELECT event_id FROM inbox_retry WHERE subscription = %s"
        " UNION ALL SELECT event_id FROM parked WHERE subscription = %s",
        wanted.name,
        wanted.name,
        wanted.name,
    )
    return {row[0] for row in published} - {row[0] for row in known}


def wait_until_quiet(databases: Databases, patience: float, *more: LooseEnd) -> dict[str, int]:
    """Wait until nothing is on its way any more (:func:`undone`); what still is after `patience` seconds is
    given back.
    """
    until = time.monotonic() + patience
    calm = 0
    while True:
        try:
            left = undone(databases, *more)
        except psycopg2.Error as error:
            databases.close()
            left = {f"a database did not answer: {error}": 1}
        calm = 0 if left else calm + 1
        # Once more after a while: an effect may publish something itself.
        if calm >= 3 or time.monotonic() > until:
            return left
        time.sleep(0.4)
