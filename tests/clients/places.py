"""Where events can be read, each with what a test does to it: publish, go away, come back."""

from __future__ import annotations

import contextlib
from typing import Protocol
from urllib.parse import quote

import pika

from linli.stack.rabbitmq import PrivateRabbit
from linli_events import Events, connect
from tests.clients.fake_archive import EMAIL, PASSWORD, FakeArchive
from tests.clients.publishing import envelope
from tests.waiting import wait_until


class Place(Protocol):
    """A stream or an archive that a test fills; ``url`` is what its readers connect to."""

    @property
    def url(self) -> str: ...

    def connect(self) -> Events: ...

    def publish(self, *numbers: int, pad: int = 0) -> None:
        """Put these events there; they can be read when this returns."""
        ...

    def cut(self) -> None:
        """Break every connection that there is."""
        ...


class Stream:
    """A virtual host of a real RabbitMQ."""

    def __init__(self, server: PrivateRabbit, vhost: str) -> None:
        self._server = server
        self.url = server.add_vhost(vhost)
        self._vhost = vhost
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            connection.channel().queue_declare("events", durable=True, arguments={"x-queue-type": "stream"})

    def connect(self) -> Events:
        return connect(self.url)

    def publish(self, *numbers: int, pad: int = 0) -> None:
        self.publish_bodies(*(envelope(number, pad=pad) for number in numbers))

    def publish_bodies(self, *bodies: bytes) -> None:
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", "events", body)
        wait_until(lambda: self.connect().bounds() is not None)

    def cut(self) -> None:
        self._server.control("close_all_connections", "--vhost", self._vhost, "cut by a test")

    def remove(self) -> None:
        self._server.control("delete_vhost", self._vhost)


class Archive:
    """A fake of the embedded platform's archive."""

    def __init__(self) -> None:
        self.fake = FakeArchive()
        self.fake.start()

    @property
    def url(self) -> str:
        return f"http://{quote(EMAIL, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.fake.port}"

    def connect(self) -> Events:
        return connect(self.url)

    def publish(self, *numbers: int, pad: int = 0) -> None:
        self.fake.publish(*(envelope(number, pad=pad) for number in numbers))

    def cut(self) -> None:
        self.fake.stop()
        self.fake.sign_everybody_out()
        self.fake.start()

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.fake.stop()
