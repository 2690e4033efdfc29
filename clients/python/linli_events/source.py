"""What a reading needs of the place that events come from: a broker's stream or a platform's archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Protocol

from linli_events.event import Event

# An offset and the envelope there; without envelope: nothing up to and with this offset is asked for.
Item = tuple[int, bytes | None]


class Feed(Protocol):
    """Items from one offset on, until it is closed; raises an EventsError when the source goes away."""

    def __iter__(self) -> Iterator[Item]: ...

    def close(self) -> None:
        """End it, from any thread; the iterator ends too."""
        ...


class Source(Protocol):
    """Where events come from."""

    # Whether one event may be there twice, at two offsets.
    repeats: bool
    # Whether a feed gives every offset, so that one that is missing needs an explanation. Where not, the feed
    # raises OffsetGone itself.
    dense: bool

    def bounds(self) -> tuple[int, int] | None:
        """The offsets of the oldest and the newest event kept, or nothing while there is none."""
        ...

    def event_at(self, offset: int) -> Event[Any] | None:
        """The event at ``offset``, or the next one after it; nothing when there is none yet."""
        ...

    def feed(self, offset: int, *, types: Collection[str], subjects: Collection[str]) -> Feed:
        """Everything from ``offset`` on; may leave out what is not of ``types`` and ``subjects``."""
        ...
