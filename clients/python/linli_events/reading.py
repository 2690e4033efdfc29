"""Reading: the same promises over every source.

A reading knows the offset it wants next and nothing else, so it can lose its source at any moment and go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self, overload

from linli_events.errors import (
    EventsError,
    NoSuchStream,
    NotAnEvent,
    NotPermitted,
    NotReachable,
    WrongAddress,
    refuse_a_gap,
)
from linli_events.event import Data, Event
from linli_events.source import Feed, Source

Start = int | datetime | Literal["first", "last", "next"]

log = logging.getLogger("linli_events")

# How far back a repeated event is recognised, in offsets.
REMEMBERED = 20_000
# Events of different services reach the stream a little out of the order of their times.
_DISORDER = timedelta(minutes=15)
_LONGEST_PAUSE = 5.0
# A broker that is just starting may not know its streams and accounts yet.
_STARTING_UP = 60.0


class Events:
    """The events of a platform, as :func:`linli_events.connect` gives them."""

    def __init__(self, source: Source, *, patience: float | None) -> None:
        self._source = source
        self._patience = patience
        self._readings: set[_Reading] = set()
        self._closed = threading.Event()

    @overload
    def read(
        self,
        start: Start = "first",
        *,
        types: Collection[type[Data]],
        subjects: Collection[str] = (),
        follow: bool = True,
        stop: int | None = None,
        unique_within: int = REMEMBERED,
    ) -> Iterator[Event[Data]]: ...

    @overload
    def read(
        self,
        start: Start = "first",
        *,
        types: Collection[str] = (),
        subjects: Collection[str] = (),
        follow: bool = True,
        stop: int | None = None,
        unique_within: int = REMEMBERED,
    ) -> Iterator[Event[dict[str, Any]]]: ...

    def read(
        self,
        start: Start = "first",
        *,
        types: Collection[Any] = (),
        subjects: Collection[str] = (),
        follow: bool = True,
        stop: int | None = None,
        unique_within: int = REMEMBERED,
    ) -> Iterator[Event[Any]]:
        """Give events in the order of the stream, from ``start`` on.

        ``start`` is an offset (the first one given), ``"first"`` (the oldest kept), ``"last"`` (the newest),
        ``"next"`` (what comes from now on), or an aware moment: then only what happened at or after it is
        given. ``types`` and ``subjects`` leave out what is not named there; types are named as in
        ``"OrderPaid"`` or by their classes in :mod:`linli_events.types`, and then a type checker knows what
        ``data`` holds. With ``follow`` it waits for more; without, it ends when everything that was there at
        the start has been given. ``stop`` is the first offset not given any more.

        The platform sends an event again when it cannot know that it was sent: the repeat is left out when it
        comes within ``unique_within`` offsets, also after a resume; 0 gives everything that is there. What is
        no event is left out, with a warning in the log.

        Raises an :class:`EventsError` with a sentence: at once when the source was never reached, or when
        what is asked for cannot be had; :class:`OffsetGone` rather than leaving a gap.
        """
        _check(start, types, subjects, stop, unique_within)
        # The position is fixed now, not when the first event is taken: "next" means from this moment on.
        reading = _Reading(self._source, self._patience, self._closed)
        reading.aim(start, stop, follow=follow)
        names = {one if isinstance(one, str) else one.__name__ for one in types}
        return self._given(reading, names, set(subjects), unique_within)

    def _given(
        self, reading: _Reading, types: set[str], subjects: set[str], unique_within: int
    ) -> Iterator[Event[Any]]:
        self._readings.add(reading)
        try:
            yield from reading.events(types, subjects, unique_within if self._source.repeats else 0)
        finally:
            reading.close()
            self._readings.discard(reading)

    def bounds(self) -> tuple[int, int] | None:
        """The offsets of the oldest and the newest event kept now, or nothing while there is none."""
        return self._source.bounds()

    def close(self) -> None:
        """End all readings, from any thread; their loops end."""
        self._closed.set()
        for reading in list(self._readings):
            reading.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Reading:
    """One way through the stream, from an offset to an end or for ever."""

    def __init__(self, source: Source, patience: float | None, closed: threading.Event) -> None:
        self._source = source
        self._patience = patience
        self._closed = closed
        self._feed: Feed | None = None
        self._since: datetime | None = None
        self._stop: int | None = None
        self._position = 0
        self._begin = 0
        self._oldest_known = 0
        # Whoever asks for the oldest or for a moment takes what there is when the source gives it.
        self._may_skip = False
        self._is_resumed = False

    def aim(self, start: Start, stop: int | None, *, follow: bool) -> None:
        """Turn ``start`` and the end into offsets."""
        bounds = self._source.bounds()
        first, last = bounds or (0, -1)
        self._oldest_known = first
        self._may_skip = start == "first" or isinstance(start, datetime)
        if isinstance(start, datetime):
            self._since = start
            self._position = self._offset_of(start - _DISORDER, first, last)
        elif isinstance(start, int):
            self._position = start
            self._is_resumed = True
            refuse_a_gap(start, first)
            if bounds and start > last + 1:
                log.warning("Offset %d is asked for and the newest is %d: waiting for it.", start, last)
        else:
            self._position = {"first": first, "last": max(last, first), "next": last + 1}[start]
        ends = [end for end in (stop, None if follow else last + 1) if end is not None]
        self._stop = min(ends) if ends else None

    def events(self, types: set[str], subjects: set[str], unique_within: int) -> Iterator[Event[Any]]:
        memory = _Memory(unique_within)
        self._begin = begin = self._position
        if unique_within and self._is_resumed:
            # What lies before an offset was given before, and something behind it may be a repeat.
            self._position = max(min(self._oldest_known, begin), begin - unique_within)
        wanted = (set[str](), set[str]()) if unique_within else (types, subjects)
        for offset, raw in self._items(*wanted):
            try:
                event = Event.from_json(offset, raw)
            except NotAnEvent as error:
                log.warning("%s It is left out.", error)
                continue
            if memory.has(event) or offset < begin:
                continue
            if types and event.type not in types:
                continue
            if subjects and event.subject not in subjects:
                continue
            if self._since is not None and event.time < self._since:
                continue
            yield event

    def close(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def _items(self, types: set[str], subjects: set[str]) -> Iterator[tuple[int, bytes]]:
        trouble = _Trouble(self._patience)
        while not self._at_the_end() and not self._closed.is_set():
            try:
                self._feed = self._source.feed(self._position, types=types, subjects=subjects)
                for offset, raw in self._feed:
                    trouble.over()
                    if (
                        offset > max(self._position, self._begin)
                        and not self._may_skip
                        and self._source.dense
                    ):
                        refuse_a_gap(max(self._position, self._begin), self._oldest())
                    self._may_skip = False
                    if self._stop is not None and offset >= self._stop:
                        return
                    self._position = offset + 1
                    if raw is not None:
                        yield offset, raw
                    if self._at_the_end():
                        return
            except (NotReachable, NotPermitted, NoSuchStream) as error:
                pause = trouble.pause(error)
                log.warning("%s Trying again at offset %d.", error, self._position)
                self._closed.wait(pause)
            finally:
                self.close()

    def _oldest(self) -> int:
        bounds = self._source.bounds()
        return bounds[0] if bounds else 0

    def _at_the_end(self) -> bool:
        return self._stop is not None and self._position >= self._stop

    def _offset_of(self, moment: datetime, first: int, last: int) -> int:
        """The lowest offset whose event did not happen before ``moment``, by halving."""
        low, high = first, last + 1
        while low < high:
            middle = (low + high) // 2
            event = self._source.event_at(middle)
            if event is None or event.offset > last or event.time >= moment:
                high = middle
            else:
                low = event.offset + 1
        return low


class _Memory:
    """Which events have been seen in the last so many offsets."""

    def __init__(self, span: int) -> None:
        self._span = span
        self._order: deque[tuple[int, tuple[str, str]]] = deque()
        self._seen: dict[tuple[str, str], int] = {}

    def has(self, event: Event[Any]) -> bool:
        """Whether ``event`` was seen before; it is from now on."""
        if not self._span:
            return False
        while self._order and self._order[0][0] < event.offset - self._span:
            offset, forgotten = self._order.popleft()
            if self._seen.get(forgotten) == offset:
                del self._seen[forgotten]
        key = (event.source, event.id)
        seen = key in self._seen
        self._seen[key] = event.offset
        self._order.append((event.offset, key))
        return seen


class _Trouble:
    """How long a source has been away, and how long to wait before asking again."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._began: float | None = None
        self._next_pause = 0.1

    def over(self) -> None:
        self._began, self._next_pause = None, 0.1

    def pause(self, error: EventsError) -> float:
        """Raises ``error`` when it is no use to wait any longer."""
        now = time.monotonic()
        self._began = self._began or now
        patience = self._patience
        if not isinstance(error, NotReachable):
            patience = _STARTING_UP if patience is None else min(patience, _STARTING_UP)
        if patience is not None and now - self._began >= patience:
            raise error
        pause = self._next_pause
        self._next_pause = min(pause * 2, _LONGEST_PAUSE)
        return pause


def _check(start: object, types: object, subjects: object, stop: object, unique_within: int) -> None:
    for name, wanted in (("types", types), ("subjects", subjects)):
        if isinstance(wanted, str | type):
            one = wanted.__name__ if isinstance(wanted, type) else repr(wanted)
            raise WrongAddress(f"{name} is a list, not a single one: write {name}=[{one}].")
    if isinstance(start, datetime):
        if start.tzinfo is None:
            raise WrongAddress("A moment needs its time zone: datetime(…, tzinfo=UTC).")
    elif isinstance(start, bool) or not (
        (isinstance(start, int) and start >= 0) or start in ("first", "last", "next")
    ):
        raise WrongAddress(f'start is "first", "last", "next", an offset or a moment, not {start!r}.')
    if stop is not None and (isinstance(stop, bool) or not isinstance(stop, int)):
        raise WrongAddress(f"stop is an offset, not {stop!r}.")
    if unique_within < 0:
        raise WrongAddress("unique_within is a number of offsets, 0 or more.")
