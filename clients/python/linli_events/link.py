"""A connection to RabbitMQ in a thread of its own, so that heartbeats go on while a handler is slow.

Streams over AMQP 0.9.1 have rules of their own: a consumer needs a prefetch, nothing may be nacked (which is
what cancelling does in pika), and acknowledging only tells the broker how much more to send.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from pika.exceptions import (
    AuthenticationError,
    ChannelClosed,
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from linli_events.errors import EventsError, NoSuchStream, NotPermitted, NotReachable, WrongAddress

# Without a handler of its own, pika's account of every lost connection would land on the terminal.
logging.getLogger("pika").addHandler(logging.NullHandler())

_HEARTBEAT = 20

# An offset with its message; nothing: everything sent before the last question has come; an error: the end.
Arrival = tuple[int, bytes] | None | EventsError


class Link:
    """One connection that reads ``stream``; what comes is put into ``arrivals`` in order."""

    def __init__(self, parameters: pika.URLParameters, stream: str) -> None:
        self._parameters = parameters
        self._stream = stream
        self._prefetch = 0
        self._offset: int | str = 0
        self._loop = IOLoop()
        self._channel: Any = None
        self._connection: Any = None
        self._ending = False
        self._ended = threading.Event()
        self.arrivals: queue.SimpleQueue[Arrival] = queue.SimpleQueue()

    def start(self, offset: int | str, prefetch: int) -> None:
        """Send for what there is from ``offset`` on, at most ``prefetch`` messages ahead of :meth:`taken`.

        The first ``None`` among the arrivals follows what the broker had at hand at the beginning.
        """
        self._offset, self._prefetch = offset, prefetch
        threading.Thread(target=self._run, name="linli-events", daemon=True).start()

    def taken(self, tag: int) -> None:
        """Everything up to the arrival number ``tag``, counted from 1, has been taken."""
        self._soon(lambda: self._channel.is_open and self._channel.basic_ack(tag, multiple=True))

    def close(self) -> None:
        """End it, from any thread."""
        self._ending = True
        self._soon(self._close)

    def join(self) -> None:
        self._ended.wait(5)

    def _run(self) -> None:
        try:
            self._connection = pika.SelectConnection(
                self._parameters,
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_lost,
                on_close_callback=self._on_lost,
                custom_ioloop=self._loop,
            )
            self._loop.start()
        except Exception as error:
            self.arrivals.put(self._explained(error))
        finally:
            self._ended.set()
            with contextlib.suppress(Exception):
                self._loop.close()

    def _soon(self, do: Callable[[], object]) -> None:
        if not self._ended.is_set():
            with contextlib.suppress(Exception):
                self._loop.add_callback_threadsafe(do)

    def _close(self) -> None:
        if self._connection is None or self._connection.is_closed:
            self._loop.stop()
        elif not self._connection.is_closing:
            self._connection.close()

    def _on_open(self, connection: Any) -> None:
        if self._ending:
            self._close()
            return
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_lost)
        channel.add_on_cancel_callback(self._on_cancelled)
        channel.basic_qos(prefetch_count=self._prefetch, callback=self._on_prefetch)

    def _on_prefetch(self, _frame: Any) -> None:
        self._channel.basic_consume(
            self._stream,
            self._on_message,
            arguments={"x-stream-offset": self._offset},
            callback=self._on_consuming,
        )

    def _on_consuming(self, _frame: Any) -> None:
        # Answers come in order, so behind this one is everything that the broker had at hand.
        self._channel.basic_qos(
            prefetch_count=self._prefetch, callback=lambda _frame: self.arrivals.put(None)
        )

    def _on_message(self, _channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        self.arrivals.put((int(properties.headers["x-stream-offset"]), body))

    def _on_cancelled(self, _frame: Any) -> None:
        self.arrivals.put(NoSuchStream(f"The stream {self._stream!r} was deleted while it was read."))
        self._close()

    def _on_lost(self, *reason: Any) -> None:
        self.arrivals.put(self._explained(reason[-1]))
        if self._connection is not None and not (self._connection.is_closed or self._connection.is_closing):
            self._connection.close()
            return
        self._loop.stop()

    def _explained(self, error: Any) -> EventsError:
        return explained(error, self._parameters, self._stream)


def explained(error: Any, parameters: pika.URLParameters, stream: str) -> EventsError:
    """``error`` of pika as a sentence."""
    where = f"{parameters.host}:{parameters.port}"
    user = parameters.credentials.username
    text = _reason(error)
    code = getattr(error, "reply_code", 0)
    if isinstance(error, (ProbableAuthenticationError, AuthenticationError)) or (
        isinstance(error, ConnectionClosedByBroker) and code == 403
    ):
        return NotPermitted(f"The broker at {where} does not let {user!r} in: wrong name or password.")
    if isinstance(error, ProbableAccessDeniedError) or "access to vhost" in text:
        vhost = parameters.virtual_host
        return NotPermitted(f"{user!r} may not use the virtual host {vhost!r} of the broker at {where}.")
    if isinstance(error, (ChannelClosedByBroker, ChannelClosed)) and code == 403:
        return NotPermitted(f"{user!r} may not read the stream {stream!r}: {text}")
    if code == 404:
        return NoSuchStream(f"The broker at {where} has no stream {stream!r}: {text}")
    if code in {406, 540} and isinstance(error, ChannelClosedByBroker):
        return NoSuchStream(f"{stream!r} at {where} is no stream that can be read: {text}")
    return NotReachable(f"The broker at {where} is not reachable: {text}")


def _reason(error: Any) -> str:
    """What pika's error, or the innermost one that it wraps, has to say."""
    for said in (getattr(error, "reply_text", ""), str(error)):
        if said:
            return str(said)
    for inner in (
        getattr(error, "exception", None),
        error.__cause__,
        *error.args,
        *getattr(error, "exceptions", ()),
    ):
        if isinstance(inner, BaseException):
            return _reason(inner)
    return type(error).__name__


def parameters_of(url: str) -> pika.URLParameters:
    """How to connect to ``url``; raises :class:`WrongAddress`."""
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError, IndexError) as error:
        raise WrongAddress(f"This is no address of a broker: {error}.") from error
    if "heartbeat=" not in url:
        parameters.heartbeat = _HEARTBEAT
    parameters.blocked_connection_timeout = 60
    parameters.socket_timeout = 10
    parameters.stack_timeout = 15
    parameters.connection_attempts = 1
    parameters.client_properties = {"connection_name": "linli-events"}
    return parameters
