"""One connection to the broker per service container: reads in one green thread, writes one at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import eventlet
import kombu
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from nameko.extensions import SharedExtension

from shared.kernel.errors import Unavailable
from shared.messaging import memory

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20
_DRAIN_SECONDS = HEARTBEAT_SECONDS / 4
_READ_AHEAD = 65_536
# After so many messages in a row, those that answer them have their turn.
_TURN = 16
_BACK_OFF = (0.1, 0.2, 0.5, 1.0, 2.0)

memory.register()


def amqp_url() -> str:
    """The broker that ``LINLI_AMQP_URL`` names."""
    url = os.environ.get("LINLI_AMQP_URL", "")
    if not url:
        raise ValueError("LINLI_AMQP_URL is not set: name a broker, or linli-memory://")
    return url


@dataclass(frozen=True)
class Reader:
    """Something that wants the messages of ``queue``; ``prefetch`` bounds the unacknowledged ones."""

    queue: kombu.Queue
    on_message: Callable[[Any], None]
    prefetch: int
    no_ack: bool = False


class Link(SharedExtension):
    """The container's connection: declares what its readers need, delivers to them, reconnects for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: list[Reader] = []
        self._connection: Any = None
        self._channel: Any = None
        self._consumers: list[Any] = []
        self._connected = Signal()
        self._writing = Semaphore()
        self._stopping = False
        self._is_memory = False
        self._beat_at = 0.0
        self._thread: Any = None

    @property
    def is_connected(self) -> bool:
        return self._channel is not None

    def add(self, reader: Reader) -> None:
        """Deliver to ``reader`` once the container starts; called during ``setup``."""
        self._readers.append(reader)

    def start(self) -> None:
        if self._thread is None:
            self._thread = self.container.spawn_managed_thread(self._run, identifier="link")

    def stop(self) -> None:
        self._stopping = True
        connection = self._connection
        self._channel = None
        if self._thread is not None:
            # Closing waits for the broker's answer, so the reader leaves the socket first.
            self._thread.kill()
        if connection is not None:
            with self._writing:
                try:
                    connection.release()
                except Exception as error:
                    log.info("the connection closed with %r", error)

    def stop_reading(self) -> None:
        """Take no further requests and events; what was delivered can still be answered."""
        for consumer, reader in zip(self._consumers, self._readers, strict=False):
            if not reader.no_ack:
                self._quietly(partial(self._cancel, consumer))

    def _cancel(self, consumer: Any) -> None:
        # Without waiting for the broker's answer: that would be a second reader on the socket.
        options = {} if self._is_memory else {"nowait": True}
        with self._writing:
            for tag in consumer._active_tags.values():
                consumer.channel.basic_cancel(tag, **options)
            consumer._active_tags.clear()

    def publish(
        self,
        routing_key: str,
        body: bytes,
        headers: Mapping[str, Any],
        wait: float = 1.0,
        **properties: Any,
    ) -> None:
        """Send to the queue ``routing_key``, transient; raises :class:`Unavailable` without a broker."""
        if self._channel is None:
            with eventlet.Timeout(wait, False):
                self._connected.wait()
        channel: Any = self._channel
        if channel is None:
            raise Unavailable("The message broker cannot be reached.")
        message = channel.prepare_message(
            body, None, "application/json", "utf-8", dict(headers), {"delivery_mode": 1, **properties}
        )
        try:
            with self._writing:
                channel.basic_publish(message, exchange="", routing_key=routing_key)
        except Exception as error:
            raise Unavailable("The message broker cannot be reached.") from error

    def acknowledge(self, message: Any) -> None:
        """Acknowledge ``message``; when its connection is gone the broker delivers it again anyway."""
        with self._writing:
            self._quietly(message.ack)

    def acknowledge_all(self, messages: Sequence[Any]) -> None:
        """Acknowledge ``messages``, which came one after the other from one queue."""
        if self._is_memory:
            for message in messages:
                self._quietly(message.ack)
            return
        # Over a new connection they will come again; a tag means something on its own channel only.
        with self._writing:
            self._quietly(lambda: messages[-1].ack(multiple=True))

    def _quietly(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception as error:
            log.info("not told to the broker: %r", error)

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            try:
                self._connect()
                failures = 0
                self._read()
            except Exception as error:
                if self._stopping:
                    return
                pause = _BACK_OFF[min(failures, len(_BACK_OFF) - 1)]
                failures += 1
                log.warning("no connection to the broker (%r); again in %.1f s", error, pause)
                self._disconnected()
                eventlet.sleep(pause)

    def _connect(self) -> None:
        connection = kombu.Connection(amqp_url(), heartbeat=HEARTBEAT_SECONDS, connect_timeout=5)
        connection.connect()
        self._is_memory = connection.transport.driver_type == "memory"
        if not self._is_memory:
            _read_in_one_place(connection.connection)
        self._connection = connection
        self._consumers = []
        for reader in self._readers:
            channel = connection.channel()
            consumer = kombu.Consumer(
                channel,
                [reader.queue],
                on_message=reader.on_message,
                no_ack=reader.no_ack,
                auto_declare=True,
                prefetch_count=reader.prefetch,
            )
            consumer.consume()
            self._consumers.append(consumer)
        self._channel = connection.channel()
        self._connected.send(None)

    def _read(self) -> None:
        connection = self._connection
        while not self._stopping:
            for _ in range(_TURN):
                try:
                    connection.drain_events(timeout=_DRAIN_SECONDS)
                except TimeoutError:
                    break
            else:
                eventlet.sleep(0)
            if not self._is_memory:
                self._beat(connection)

    def _beat(self, connection: Any) -> None:
        now = eventlet.hubs.get_hub().clock()
        if now - self._beat_at >= _DRAIN_SECONDS:
            self._beat_at = now
            with self._writing:
                connection.heartbeat_check()

    def _disconnected(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._connected = Signal()
        if connection is not None:
            self._quietly(connection.collect)


def _read_in_one_place(connection: Any) -> None:
    """Leave reading to the link's own thread, and let it take what the socket holds at once.

    py-amqp reads before every publish, to see whether the broker has blocked the connection. With a
    reader of our own that makes two on one socket, which tear each other's frames apart; the reader hears
    of a blocked connection anyway. Then it is safe to read ahead: py-amqp asks for nine pieces per message
    otherwise, and keeps what it is given beyond what it asked for. A socket whose timeout is the reader's
    is not told it anew for every frame.
    """
    capabilities = connection.client_properties.get("capabilities", {})
    connection.client_properties = connection.client_properties | {
        "capabilities": capabilities | {"connection.blocked": False}
    }
    transport = connection.transport
    receive = transport.sock.recv
    transport._quick_recv = lambda wanted: receive(max(wanted, _READ_AHEAD))
    transport.sock.settimeout(_DRAIN_SECONDS)
