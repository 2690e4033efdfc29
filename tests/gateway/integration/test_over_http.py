"""The gateway as a process of its own, over real HTTP, with nobody behind it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.persistence import Database

ROOT = Path(__file__).parents[3]
LAN = {"email": "lan@example.org", "password": "correct horse", "name": "Lan", "role": "customer"}


@pytest.fixture
def database(service_database: Callable[[str], Database]) -> Database:
    return service_database("gateway")


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "linli.processes.service", "gateway"],
        cwd=ROOT,
        env={
            **os.environ,
            "LINLI_HTTP_ADDRESS": address,
            "LINLI_AMQP_URL": "linli-memory://",
            "LINLI_GATEWAY_DATABASE_URL": database.url,
            "LINLI_TOKEN_KEY_FILE": str(tmp_path / "token-key.pem"),
        },
        stderr=(tmp_path / "log").open("wb"),
    )
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=20, trust_env=False) as client:
            _wait_until_ready(client, process, tmp_path / "log")
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (tmp_path / "log").read_text()


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_a_whole_visit(api: httpx.Client) -> None:
    registered = api.post("/v1/accounts", json=LAN, headers={"Idempotency-Key": "k1"})
    assert registered.status_code == 201, registered.text
    signed_in = api.post("/v1/tokens", json={"email": LAN["email"], "password": LAN["password"]})
    assert signed_in.status_code == 200
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert api.get("/v1/me", headers=headers).json()["account_id"] == registered.json()["account_id"]
    wrong = api.post("/v1/tokens", json={"email": LAN["email"], "password": "wrong horse"})
    assert wrong.status_code == 401

    # Nobody answers: that is said, in time, and the key may be used again.
    for _ in range(2):
        started = time.monotonic()
        quote = api.get("/v1/shops?lat=30.2&lon=120.1", headers=headers)
        assert quote.status_code == 503, quote.text
        assert time.monotonic() - started < 10
    assert "no answer" in api.get("/").text
    assert api.get("/openapi.json").json()["openapi"] == "3.1.0"


def test_connections_are_kept_and_bodies_are_bounded(api: httpx.Client) -> None:
    def piece() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    chunked = api.post("/v1/tokens", content=piece())
    assert chunked.status_code == 413
    said = api.post("/v1/tokens", content=b"x" * (1024 * 1024 + 1))
    assert said.status_code == 413
    assert api.get("/health/live").status_code == 200


def test_signing_in_does_not_stop_the_others(api: httpx.Client) -> None:
    """Passwords are hashed in native threads: the loop goes on."""
    slow: list[Any] = []

    def guess() -> None:
        for _ in range(4):
            body = {"email": f"{threading.get_ident()}@example.org", "password": "guess guess"}
            slow.append(
                httpx.post(f"{api.base_url}/v1/tokens", json=body, timeout=30, trust_env=False).status_code
            )

    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    times = []
    while any(thread.is_alive() for thread in threads):
        started = time.monotonic()
        assert api.get("/health/live").status_code == 200
        times.append(time.monotonic() - started)
    for thread in threads:
        thread.join()
    assert set(slow) == {401}
    assert len(slow) == 16
    assert sorted(times)[len(times) // 2] < 0.1
