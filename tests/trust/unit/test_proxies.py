"""A gate passes everything on, until it is told to be a bad network; then it is exactly that."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingMixIn, ThreadingTCPServer, UnixStreamServer

import pytest

from linli.stack.plan import Process
from tests.trust.gates import Weather
from tests.trust.proxies import Proxies, Way
from tests.waiting import wait_until

A = Way("ordering", "rabbitmq")
B = Way("crm", "rabbitmq")


class _Echo(BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                self.request.sendall(data)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _SocketFile(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def echo() -> Iterator[str]:
    with _Server(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"amqp://u:0p@127.0.0.1:{server.server_address[1]}/%2f"
        server.shutdown()


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@contextlib.contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    port = int(url.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        yield connection


def said(connection: socket.socket, text: bytes) -> bytes:
    """What comes back for ``text``."""
    connection.sendall(text)
    back = b""
    while len(back) < len(text):
        piece = connection.recv(65536)
        if not piece:
            break
        back += piece
    return back


def is_silent(connection: socket.socket, seconds: float = 0.2) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) is None  # Anything that comes is no silence.
    except TimeoutError:
        return True
    finally:
        connection.settimeout(5)


def is_reset(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_what_goes_in_comes_out_in_order_however_much_it_is(proxies: Proxies, echo: str) -> None:
    much = bytes(range(256)) * 8192
    with connected(proxies.lead(A, echo)) as connection:
        done: list[bytes] = []
        reader = threading.Thread(target=lambda: done.append(_read(connection, len(much))))
        reader.start()
        connection.sendall(much)
        reader.join(20)
    assert done == [much]
    assert proxies.counts([A])["passed"] == 2 * len(much)


def _read(connection: socket.socket, count: int) -> bytes:
    parts, got = [], 0
    while got < count:
        parts.append(connection.recv(65536))
        got += len(parts[-1])
    return b"".join(parts)


def test_the_url_keeps_login_and_path(proxies: Proxies, echo: str) -> None:
    assert proxies.lead(A, echo).startswith("amqp://u:0p@127.0.0.1:")
    assert proxies.lead(A, echo).endswith("/%2f")


def test_a_way_that_is_cut_loses_its_connections_and_others_keep_theirs(proxies: Proxies, echo: str) -> None:
    with connected(proxies.lead(A, echo)) as mine, connected(proxies.lead(B, echo)) as other:
        assert said(mine, b"x") == said(other, b"x") == b"x"
        assert proxies.cut([A]) == 1
        assert is_reset(mine)
        assert said(other, b"still here") == b"still here"


def test_after_a_cut_the_next_connection_is_as_good_as_ever(proxies: Proxies, echo: str) -> None:
    url = proxies.lead(A, echo)
    with connected(url) as connection:
        said(connection, b"x")
        proxies.cut([A])
    with connected(url) as connection:
        assert said(connection, b"again") == b"again"


def test_a_black_hole_takes_connections_and_says_nothing(proxies: Proxies, echo: str) -> None:
    url = proxies.lead(A, echo)
    with connected(url) as old:
        assert said(old, b"x") == b"x"
        proxies.change([A], Weather(swallows=True))
        with connected(url) as new:
            old.sendall(b"lost")
            new.sendall(b"lost too")
            assert is_silent(old)
            assert is_silent(new)
            wait_until(lambda: proxies.counts([A])["swallowed"] == 12)
            proxies.change([A])
            # What a stream has lost cannot be made good, so it ends.
            assert is_reset(old)
            assert is_reset(new)
    with connected(url) as connection:
        assert said(connection, b"back") == b"back"


def test_a_connection_that_lost_nothing_in_a_black_hole_lives_on(proxies: Proxies, echo: str) -> None:
    with connected(proxies.lead(A, echo)) as connection:
        assert said(connection, b"x") == b"x"
        proxies.change([A], Weather(swallows=True))
        proxies.change([A])
        assert said(connection, b"y") == b"y"


def test_a_way_that_refuses_cuts_every_new_connection(proxies: Proxies, echo: str) -> None:
    url = proxies.lead(A, echo)
    proxies.change([A], Weather(refuses=True))
    with connected(url) as connection:
        assert is_reset(connection)


def test_latency_is_added_in_each_direction_and_keeps_the_order(proxies: Proxies, echo: str) -> None:
    with connected(proxies.lead(A, echo)) as connection:
        assert said(connection, b"x") == b"x"
        proxies.change([A], Weather(latency=0.1))
        begun = time.monotonic()
        assert said(connection, b"slow") == b"slow"
        assert time.monotonic() - begun >= 0.2
        for number in range(20):
            connection.sendall(b"%02d" % number)
        proxies.change([A])
        connection.sendall(b"20")
        assert _read(connection, 42) == b"".join(b"%02d" % number for number in range(21))


def test_a_client_that_ends_ends_the_connection_at_the_server(proxies: Proxies, echo: str) -> None:
    with connected(proxies.lead(A, echo)) as connection:
        said(connection, b"x")
    wait_until(lambda: proxies.counts([A])["open"] == 0)


def test_a_server_that_is_away_is_a_connection_that_ends(proxies: Proxies) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"amqp://127.0.0.1:{probe.getsockname()[1]}/"
    with connected(proxies.lead(A, nobody)) as connection:
        assert is_reset(connection)


def test_a_process_is_led_through_a_gate_for_each_of_its_servers(
    proxies: Proxies, echo: str, tmp_path: Path
) -> None:
    path = tmp_path / ".s.PGSQL.20001"
    with _SocketFile(str(path), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        before = {
            "LINLI_AMQP_URL": echo,
            "LINLI_CRM_DATABASE_URL": f"postgresql+psycopg2://crm:0f@/crm?host={tmp_path}&port=20001",
            "LINLI_REDIS_URL": echo.replace("amqp", "redis"),
            "LINLI_LOG_LEVEL": "INFO",
        }
        recast = proxies.recast(Process(name="crm", module="m", environment=before))
        assert {way.server for way in proxies.ways} == {"rabbitmq", "postgres", "redis"}
        assert recast.environment["LINLI_LOG_LEVEL"] == "INFO"
        url = recast.environment["LINLI_CRM_DATABASE_URL"]
        assert url.startswith("postgresql+psycopg2://crm:0f@127.0.0.1:")
        with connected(url) as connection:
            assert said(connection, b"through the socket file") == b"through the socket file"
        server.shutdown()


def test_what_is_in_memory_has_no_gate(proxies: Proxies) -> None:
    process = Process(name="platform", module="m", environment={"LINLI_AMQP_URL": "linli-memory://"})
    assert proxies.recast(process) == process
