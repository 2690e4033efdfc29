"""The relay: takes what the outbox holds to the broker, waits for every confirm, then marks it sent.

A plain process of its own with pika; it imports neither nameko nor eventlet.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from prometheus_client import Counter, Gauge

from shared.kernel import failpoints
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.outbox import BATCH, DatabaseError, Outbox, OutboxRow
from shared.messaging.retention import STREAM

log = logging.getLogger(__name__)

# Rows gather for so long at least and at most, and longer by the square of how many a second have come
# lately: at a calm rhythm waiting would make no company, under load it makes much.
# Whoever has had nothing to say for (the first number of) seconds is asked again after the second.
GATHER_SECONDS = 0.02
GATHER_AT_MOST_SECONDS = 0.2
GATHER_PER_SQUARE = 0.00001
_ASK_AGAIN = ((1.0, 0.1), (60.0, 0.25))
_PAUSE_SECONDS = 1.0
_CONFIRM_SECONDS = 15.0
_LAG_SECONDS = 5.0

_PUBLISHED = Counter("linli_relay_publish_total", "Events handed to the broker", ["service", "result"])
_PENDING = Gauge("linli_outbox_pending", "Events that wait to be sent", ["service"])
_OLDEST = Gauge("linli_outbox_oldest_unsent_seconds", "Age of the oldest event that waits", ["service"])


class Relay:
    """Sends the events of one service for ever, in a thread of the caller's.

    Only the relay that holds the outbox's lock is active; the others stand by. An event that the broker
    refuses or returns stays unsent and is tried again after a pause.
    """

    def __init__(self, outbox: Outbox, amqp_url: str) -> None:
        self._outbox = outbox
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.heartbeat = 20
        self._parameters.blocked_connection_timeout = 60
        self._stop = threading.Event()
        self._session: _Session | None = None
        self.attempts = 0
        """How often the broker was turned to."""

    @property
    def is_connected(self) -> bool:
        return self._session is not None and self._session.is_open

    def run(self) -> None:
        """Relay until :meth:`stop`; outlives the broker's and the database's absence."""
        while not self._stop.is_set():
            self.attempts += 1
            self._session = _Session(self._outbox, self._parameters, self._stop)
            try:
                self._session.run()
            except Exception as error:
                log.warning("the relay of %s starts over: %r", self._outbox.service, error)
            if not self._stop.is_set():
                self._stop.wait(_PAUSE_SECONDS)
        self._outbox.close()

    def stop(self) -> None:
        self._stop.set()


class _Session:
    """One connection to the broker, from its opening to its end."""

    def __init__(self, outbox: Outbox, parameters: Any, stop: threading.Event) -> None:
        self._outbox = outbox
        self._service = outbox.service
        self._stop = stop
        self._rows: list[OutboxRow] = []
        self._pace = Pace(time.monotonic())
        self._unconfirmed: set[int] = set()
        self._delivery_tag = 0
        self._refused = False
        self._sent_at = 0.0
        self._measured_at = 0.0
        self.is_open = False
        self._channel: Any = None
        self._loop = IOLoop()
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
            custom_ioloop=self._loop,
        )

    def run(self) -> None:
        try:
            self._loop.start()
        finally:
            self.is_open = False
            self._let_go()
            if not (self._connection.is_closed or self._connection.is_closing):
                self._connection.close()

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_lost)
        channel.add_on_return_callback(self._on_returned)
        channel.confirm_delivery(self._on_confirm, callback=self._on_confirming)

    def _on_confirming(self, _frame: Any) -> None:
        # A broker that has just started takes messages before its stream does, and confirms them all the
        # same. Asking for the stream fails until it is there: the channel is closed, the relay starts over.
        self._channel.queue_declare(STREAM, passive=True, callback=self._on_ready)

    def _on_ready(self, _frame: Any) -> None:
        self.is_open = True
        self._loop.call_later(0, self._tick)
        self._loop.call_later(1, self._watch)

    def _on_lost(self, *reason: Any) -> None:
        if not self._stop.is_set():
            log.warning("the relay of %s lost the broker: %r", self._service, reason[-1])
        self._loop.stop()

    def _watch(self) -> None:
        """Notice the wish to stop, and confirms that never come."""
        if self._stop.is_set() and not self._unconfirmed:
            self._loop.stop()
            return
        if self._unconfirmed and time.monotonic() - self._sent_at > _CONFIRM_SECONDS:
            log.warning("the relay of %s has waited too long for confirms", self._service)
            self._loop.stop()
            return
        self._measure()
        self._loop.call_later(1, self._watch)

    def _measure(self) -> None:
        if time.monotonic() - self._measured_at < _LAG_SECONDS or self._rows:
            return
        self._measured_at = time.monotonic()
        try:
            count, age = self._outbox.lag()
        except DatabaseError:
            return
        _PENDING.labels(self._service).set(count)
        _OLDEST.labels(self._service).set(age)

    def _tick(self) -> None:
        if self._stop.is_set():
            return
        try:
            found = self._send_next()
        except DatabaseError as error:
            log.warning("the relay of %s waits for its database: %r", self._service, error)
            self._let_go()
            self._loop.call_later(_PAUSE_SECONDS, self._tick)
            return
        if not found:
            self._loop.call_later(self._pace.pause(), self._tick)

    def _send_next(self) -> bool:
        self._rows, self._refused = self._outbox.take(), False
        now = time.monotonic()
        self._pace.found(len(self._rows), now)
        if not self._rows:
            return False
        self._sent_at = now
        exchange = f"{self._service}.events"
        for row in self._rows:
            self._delivery_tag += 1
            self._unconfirmed.add(self._delivery_tag)
            properties = pika.BasicProperties(
                content_type=CONTENT_TYPE,
                delivery_mode=2,
                message_id=row.id,
                type=row.type,
                app_id=self._service,
            )
            self._channel.basic_publish(exchange, row.type, row.body, properties, mandatory=True)
        failpoints.reach("relay.sent")
        return True

    def _on_returned(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        self._refused = True
        log.error("nobody takes %s %s: %s", properties.type, properties.message_id, method.reply_text)

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        if isinstance(method, pika.spec.Basic.Nack):
            self._refused = True
        tag = method.delivery_tag
        if method.multiple:
            self._unconfirmed = {waiting for waiting in self._unconfirmed if waiting > tag}
        else:
            self._unconfirmed.discard(tag)
        if not self._unconfirmed:
            self._all_confirmed()

    def _all_confirmed(self) -> None:
        if not self._rows:
            return
        result = "refused" if self._refused else "confirmed"
        _PUBLISHED.labels(self._service, result).inc(len(self._rows))
        if self._refused:
            self._let_go()
            self._loop.call_later(_PAUSE_SECONDS, self._tick)
            return
        failpoints.reach("relay.published")
        rows, self._rows = self._rows, []
        try:
            self._outbox.mark_sent(rows)
        except DatabaseError as error:
            log.warning("the relay of %s could not mark what it sent: %r", self._service, error)
            self._loop.call_later(_PAUSE_SECONDS, self._tick)
            return
        # A full batch says that more is waiting; otherwise let what comes next gather for a moment.
        self._loop.call_later(0 if len(rows) == BATCH else self._pace.pause(), self._tick)

    def _let_go(self) -> None:
        """Forget the rows without marking, so that they are sent again, by this relay or another."""
        self._rows = []
        self._unconfirmed.clear()
        self._outbox.let_go()


class Pace:
    """How long to wait before the outbox is asked again.

    A relay that asks at once sends every event by itself; each costs the database, the broker and every
    subscriber as much as several together. So the more rows come, the longer they gather.
    """

    def __init__(self, now: float) -> None:
        self._asked_at = self._found_at = now
        self._rows_a_second = 0.0

    def found(self, rows: int, now: float) -> None:
        """The outbox has answered with so many ``rows``; ``now`` is the time of a steady clock."""
        since, self._asked_at = max(now - self._asked_at, 0.001), now
        self._rows_a_second += (rows / since - self._rows_a_second) * min(1.0, since)
        if rows:
            self._found_at = now

    def pause(self) -> float:
        """Seconds until the outbox should be asked again."""
        pause = min(GATHER_AT_MOST_SECONDS, GATHER_SECONDS + GATHER_PER_SQUARE * self._rows_a_second**2)
        for quiet_for, ask_again in _ASK_AGAIN:
            if self._asked_at - self._found_at > quiet_for:
                pause = ask_again
        return pause
