"""Kombu's in-memory transport, made to wake its readers instead of letting them poll.

``linli-memory://`` is for one process that holds every service: an idle platform sleeps, and a message
is read the moment it is put. It knows which events are still on their way, so that a relay can tell
from when on it must send again after a restart.
"""

from __future__ import annotations

import socket
import threading
import time
from queue import Empty
from typing import Any, ClassVar

from kombu.transport import TRANSPORT_ALIASES, memory

SCHEME = "linli-memory"


class Channel(memory.Channel):
    """A channel whose messages wake the transports that consume their queue."""

    body_encoding = None
    readers: ClassVar[dict[str, Transport]] = {}
    on_the_way: ClassVar[int] = 0

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        if message["properties"]["delivery_info"]["exchange"]:
            Channel.on_the_way += 1
        super()._put(queue, message, **kwargs)
        reader = self.readers.get(queue)
        if reader is not None:
            reader.wake()

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> None:
        super().basic_consume(queue, *args, **kwargs)
        self.readers[queue] = self.connection
        self.connection.wake()

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        if self.qos.get(delivery_tag).delivery_info["exchange"]:
            Channel.on_the_way -= 1
        super().basic_ack(delivery_tag, multiple)
        self.connection.wake()

    def close(self) -> None:
        for queue in self._active_queues:
            self.readers.pop(queue, None)
        super().close()


class Transport(memory.Transport):
    """Waits for a message instead of looking for one every so often."""

    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self._something_came = threading.Event()

    def wake(self) -> None:
        self._something_came.set()

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            self._something_came.clear()
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError from None
                self._something_came.wait(left)
            else:
                return


def register() -> None:
    """Make ``linli-memory://`` known to kombu."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"


def events_on_the_way() -> int:
    """How many event deliveries were put and not yet acknowledged, in this process."""
    return Channel.on_the_way


assert socket.timeout is TimeoutError
