"""RPC and events behave the same over memory and over RabbitMQ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kombu
import pytest

from shared.messaging import topology
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.persistence import Database
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]

EXPECTED: dict[str, Any] = {
    "links": True,
    "two hops": 42,
    "refused": {
        "code": "conflict",
        "kind": "conflict",
        "detail": "No.",
        "errors": [{"field": "x", "message": "y"}],
        "extra": {"left": 3},
    },
    "unknown method": "invalid-input",
    "unknown argument": "invalid-input",
    "nobody there": "deadline-exceeded",
    "in parallel": ["slept"] * 5,
    "parallel enough": True,
    "partly": [2, "conflict"],
    "correlation": "the-request",
    "emitted": {"count": 40},
    "all taken": True,
    "causes": True,
    "put aside": True,
    "reason": [["ValueError('poison')"]],
    "inbox": 39,
    "sent": True,
    "timer": True,
}


def run_program(url: str, campaigns: Database, crm: Database) -> dict[str, Any]:
    environment = os.environ | {
        "LINLI_AMQP_URL": url,
        "LINLI_CAMPAIGNS_DATABASE_URL": campaigns.url,
        "LINLI_CRM_DATABASE_URL": crm.url,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.shared.integration.bus_program"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_services_speak_over_the_in_memory_transport(service_database: Callable[[str], Database]) -> None:
    campaigns, crm = service_database("campaigns"), service_database("crm")
    assert run_program("linli-memory://", campaigns, crm) == EXPECTED


@pytest.fixture
def relay(amqp_url: str, service_database: Callable[[str], Database]) -> Any:
    relay = Relay(Outbox(service_database("campaigns").url, "campaigns"), amqp_url)
    thread = threading.Thread(target=relay.run)
    thread.start()
    yield relay
    relay.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_services_speak_over_rabbitmq(
    relay: Relay, amqp_url: str, service_database: Callable[[str], Database]
) -> None:
    campaigns, crm = service_database("campaigns"), service_database("crm")
    assert run_program(amqp_url, campaigns, crm) == EXPECTED
    with kombu.Connection(amqp_url) as connection, connection.channel() as channel:
        depth = {
            name: channel.queue_declare(name, passive=True).message_count
            for name in ("unrouted", "dead-letters", "crm.from.campaigns")
        }
    assert depth == {"unrouted": 0, "dead-letters": 0, "crm.from.campaigns": 0}


def test_what_nobody_takes_stays_in_the_outbox_until_somebody_does(
    amqp_url: str, service_database: Callable[[str], Database]
) -> None:
    database = service_database("crm")
    with database.transaction() as transaction:
        transaction.publish("Thing", "s1", {})
    outbox = Outbox(database.url, "nobody")
    with kombu.Connection(amqp_url) as connection, connection.channel() as channel:
        exchange = kombu.Exchange("nobody.events", type="topic", durable=True)
        exchange(channel).declare()
        topology.declare(connection, [], [])
        relay = Relay(Outbox(database.url, "nobody"), amqp_url)
        thread = threading.Thread(target=relay.run)
        thread.start()
        try:
            wait_until(lambda: relay.is_connected)
            assert outbox.has_unsent()
            kombu.Queue("late", exchange=exchange, routing_key="#", durable=True)(channel).declare()
            wait_until(lambda: not outbox.has_unsent())
        finally:
            relay.stop()
            thread.join(20)


def test_a_relay_waits_for_the_stream_for_a_broker_confirms_what_it_drops(
    amqp_url: str, service_database: Callable[[str], Database]
) -> None:
    """A broker that has just started knows its queues before it knows its stream."""
    database = service_database("crm")
    with database.transaction() as transaction:
        transaction.publish("Thing", "s1", {})
    outbox = Outbox(database.url, "crm")
    with kombu.Connection(amqp_url) as connection, connection.channel() as channel:
        topology.declare(connection, ["crm"], [])
        kombu.Queue("taker", exchange=topology.events_exchange("crm"), routing_key="#", durable=True)(
            channel
        ).declare()
        channel.queue_delete(topology.STREAM)
        relay = Relay(Outbox(database.url, "crm"), amqp_url)
        thread = threading.Thread(target=relay.run)
        thread.start()
        try:
            wait_until(lambda: relay.attempts >= 2)
            assert outbox.has_unsent()
            assert not relay.is_connected
            topology.declare(connection, ["crm"], [])
            wait_until(lambda: not outbox.has_unsent())
            wait_until(lambda: channel.queue_declare(topology.STREAM, passive=True).message_count == 1)
        finally:
            relay.stop()
            thread.join(20)
            channel.queue_delete("taker")
