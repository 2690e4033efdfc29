"""The command itself, killed by the system while it reads a real stream."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import kombu
import pika
import pytest

from linli.stack.state import ROOT
from linli_events import connect
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.topology import declare
from tests.events.fake_stream import event
from tests.waiting import wait_until

EVENTS = 3_000


@pytest.fixture(scope="module")
def stream_url(amqp_url: str) -> str:
    """A stream that has some thousand events."""
    with kombu.Connection(amqp_url) as connection:
        declare(connection, ["ordering"], [])
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for number in range(EVENTS):
            # Every tenth was sent once before: the relay had died before it could mark it.
            body = event(number - number % 10 if number % 10 == 5 else number)
            properties = pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2)
            channel.basic_publish("ordering.events", "OrderPlaced", body, properties)
    with connect(amqp_url) as events:
        wait_until(lambda: events.bounds() == (0, EVENTS - 1))
    return amqp_url


def _start(folder: Path, url: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "linli", "events", "export", str(folder), "--rows", "50", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    environment |= {"PYTHONPATH": str(ROOT), "LINLI_EVENTS_URL": url}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, cwd=folder.parent)


def _files(folder: Path) -> int:
    return len(list(folder.glob("date=*/stream-*.parquet")))


def _rows(folder: Path) -> list[Any]:
    return duckdb.connect().execute(f"SELECT id FROM '{folder}/date=*/*.parquet'").fetchall()


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_killed_and_started_again_it_has_every_event_once(
    stream_url: str, tmp_path: Path, running: list[subprocess.Popen[str]]
) -> None:
    folder = tmp_path / "events"
    for files in (4, 17, 33):
        process = _start(folder, stream_url)
        running.append(process)
        wait_until(lambda: _files(folder) >= files or process.poll() is not None, 60)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = _start(folder, stream_url)
    running.append(process)
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    assert f"goes on at offset {EVENTS}" in " ".join(said.split())
    rows = _rows(folder)
    assert len(rows) == len(set(rows)) == EVENTS * 9 // 10


def test_following_it_writes_what_comes_and_ends_when_it_is_told_to(
    stream_url: str, tmp_path: Path, running: list[subprocess.Popen[str]]
) -> None:
    folder = tmp_path / "events"
    process = _start(folder, stream_url, "--from", str(EVENTS - 20), "--follow", "--every", "1")
    running.append(process)
    wait_until(lambda: _files(folder) == 1 or process.poll() is not None, 60)
    with pika.BlockingConnection(pika.URLParameters(stream_url)) as connection:
        connection.channel().basic_publish("ordering.events", "OrderPlaced", event(EVENTS))
    wait_until(lambda: _files(folder) == 2 or process.poll() is not None, 60)
    process.send_signal(signal.SIGTERM)
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert "events written" in said
    assert len(_rows(folder)) == 19


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--type", "OrderPiad"], 2, "Did you mean OrderPaid?"),
        (["--from", "yesterday"], 2, "--from is first, an offset, or a time"),
        (["--url", "amqp://127.0.0.1:1/"], 1, "not reachable"),
        (["--archive", "nowhere"], 2, "is no folder of exported events"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    stream_url: str, tmp_path: Path, options: list[str], code: int, said: str
) -> None:
    process = _start(tmp_path / "events", stream_url, *options)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == code, complaints
    assert said in " ".join(complaints.split())
    assert "Traceback" not in complaints
