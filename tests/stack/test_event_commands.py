"""`linli events` over a real stream: lines, trees, and good manners at the terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from linli.cli.event_stream import start_of
from linli.events import telling
from linli.failures import Failure
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.state import ROOT
from linli_events import Event
from tests.clients.places import Stream
from tests.clients.publishing import envelope


@pytest.fixture(scope="module")
def stream(rabbitmq_server: PrivateRabbit) -> Iterator[Stream]:
    made = Stream(rabbitmq_server, "event-commands")
    made.publish(*range(12))
    yield made
    made.remove()


def _start(*arguments: str, url: str = "", **more: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "LINLI_EVENTS_URL": url, **more}
    argv = [sys.executable, "-P", "-m", "linli", "events", *arguments]
    return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _run(*arguments: str, url: str = "", **more: str) -> tuple[int, str, str]:
    with _start(*arguments, url=url, **more) as running:
        out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def test_tail_prints_a_line_for_each(stream: Stream) -> None:
    code, out, err = _run("tail", "--from", "8", "--once", "--type", "OrderPaid", url=stream.url)
    assert (code, err) == (0, "")
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["9", "2026-01-05", "08:00:09.000", "ordering.OrderPaid"],
        ["11", "2026-01-05", "08:00:11.000", "ordering.OrderPaid"],
    ]
    assert "number=9 where=文一西路" in out


def test_tail_prints_json_lines(stream: Stream) -> None:
    code, out, _ = _run("tail", "--from", "first", "--once", "--json", url=stream.url)
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"offset": number, "event": json.loads(envelope(number))} for number in range(12)
    ]


def test_tail_ends_in_good_order_when_told_to_and_when_nobody_reads(stream: Stream) -> None:
    with _start("tail", "--from", "first", url=stream.url) as following:
        assert following.stdout is not None
        assert [following.stdout.readline().split()[0] for _ in range(12)] == [str(n) for n in range(12)]
        following.send_signal(signal.SIGTERM)
        out, err = following.communicate(timeout=30)
        assert (following.returncode, out, err) == (0, "", "")
    with _start("tail", "--from", "first", url=stream.url) as unread:
        assert unread.stdout is not None
        assert unread.stderr is not None
        unread.stdout.close()
        assert unread.wait(timeout=30) == 0
        assert unread.stderr.read() == ""


def test_show_finds_an_event_by_its_offset_and_by_its_id(stream: Stream) -> None:
    for which in ("7", "event-7"):
        code, out, err = _run("show", which, url=stream.url)
        assert (code, err) == (0, "")
        assert json.loads(out) == json.loads(envelope(7))
    code, _, err = _run("show", "400", url=stream.url)
    assert code == 1
    assert "no event with offset 400; kept are from 0 to 11" in err


def test_show_has_everything_of_the_same_request(stream: Stream) -> None:
    code, out, _ = _run("show", "7", "--cause", url=stream.url)
    assert code == 0
    tree = out[out.index("request request-2") :].splitlines()
    assert [line.split()[-2] for line in tree[1:]] == ["6", "7", "8"]


def test_types_has_the_whole_catalogue_and_each_in_full() -> None:
    code, out, _ = _run("types")
    assert code == 0
    assert "OrderPaid" in out
    assert "ordering" in out
    code, out, _ = _run("types", "OrderPaid")
    assert code == 0
    assert '"store_orders"' in out
    code, _, err = _run("types", "OrderPayed")
    assert code == 2
    assert "No service publishes 'OrderPayed'" in err


def test_without_a_platform_or_with_a_wrong_address_it_says_so(stream: Stream, tmp_path: Path) -> None:
    code, _, err = _run("tail", LINLI_STATE=str(tmp_path))
    assert (code, err.strip()) == (
        1,
        "linli: No platform is running here: start one with `linli run` or `linli up`.",
    )
    code, _, err = _run("tail", url=stream.url.replace("//linli:", "//nobody:"))
    assert code == 1
    assert "does not let 'nobody' in" in err
    assert "Traceback" not in err


def test_a_foreign_broker_s_commands_are_printed() -> None:
    foreign = "amqp://boss:s3cret@broker.example.org:5673/shop"
    code, out, _ = _run("account", "ana", LINLI_AMQP_URL=foreign)
    assert code == 0
    add, grant, url = out.splitlines()
    password = url.removeprefix("amqp://ana:").removesuffix("@broker.example.org:5673/shop")
    assert len(password) >= 20
    assert add == f"rabbitmqctl add_user -- ana {password}"
    assert grant == "rabbitmqctl set_permissions -p shop ana '^$' '^$' '^events$'"


def test_places_in_the_stream_are_read_as_written() -> None:
    assert start_of("first") == "first"
    assert start_of("17") == 17
    moment = start_of("2026-01-05T08:00Z")
    assert str(moment) == "2026-01-05 08:00:00+00:00"
    for wrong in ("2026-01-05T08:00", "-3", "yesterday", ""):
        with pytest.raises(Failure, match="no place in the stream"):
            start_of(wrong)


def test_a_tree_puts_each_event_under_its_cause_and_never_turns_in_circles() -> None:
    causes = {1: "event-0", 2: "event-1", 3: "event-1", 4: "event-5", 5: "event-4"}
    events = []
    for number in range(6):
        wire = json.loads(envelope(number)) | {"causationid": causes.get(number, "request-0")}
        events.append(Event.from_json(number, json.dumps(wire).encode()))
    shown = StringIO()
    Console(file=shown, width=80).print(telling.tree(events, events[2]))
    depths = {
        int(line.split()[-2]): line.index("ordering") // 4 for line in shown.getvalue().splitlines()[1:]
    }
    assert depths == {0: 1, 1: 2, 2: 3, 3: 3, 5: 1, 4: 2}


def test_the_gist_shows_money_and_lengths_and_ends_somewhere() -> None:
    data = {"total": {"amount": 11530, "currency": "CNY"}, "lines": [1, 2], "none": None, "area": {"lat": 1}}
    assert telling.gist(data) == "total=115.30CNY lines=[2] area={…}"
    assert len(telling.gist({"pad": "x" * 500})) == 160
