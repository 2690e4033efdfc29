"""The embedded platform, killed while it works: through their client analysts get every event once."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from linli import mail
from linli.accounts import open_account
from linli.demo import seed
from linli.demo.neighbourhood import PASSWORD
from linli.stack import children
from linli.stack.platform import Platform, Wish
from linli.stack.supervisor import is_ready
from linli_events import Event, connect
from tests.waiting import wait_until

ANALYST = "analyst@archive.example"
_KILLS = 4


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with (
        tempfile.TemporaryDirectory(prefix="linli-archive-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(folder).chmod(0o711)
        patch.setenv("LINLI_STATE", folder)
        patch.setenv("LINLI_LOG_LEVEL", "WARNING")
        made = Platform(Wish(kind="embedded", name="archive"))
        made.start()
        seed(made.base_url, made.database_urls["gateway"], made.clock)
        open_account(made.database_urls["gateway"], "analyst", ANALYST, PASSWORD, "Ana")
        yield made
        made.stop()


@pytest.fixture
def archive(platform: Platform) -> str:
    """The address that an analyst types in."""
    host = platform.base_url.removeprefix("http://")
    return f"http://{ANALYST.replace('@', '%40')}:{PASSWORD}@{host}"


def _outboxes(platform: Platform) -> dict[str, list[tuple[str, str, int]]]:
    """Every event that was written, by service and in the order of its outbox: id, subject, sequence."""
    found = {}
    for service, url in platform.database_urls.items():
        engine = create_engine(url)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id, subject, sequence FROM outbox ORDER BY position"))
            found[service] = [tuple(row) for row in rows]
        engine.dispose()
    return {service: rows for service, rows in found.items() if rows}


def _all_sent(platform: Platform) -> bool:
    return not any(waiting for _, waiting, _ in mail.outbox_lag(platform.database_urls))


def _kill(platform: Platform) -> None:
    process = platform.processes[0]
    mark = platform.state.folder / f"process-{process.name}.pid"
    running = children.marked(mark)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    wait_until(lambda: (now := children.marked(mark)) is not None and now.pid != running.pid, 60)
    wait_until(lambda: is_ready(process), 60)


class _Busy:
    """Customers who register, whatever becomes of their requests."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._numbers = count()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            number = next(self._numbers)
            body = {"email": f"c{number}@example.org", "password": PASSWORD, "name": "C", "role": "customer"}
            try:
                key = {"Idempotency-Key": f"register-{number}"}
                httpx.post(f"{self._base_url}/v1/accounts", json=body, headers=key, timeout=5)
            except httpx.HTTPError:
                self._stop.wait(0.05)


def _by_source(events: list[Event]) -> dict[str, list[tuple[str, str, int]]]:
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for event in events:
        found[event.source].append((event.id, event.subject, event.sequence))
    return dict(found)


def test_the_client_gets_every_event_once_and_in_order_however_often_the_platform_is_killed(
    platform: Platform, archive: str
) -> None:
    tailed: list[Event] = []
    with connect(archive) as events:
        tail = threading.Thread(target=lambda: tailed.extend(events.read("first")))
        tail.start()
        with _Busy(platform.base_url):
            for _ in range(_KILLS):
                before = len(tailed)
                wait_until(lambda before=before: len(tailed) > before + 5, 60)
                _kill(platform)
        wait_until(lambda: _all_sent(platform), 60)
        written = _outboxes(platform)
        expected = Counter(row for rows in written.values() for row in rows)
        wait_until(lambda: len(tailed) >= expected.total(), 60)
    tail.join(timeout=30)
    assert not tail.is_alive()

    with connect(archive) as again:
        read = list(again.read("first", follow=False))
        assert again.bounds() == (0, len(read) - 1)
    assert [event.offset for event in read] == list(range(len(read)))
    assert _by_source(read) == written
    assert [(event.offset, event.id) for event in tailed] == [(event.offset, event.id) for event in read]


def test_offsets_stay_across_a_restart_and_reading_goes_on_where_it_was(
    platform: Platform, archive: str
) -> None:
    with connect(archive) as events:
        before = [(event.offset, event.id) for event in events.read("first", follow=False)]
    platform.stop()
    platform.start()
    assert _all_sent(platform)
    middle = len(before) // 2
    with connect(archive) as events:
        assert [(event.offset, event.id) for event in events.read(middle, follow=False)] == before[middle:]
        shops = list(events.read("first", types=["ShopOpened"], follow=False))
    assert {event.type for event in shops} == {"ShopOpened"}
    assert len(shops) == 6


def test_a_platform_that_ends_does_not_wait_for_who_waits_for_events(
    platform: Platform, archive: str
) -> None:
    credentials = {"email": ANALYST, "password": PASSWORD}
    token = httpx.post(f"{platform.base_url}/v1/tokens", json=credentials, timeout=10).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    ends = httpx.get(f"{platform.base_url}/v1/events", headers=headers, timeout=10).json()
    answered = {}
    asked = threading.Event()

    def note(step: str, _info: object) -> None:
        if step == "http11.send_request_body.complete":
            asked.set()

    def wait() -> None:
        query = {"offset": ends["last_offset"] + 1, "wait_seconds": 30}
        with httpx.Client(base_url=platform.base_url, headers=headers, timeout=60) as client:
            answer = client.get("/v1/events", params=query, extensions={"trace": note})
        answered["page"] = (answer.elapsed.total_seconds(), answer.json()["items"])

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert asked.wait(30)
    # What is answered now was asked later.
    assert httpx.get(f"{platform.base_url}/health/live", timeout=10).status_code == 200
    platform.stop()
    waiting.join(timeout=30)
    seconds, items = answered["page"]
    assert items == []
    assert seconds < 10
