"""One connection to the broker per service container: reads in one green thread, writes one at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
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
# A finished request is told to the broker with those that finish next to it.
_TELL_AFTER_SECONDS = 0.05
_TELL_AT_ONCE = 16
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
    """Something that wants the messages of ``queue``; ``prefetch`` bounds the unacknowledged ones.

    ``replies`` to what this container publishes come on the channel it publishes on, unacknowledged.
    """

    queue: kombu.Queue
    on_message: Callable[[Any], None]
    prefetch: int
    replies: bool = False


class Acknowledgements:
    """Which messages of one channel are finished, so that several can be acknowledged together.

    A channel numbers its messages from 1. Those that finished before an older one did are told singly:
    a slow request holds nothing of the prefetch but itself.
    """

    def __init__(self, acknowledge: Callable[[int, bool], None]) -> None:
        self._acknowledge = acknowledge
        self._finished: set[int] = set()
        self._told_early: set[int] = set()
        self._all_told_until = 0

    def finish(self, tag: int) -> int:
        """The message ``tag`` is done with; answers how many wait to be told."""
        self._finished.add(tag)
        return len(self._finished)

    def tell(self) -> None:
        """Acknowledge everything that is finished."""
        last = 0
        while (tag := self._all_told_until + 1) in self._finished or tag in self._told_early:
            if tag in self._finished:
                last = tag
            self._finished.discard(tag)
            self._told_early.discard(tag)
            self._all_told_until = tag
        early, self._finished = self._finished, set()
        self._told_early |= early
        if last:
            self._acknowledge(last, True)
        for tag in early:
            self._acknowledge(tag, False)


class Link(SharedExtension):
    """The container's connection: declares what its readers need, delivers to them, reconnects for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: list[Reader] = []
        self._connection: Any = None
        self._opened: Any = None
        self._channel: Any = None
        # The channel and the tag of each consumer that takes work, and what is finished on each channel.
        self._consumers: list[tuple[Any, str]] = []
        self._finished: dict[Any, Acknowledgements] = {}
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
            for channel in list(self._finished):
                self._tell(channel)
            with self._writing:
                try:
                    connection.release()
                except Exception as error:
                    log.info("the connection closed with %r", error)

    def stop_reading(self) -> None:
        """Take no further requests and events; what was delivered can still be answered."""
        # Without waiting for the broker's answer: that would be a second reader on the socket.
        options = {} if self._is_memory else {"nowait": True}
        consumers, self._consumers = self._consumers, []
        for channel, tag in consumers:
            with self._writing:
                self._quietly(partial(channel.basic_cancel, tag, **options))

    def publish(self, routing_key: str, body: bytes, wait: float = 1.0, **properties: Any) -> None:
        """Send to the queue ``routing_key``, transient; raises :class:`Unavailable` without a broker."""
        if self._channel is None:
            with eventlet.Timeout(wait, False):
                self._connected.wait()
        channel: Any = self._channel
        if channel is None:
            raise Unavailable("The message broker cannot be reached.")
        # No headers: py-amqp packs and unpacks a table slowly. What a message says is in its body.
        message = channel.prepare_message(body, properties={"delivery_mode": 1, **properties})
        try:
            with self._writing:
                channel.basic_publish(message, exchange="", routing_key=routing_key)
        except Exception as error:
            raise Unavailable("The message broker cannot be reached.") from error

    def acknowledge(self, message: Any) -> None:
        """Acknowledge ``message``, within a moment; when its connection is gone it comes again anyway."""
        channel = message.channel
        finished = self._finished.get(channel)
        if finished is None:
            if self._is_memory:
                self._quietly(message.ack)
            return
        waiting = finished.finish(message.delivery_tag)
        if waiting == _TELL_AT_ONCE:
            self._tell(channel)
        elif waiting == 1:
            eventlet.spawn_after(_TELL_AFTER_SECONDS, self._tell, channel)

    def acknowledge_all(self, messages: Sequence[Any]) -> None:
        """Acknowledge ``messages``, which came one after the other from one queue."""
        if self._is_memory:
            for message in messages:
                self._quietly(message.ack)
            return
        # Over a new connection they will come again; a tag means something on its own channel only.
        last = messages[-1]
        with self._writing:
            self._quietly(lambda: last.channel.basic_ack(last.delivery_tag, multiple=True))

    def _tell(self, channel: Any) -> None:
        finished = self._finished.get(channel)
        if finished is not None:
            with self._writing:
                self._quietly(finished.tell)

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
        self._finished = {}
        # Asked through kombu's connection, each of these would quietly open another where a write has found
        # this one broken, without its channels and consumers.
        self._opened = transport, opened = connection.transport, connection.connection
        publishing = transport.create_channel(opened)
        for reader in self._readers:
            channel = publishing if reader.replies else transport.create_channel(opened)
            self._consume(channel, reader)
        self._channel = publishing
        self._connected.send(None)

    def _consume(self, channel: Any, reader: Reader) -> None:
        """Have the messages of ``reader`` as the channel gives them: kombu's own consumer and its messages
        are made for more than is needed here."""
        reader.queue(channel).declare()
        tag = reader.queue.name
        if not reader.replies:
            channel.basic_qos(0, reader.prefetch, False)
            self._consumers.append((channel, tag))
            if not self._is_memory:
                self._finished[channel] = Acknowledgements(channel.basic_ack)
        channel.basic_consume(
            reader.queue.name, no_ack=reader.replies, callback=reader.on_message, consumer_tag=tag
        )

    def _read(self) -> None:
        transport, opened = self._opened
        while not self._stopping:
            for _ in range(_TURN):
                try:
                    transport.drain_events(opened, timeout=_DRAIN_SECONDS)
                except TimeoutError:
                    break
            else:
                eventlet.sleep(0)
            if not self._is_memory:
                self._beat(transport, opened)

    def _beat(self, transport: Any, opened: Any) -> None:
        now = eventlet.hubs.get_hub().clock()
        if now - self._beat_at >= _DRAIN_SECONDS:
            self._beat_at = now
            with self._writing:
                transport.heartbeat_check(opened)

    def _disconnected(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._finished = {}
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
