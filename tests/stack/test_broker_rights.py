"""An analyst's login reads the stream and nothing else, and what the stream keeps can be changed."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from linli.failures import Failure
from linli.processes.retention import retention_from_environment
from linli.stack.broker_rights import (
    MANAGEMENT,
    RightsByCommand,
    RightsOverHttp,
    command_to_keep,
    commands_for_reader,
    reader_url,
)
from linli.stack.platform import declare_topology
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.state import ROOT
from linli_events import NotPermitted, OffsetGone, connect
from shared.messaging.retention import Retention
from tests.clients.publishing import envelope
from tests.stack.fake_management import FakeManagement
from tests.stack.real_management import managed
from tests.waiting import wait_until

NAME = "ana"


@pytest.fixture(scope="module")
def broker_url(rabbitmq_server: PrivateRabbit) -> Iterator[str]:
    url = rabbitmq_server.add_vhost("rights")
    declare_topology(url)
    yield url
    rabbitmq_server.control("delete_vhost", "rights")


@pytest.fixture(scope="module")
def analyst(rabbitmq_server: PrivateRabbit, broker_url: str) -> Iterator[str]:
    """The address of an analyst whom our own command has let in."""
    password = secrets.token_hex(8)
    rights = RightsByCommand(rabbitmq_server.control, "rights")
    rights.open_reader(NAME, password)
    yield reader_url(broker_url, NAME, password)
    rights.close_reader(NAME)


def _publish(url: str, exchange: str, key: str, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, body)


def test_an_analyst_reads_the_stream(broker_url: str, analyst: str) -> None:
    _publish(broker_url, "ordering.events", "OrderPaid", envelope(1))
    with connect(analyst) as events:
        wait_until(lambda: events.bounds() is not None)
        assert next(events.read("first")).source == "ordering"


_FORBIDDEN: dict[str, Callable[[Any], object]] = {
    "publish to an exchange": lambda c: c.basic_publish("ordering.events", "OrderPaid", b"{}"),
    "publish to a queue": lambda c: c.basic_publish("", "crm.from.ordering", b"{}"),
    "publish to the stream": lambda c: c.basic_publish("", "events", b"{}"),
    "declare a queue": lambda c: c.queue_declare("mine"),
    "declare a queue of its own": lambda c: c.queue_declare("", exclusive=True),
    "declare the stream otherwise": lambda c: c.queue_declare("events", durable=True),
    "declare an exchange": lambda c: c.exchange_declare("mine", "topic"),
    "delete the stream": lambda c: c.queue_delete("events"),
    "delete an exchange": lambda c: c.exchange_delete("ordering.events"),
    "bind the stream elsewhere": lambda c: c.queue_bind("events", "unrouted"),
    "unbind the stream": lambda c: c.queue_unbind("events", "ordering.events", "#"),
    "bind an exchange": lambda c: c.exchange_bind("crm.events", "ordering.events"),
    "consume from a queue": lambda c: c.basic_consume("crm.from.ordering", lambda *_: None),
    "take from a queue": lambda c: c.basic_get("crm.from.ordering"),
    "take what was parked": lambda c: c.basic_get("dead-letters"),
    "purge a queue": lambda c: c.queue_purge("crm.from.ordering"),
}


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_an_analyst_may_do_nothing_else(analyst: str, what: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(analyst))
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as refused:
        _FORBIDDEN[what](channel)
    assert refused.value.reply_code == 403
    connection.close()


def test_an_analyst_cannot_purge_the_stream(broker_url: str, analyst: str) -> None:
    _publish(broker_url, "ordering.events", "OrderPaid", envelope(2))
    wait_until(lambda: connect(analyst).bounds() is not None)
    connection = pika.BlockingConnection(pika.URLParameters(analyst))
    channel = connection.channel()
    with pytest.raises(AMQPError):
        channel.queue_purge("events")
    assert connect(analyst).bounds() is not None


def test_an_analyst_sees_no_other_virtual_host(rabbitmq_server: PrivateRabbit, analyst: str) -> None:
    elsewhere = analyst.rpartition("/")[0] + "/%2f"
    with pytest.raises(NotPermitted, match="may not use the virtual host '/'"):
        connect(elsewhere).bounds()


def test_the_printed_commands_do_the_same(rabbitmq_server: PrivateRabbit, broker_url: str) -> None:
    for command in commands_for_reader("rights", "bea", "pass word"):
        rabbitmq_server.control(*shlex.split(command)[1:])
    connect(reader_url(broker_url, "bea", "pass%20word")).bounds()
    rights = RightsByCommand(rabbitmq_server.control, "rights")
    rights.open_reader("bea", "another")
    with pytest.raises(NotPermitted, match="wrong name or password"):
        connect(reader_url(broker_url, "bea", "pass%20word")).bounds()
    rights.close_reader("bea")
    with pytest.raises(Failure, match="no login 'bea'"):
        rights.close_reader("bea")


def test_a_login_that_may_do_more_is_left_alone(rabbitmq_server: PrivateRabbit) -> None:
    rights = RightsByCommand(rabbitmq_server.control, "rights")
    with pytest.raises(Failure, match="may do more than read"):
        rights.open_reader("linli", "taken-over")
    with pytest.raises(Failure, match="may do more than read"):
        rights.close_reader("linli")
    with pytest.raises(Failure, match="no name for a login"):
        rights.open_reader("../linli", "x")


@pytest.fixture(params=["fake", "broker"])
def management(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a management API: of the fake, and of the broker whose virtual host is `rights`."""
    if request.param == "fake":
        with FakeManagement("admin", "s3cret") as fake:
            fake.users["linli"] = {"tags": "administrator"}
            yield fake.url
        return
    request.getfixturevalue("broker_url")
    with managed(request.getfixturevalue("rabbitmq_server")) as url:
        yield url


