"""A link that has lost its connection notices, whoever finds out first."""

from __future__ import annotations

import socket
import threading
from typing import Any

import kombu
import pytest

from shared.kernel.errors import Unavailable
from shared.messaging.link import Link, Reader


def test_a_connection_that_a_write_found_broken_is_not_read_on_as_if_it_were_another(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINLI_AMQP_URL", amqp_url)
    link = Link()
    link.add(Reader(kombu.Queue("rpc.deaf", durable=False), lambda _message: None, prefetch=1))
    link._connect()
    link._connection.connection.transport.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Unavailable):
        for _ in range(100):
            link.publish("rpc.deaf", b"{}")
    ended: list[Any] = []

    def read() -> None:
        try:
            link._read()
        except Exception as error:
            ended.append(error)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    reading.join(15)
    link._stopping = True
    link._disconnected()
    assert ended, "the link reads on without a consumer"
