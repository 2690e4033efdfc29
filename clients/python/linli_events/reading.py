"""What can be asked of every source, whatever lies behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from types import TracebackType
from typing import Literal, Protocol, Self

from linli_events.event import Event

Start = int | datetime | Literal["first", "last", "next"]

# How far back a repeated event is recognised, in offsets.
REMEMBERED = 20_000


class Events(Protocol):
    """The events of a platform."""

    def read(
        self,
        start: Start = "first",
        *,
        types: Collection[str] = (),
        subjects: Collection[str] = (),
        follow: bool = True,
        stop: int | None = None,
        unique_within: int = REMEMBERED,
    ) -> Iterator[Event]:
        """Give events in the order of the stream, from ``start`` on.

        ``start`` is an offset (the first one given), ``"first"`` (the oldest kept), ``"last"`` (the newest), ``"next"``
        (what comes from now on), or a moment: then only what happened at or after it is given. ``types`` and
        ``subjects`` leave out what is not named there. With ``follow`` it waits for more; without, it ends when
        everything that was there at the start has been given. ``stop`` is the first offset not given.

        The platform sends an event again when it cannot know that it was sent: the repeat is left out when it comes
        within ``unique_within`` offsets, also across a resume; 0 gives everything that is there.
        """
        ...

    def bounds(self) -> tuple[int, int] | None:
        """The offsets of the oldest and the newest event kept now, or nothing while there is none."""
        ...

    def close(self) -> None:
        """End all readings; iterators end with :class:`StopIteration`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
