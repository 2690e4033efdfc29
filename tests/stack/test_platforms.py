"""A platform remembers, starts again what dies, and can be filled in twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from linli import mail
from linli.demo import seed
from linli.demo.neighbourhood import ACCOUNTS, PASSWORD, STAFF
from linli.stack import children
from linli.stack.platform import Kind, Platform, Wish, state_folder
from linli.stack.state import ROOT, free_port
from linli.stack.supervisor import is_ready
from linli_events import connect
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def _state_elsewhere() -> Iterator[None]:
    with (
        tempfile.TemporaryDirectory(prefix="linli-platforms-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(folder).chmod(0o711)
        patch.setenv("LINLI_STATE", folder)
        patch.setenv("LINLI_LOG_LEVEL", "WARNING")
        yield


@pytest.fixture(scope="module", params=["embedded", "full"])
def platform(request: pytest.FixtureRequest, _state_elsewhere: None) -> Iterator[Platform]:
    kind: Kind = request.param
    made = Platform(Wish(kind=kind, name=f"platform-{kind}"))
    made.start()
    yield made
    made.stop()


def _counts(platform: Platform) -> dict[str, int]:
    counted = {}
    for service, table in (("storefront", "shop"), ("storefront", "listing"), ("gateway", "accounts")):
        engine = create_engine(platform.database_urls[service])
        with engine.connect() as connection:
            counted[table] = connection.scalar(text(f"SELECT count(*) FROM {table}"))
        engine.dispose()
    return counted


def test_filling_in_twice_changes_nothing(platform: Platform) -> None:
    accounts = seed(platform.base_url, platform.database_urls["gateway"], platform.clock)
    before = _counts(platform)
    assert before["shop"] == 6
    assert before["listing"] == 48
    assert seed(platform.base_url, platform.database_urls["gateway"], platform.clock) == accounts
    assert _counts(platform) == before


def test_killed_processes_are_ready_again_within_seconds(platform: Platform) -> None:
    for process in platform.processes:
        running = children.marked(platform.state.folder / f"process-{process.name}.pid")
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    waiting = list(platform.processes)
    while waiting and time.monotonic() < until:
        time.sleep(0.2)
        waiting = [process for process in waiting if not is_ready(process)]
    assert waiting == []
    # Everything that waited to be sent is sent by those that came back.
    while any(count for _, count, _ in mail.outbox_lag(platform.database_urls)):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert list(mail.dead_letters(platform.database_urls)) == []


def test_killed_servers_come_back_where_they_were(platform: Platform) -> None:
    marks = [
        mark for mark in platform.state.folder.glob("*.pid") if mark.stem in {"postgres", "rabbitmq", "redis"}
    ]
    assert len(marks) >= 2
    before = platform.servers
    for mark in marks:
        running = children.marked(mark)
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
    until = time.monotonic() + 90
    while any(children.marked(mark) is None for mark in marks) or not all(map(is_ready, platform.processes)):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert platform.servers == before
    found = httpx.get(f"{platform.base_url}/v1/shops", params={"lat": 30.2741, "lon": 120.1551}, timeout=10)
    assert len(found.json()["items"]) == 6


def test_an_analyst_reads_every_event_of_every_outbox(platform: Platform) -> None:
    """The same commands and the same client, whatever the events lie in."""

    def linli(*arguments: str) -> str:
        argv = [sys.executable, "-P", "-m", "linli", "events", *arguments, "--name", platform.wish.name]
        environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(argv, env=environment, check=True, capture_output=True, text=True).stdout

    # On an embedded platform each opens an account, which is an event, too.
    linli("tail", "--from", "last", "--once")
    address = linli("account", "ana").strip()
    wait_until(lambda: not any(count for _, count, _ in mail.outbox_lag(platform.database_urls)), 60)
    published = set()
    for service, url in platform.database_urls.items():
        engine = create_engine(url)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id FROM outbox")).scalars()
            published |= {(service, str(row)) for row in rows}
        engine.dispose()
    with connect(address) as events:
        read = [(event.source, event.id) for event in events.read("first", follow=False)]
    assert len(read) == len(set(read)) > 50
    assert set(read) == published
    tailed = [json.loads(line) for line in linli("tail", "--from", "first", "--once", "--json").splitlines()]
    assert [(line["event"]["source"], line["event"]["id"]) for line in tailed] == read


def test_a_stopped_platform_leaves_no_process_and_remembers_everything(platform: Platform) -> None:
    platform.stop()
    assert list(platform.state.folder.glob("*.pid")) == []
    assert not (platform.state.folder / "running.json").exists()
    platform.start()
    credentials = {"email": "customer@demo.linli", "password": PASSWORD}
    answer = httpx.post(f"{platform.base_url}/v1/tokens", json=credentials, timeout=10)
    assert answer.status_code in {200, 201}, answer.text
    found = httpx.get(f"{platform.base_url}/v1/shops", params={"lat": 30.2741, "lon": 120.1551}, timeout=10)
    assert len(found.json()["items"]) == 6


@pytest.mark.usefixtures("_state_elsewhere")
def test_the_command_says_where_it_is_who_may_sign_in_and_ends_in_good_order() -> None:
    command = [sys.executable, "-P", "-m", "linli", "run", "--name", "by-hand", "--port", str(free_port())]
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    said = ""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said += line
            if "Ctrl-C stops it" in line:
                break
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=60) == 0
    assert f"Linli is running at http://127.0.0.1:{command[-1]}" in said
    for account in (*ACCOUNTS, *STAFF):
        assert account.email in said
    assert list(state_folder("by-hand").glob("*.pid")) == []