def _at(management: str, path: str) -> Any:
    """What the API answers to a question of an administrator's own."""
    parts = urlsplit(management)
    request = urllib.request.Request(f"http://{parts.hostname}:{parts.port}/api/{path}")
    login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    request.add_header("Authorization", f"Basic {login}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_the_management_api_gives_the_same_rights(management: str) -> None:
    rights = RightsOverHttp(management, "rights")
    rights.open_reader("cai", "first")
    rights.open_reader("cai", "second")
    (held,) = _at(management, "users/cai/permissions")
    assert (held["vhost"], held["configure"], held["write"], held["read"]) == (
        "rights",
        "^$",
        "^$",
        "^events$",
    )
    rights.keep(Retention(max_age="30D", max_bytes=5_000_000_000))
    policy = _at(management, "policies/rights/events-retention")
    assert policy["definition"] == {"max-age": "30D", "max-length-bytes": 5_000_000_000}
    assert (policy["pattern"], policy["apply-to"]) == ("^events$", "queues")
    with pytest.raises(Failure, match="may do more"):
        rights.open_reader("linli", "taken-over")
    with pytest.raises(Failure, match="does not let this login"):
        RightsOverHttp(management.replace("@", "wrong@"), "rights").open_reader("cai", "a")
    rights.close_reader("cai")
    with pytest.raises(Failure, match="no login 'cai'"):
        rights.close_reader("cai")


def test_what_the_management_api_allowed_the_broker_allows(
    rabbitmq_server: PrivateRabbit, broker_url: str
) -> None:
    with managed(rabbitmq_server) as management:
        rights = RightsOverHttp(management, "rights")
        rights.open_reader("dan", "first")
        rights.open_reader("dan", "second")
        connect(reader_url(broker_url, "dan", "second")).bounds()
        with pytest.raises(NotPermitted, match="wrong name or password"):
            connect(reader_url(broker_url, "dan", "first")).bounds()
        rights.close_reader("dan")


_LITTLE, _MUCH = 1_000_000, 4_000_000_000


@pytest.mark.parametrize(("declared", "wanted"), [(_LITTLE, _MUCH), (_MUCH, _LITTLE)], ids=["more", "less"])
def test_a_policy_decides_whatever_the_stream_was_declared_with(
    rabbitmq_server: PrivateRabbit, declared: int, wanted: int
) -> None:
    """Segments are small here, so that there is something to drop."""
    vhost = f"keeping-{wanted}"
    url = rabbitmq_server.add_vhost(vhost)
    limits = {"x-max-length-bytes": declared, "x-stream-max-segment-size-bytes": 500_000}
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare("events", durable=True, arguments={"x-queue-type": "stream", **limits})
        RightsByCommand(rabbitmq_server.control, vhost).keep(Retention(max_bytes=wanted))
        channel.confirm_delivery()
        for number in range(300):
            channel.basic_publish("", "events", envelope(number, pad=20_000))
    with connect(url) as events:
        if wanted == _LITTLE:
            wait_until(lambda: (events.bounds() or (0, 0))[0] > 0)
            with pytest.raises(OffsetGone, match="Offset 5 is no longer kept"):
                events.read(5)
        else:
            # Each segment begins with a note of the broker's, which takes an offset and is no event.
            assert [event.id for event in events.read(follow=False)] == [f"event-{n}" for n in range(300)]
    rabbitmq_server.control("delete_vhost", vhost)


def _topology(url: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "linli", "topology"],
        env=environment | {"PYTHONPATH": str(ROOT), "LINLI_AMQP_URL": url, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_other_limits_for_a_stream_that_is_there_are_said_or_set(broker_url: str) -> None:
    same = _topology(broker_url)
    assert (same.returncode, same.stdout) == (0, "")
    other = _topology(broker_url, LINLI_STREAM_MAX_AGE="30D")
    assert other.returncode == 0, other.stderr
    assert command_to_keep("rights", Retention(max_age="30D")) in other.stdout
    with FakeManagement("admin", "s3cret") as fake:
        managed = _topology(broker_url, LINLI_STREAM_MAX_AGE="30D", **{MANAGEMENT: fake.url})
        assert (managed.returncode, managed.stdout) == (0, "")
        assert [json.dumps(p["definition"]["max-age"]) for p in fake.policies.values()] == ['"30D"']


def test_limits_that_make_no_sense_are_all_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_STREAM_MAX_AGE", "a week")
    monkeypatch.setenv("LINLI_STREAM_MAX_BYTES", "-5")
    with pytest.raises(Failure, match=r"MAX_AGE is 'a week'.*MAX_BYTES is '-5'"):
        retention_from_environment()
    monkeypatch.setenv("LINLI_STREAM_MAX_AGE", "12h")
    monkeypatch.setenv("LINLI_STREAM_MAX_BYTES", "50000000000")
    assert retention_from_environment() == Retention(max_age="12h", max_bytes=50_000_000_000)
