"""The example of the README, as somebody runs it who kills it whenever they like."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from linli.stack.state import ROOT
from tests.clients.places import Archive, Place, Stream
from tests.waiting import wait_until

EXAMPLE = ROOT / "clients" / "python" / "examples" / "gross_sales.py"
SALES = 4_000


@pytest.fixture(params=["stream", "archive"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    server = request.getfixturevalue("rabbitmq_server") if request.param == "stream" else None
    made: Stream | Archive = Archive() if server is None else Stream(server, "example")
    yield made
    made.remove()


def _stored(file: Path) -> int:
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(file)) as database:
        return int(database.execute("SELECT count(*) FROM sale").fetchone()[0])
    return 0


def _started(url: str, file: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(EXAMPLE), url, str(file), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_and_started_again_it_has_every_sale_once_and_plots_them(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "sales.sqlite"
    place.publish(*range(2 * SALES))
    for stretch in range(1, 4):
        process = _started(place.url, file)
        try:
            wait_until(lambda stretch=stretch: _stored(file) >= stretch * SALES // 5, seconds=60)
        finally:
            process.kill()
            process.communicate()
    assert _stored(file) < SALES, "the kills came before the end"
    place.publish(*range(2 * SALES, 2 * SALES + 200))
    last = _started(place.url, file, "--once")
    picture, _ = last.communicate(timeout=120)
    assert last.returncode == 0
    # One in two is a sale, one event a second from eight o'clock on.
    numbers = range(1, 2 * SALES + 200, 2)
    hours = {f"2026-01-05 {8 + n // 3600:02}:00": 0 for n in numbers}
    for number in numbers:
        hours[f"2026-01-05 {8 + number // 3600:02}:00"] += 100 + number
    lines = [line.split("  ") for line in picture.splitlines()]
    assert {line[0]: line[-2].strip() for line in lines} == {h: f"{a / 100:,.2f}" for h, a in hours.items()}
    assert max(len(line[-1]) for line in lines) == 50
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(DISTINCT event), count(*) FROM sale").fetchone() == (4100, 4100)
