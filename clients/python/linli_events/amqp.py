"""The stream of a RabbitMQ broker as a source."""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Iterator
from typing import Any

from linli_events.errors import EventsError, NotReachable
from linli_events.event import Event
from linli_events.link import Link, parameters_of
from linli_events.source import Item

# How many messages may be on their way to whoever takes them.
_AHEAD = 1000
# More than what the broker writes in one piece, which is where "last" begins.
_PIECE = 10_000
_ANSWER_SECONDS = 30.0
_QUIET_SECONDS = 0.5


class AmqpSource:
    """The stream ``stream`` of the broker at ``url``; every feed is a connection of its own."""

    repeats = True
    dense = True

    def __init__(self, url: str, stream: str) -> None:
        self._parameters = parameters_of(url)
        self._stream = stream

    def bounds(self) -> tuple[int, int] | None:
        newest = self._at_hand("last", _PIECE)
        oldest = self._at_hand("first", 1)
        if not oldest or not newest:
            return None
        return oldest[0][0], newest[-1][0]

    def event_at(self, offset: int) -> Event[Any] | None:
        for place in range(offset, offset + 100):
            found = self._at_hand(place, 1)
            if not found:
                return None
            try:
                return Event.from_json(*found[0])
            except EventsError:
                continue
        return None

    def feed(self, offset: int, *, types: Collection[str], subjects: Collection[str]) -> AmqpFeed:  # noqa: ARG002
        link = Link(self._parameters, self._stream)
        link.start(offset, _AHEAD)
        return AmqpFeed(link, offset)

    def _at_hand(self, offset: int | str, prefetch: int) -> list[tuple[int, bytes]]:
        """What the broker sends at once when it is asked for ``offset``, ``prefetch`` messages at most."""
        link = Link(self._parameters, self._stream)
        link.start(offset, prefetch)
        found: list[tuple[int, bytes]] = []
        answered = False
        try:
            while len(found) < prefetch and not (found and answered):
                arrival = link.arrivals.get(timeout=_QUIET_SECONDS if answered else _ANSWER_SECONDS)
                if isinstance(arrival, EventsError):
                    raise arrival
                if arrival is None:
                    answered = True
                elif not isinstance(offset, int) or arrival[0] >= offset:
                    found.append(arrival)
        except queue.Empty:
            if not answered:
                raise NotReachable(f"The broker at {self._parameters.host} does not answer.") from None
        finally:
            link.close()
        return found


class AmqpFeed:
    """Messages of one connection, which is never more than a bounded number ahead of who takes them."""

    def __init__(self, link: Link, offset: int) -> None:
        self._link = link
        self._offset = offset
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Item]:
        count = 0
        arrivals = self._link.arrivals
        while not self._closed.is_set():
            arrival = arrivals.get()
            if arrival is None:
                continue
            if isinstance(arrival, EventsError):
                if self._closed.is_set():
                    return
                raise arrival
            count += 1
            # The broker begins with the piece that holds the offset.
            if arrival[0] >= self._offset:
                yield arrival
            if count % (_AHEAD // 2) == 0:
                self._link.taken(count)

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._link.close()
            self._link.arrivals.put(NotReachable("The reading was closed."))
