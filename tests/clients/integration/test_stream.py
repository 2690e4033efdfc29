"""What is true of a stream alone: repeats, poison, slow handlers, a broker that dies, readers that die."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPError

from linli.stack import children
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.state import ROOT, State
from linli_events import NoSuchStream, NotPermitted, NotReachable, connect
from tests.clients.places import Stream
from tests.clients.publishing import envelope
from tests.waiting import wait_until


@pytest.fixture
def stream(rabbitmq_server: PrivateRabbit, request: pytest.FixtureRequest) -> Iterator[Stream]:
    made = Stream(rabbitmq_server, request.node.originalname)
    yield made
    made.remove()


def test_a_repeat_is_given_once_wherever_a_reader_begins(stream: Stream) -> None:
    stream.publish(0, 1, 2, 1, 2, 3)
    with stream.connect() as events:
        assert [event.offset for event in events.read(follow=False)] == [0, 1, 2, 5]
        for start in range(6):
            given = [event.offset for event in events.read(start, follow=False)]
            assert given == [offset for offset in (0, 1, 2, 5) if offset >= start]
        whole = [event.offset for event in events.read(follow=False, unique_within=0)]
        assert whole == [0, 1, 2, 3, 4, 5]
        near = [event.offset for event in events.read(follow=False, unique_within=1)]
        assert near == [0, 1, 2, 3, 4, 5]


def test_what_is_no_event_is_left_out_with_a_warning(
    stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    stream.publish_bodies(envelope(0), b"\xff not JSON", b"[]", b'{"id": 3}', envelope(1))
    with stream.connect() as events:
        assert [event.offset for event in events.read(follow=False)] == [0, 4]
    assert [record.levelname for record in caplog.records if record.name == "linli_events"] == ["WARNING"] * 3


def test_a_slow_handler_keeps_its_place_and_its_connection(stream: Stream) -> None:
    """The handler is slower than two heartbeats, while more waits than is sent ahead."""
    stream.publish(*range(2500))
    slow = connect(f"{stream.url}?heartbeat=1")
    ended = threading.Event()
    with slow as events:
        reading = events.read("first", stop=2500)
        given = [next(reading).offset for _ in range(600)]
        ended.wait(4)
        given += [event.offset for event in reading]
    assert given == list(range(2500))


def test_refusals_are_sentences(stream: Stream, rabbitmq_server: PrivateRabbit) -> None:
    with pytest.raises(NotPermitted, match="does not let 'nobody' in: wrong name or password"):
        connect(stream.url.replace("//linli:", "//nobody:")).read()
    with pytest.raises(NotPermitted, match="may not use the virtual host 'nowhere'"):
        connect(stream.url.rpartition("/")[0] + "/nowhere").read()
    with pytest.raises(NoSuchStream, match="has no stream 'other'"):
        connect(stream.url, stream="other").read()
    with pika.BlockingConnection(pika.URLParameters(stream.url)) as connection:
        connection.channel().queue_declare("plain", durable=True)
    with pytest.raises(NotReachable, match="Connection refused"):
        connect("amqp://a:b@127.0.0.1:1/").read()


def test_a_stream_that_is_deleted_while_it_is_read_is_said(stream: Stream) -> None:
    stream.publish(0)
    with connect(stream.url, patience=1) as events:
        reading = events.read("first")
        assert next(reading).offset == 0
        with pika.BlockingConnection(pika.URLParameters(stream.url)) as connection:
            connection.channel().queue_delete("events")
        with pytest.raises(NoSuchStream):
            next(reading)


@pytest.fixture
def own_broker() -> Iterator[PrivateRabbit]:
    """A broker that the test may kill."""
    with tempfile.TemporaryDirectory(prefix="linli-kill-") as folder:
        Path(folder).chmod(0o711)
        server = PrivateRabbit(State(Path(folder)))
        server.start()
        yield server
        server.stop()


class _Publisher:
    """Publishes the events 0, 1, 2… as the relay does: mandatory, and again what was not confirmed.

    A broker that starts again confirms what it cannot route yet, unless that is mandatory.
    """

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self._ending = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join(30)

    def _run(self) -> None:
        while self.sent < self._count and not self._ending.wait(0.2):
            with (
                suppress(AMQPError, OSError),
                pika.BlockingConnection(pika.URLParameters(self._url)) as connection,
            ):
                channel = connection.channel()
                channel.confirm_delivery()
                while self.sent < self._count:
                    channel.basic_publish(
                        "",
                        "events",
                        envelope(self.sent),
                        pika.BasicProperties(delivery_mode=2),
                        mandatory=True,
                    )
                    self.sent += 1


@pytest.mark.slow
def test_killed_readers_and_a_killed_broker_leave_no_gap_and_no_double(
    own_broker: PrivateRabbit, tmp_path: Path
) -> None:
    """A reader stores each event with its offset, is killed at random, and resumes from its own data."""
    count, chance, until = 3000, random.Random(7), time.monotonic() + 240
    stream = Stream(own_broker, "killed")
    publisher = _Publisher(stream.url, count)
    file = tmp_path / "read.sqlite"
    kills = 0

    def stored() -> int:
        with closing(sqlite3.connect(file, timeout=10)) as database, suppress(sqlite3.OperationalError):
            return int(database.execute("SELECT count(*) FROM event").fetchone()[0])
        return 0

    def start() -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-P", "-m", "tests.clients.storing_reader", stream.url, str(file)]
        return subprocess.Popen(
            argv, env=dict(os.environ) | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
        )

    reader = start()
    broker_dies_at = [count // 3, 2 * count // 3]
    kill_at = 200
    while (done := stored()) < count:
        assert time.monotonic() < until, f"{done} of {publisher.sent} events were read"
        if broker_dies_at and done >= broker_dies_at[0]:
            broker_dies_at.pop(0)
            broker = children.marked(own_broker._mark)
            assert broker is not None
            broker.kill()
            broker.wait(10)
            own_broker.start()
        if done >= kill_at:
            reader.send_signal(signal.SIGKILL)
            reader.wait()
            kills += 1
            kill_at = done + chance.randint(200, 500)
            reader = start()
        elif reader.poll() is not None:
            # It began while the broker was away, and said so.
            reader = start()
        with suppress(AssertionError):
            wait_until(lambda floor=done: stored() >= min(floor + 100, count), 5)  # type: ignore[misc]
    reader.kill()
    reader.wait()
    publisher.end()
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT number FROM event ORDER BY offset").fetchall()
    assert [number for (number,) in rows] == list(range(count))
    assert kills >= 5
    assert broker_dies_at == []
