"""The event stream of a Linli platform.

from linli_events import connect

with connect("amqp://analyst:…@host:5672/%2f") as events:
    for event in events.read(start="first", types=["OrderPaid"]):
        print(event.offset, event.time, event.data["total"])
"""

from __future__ import annotations

from collections.abc import Callable

from linli_events.errors import (
    EventsError,
    NoSuchStream,
    NotAnEvent,
    NotPermitted,
    NotReachable,
    OffsetGone,
    WrongAddress,
)
from linli_events.event import Event
from linli_events.reading import Events, Start

__all__ = [
    "Event",
    "Events",
    "EventsError",
    "NoSuchStream",
    "NotAnEvent",
    "NotPermitted",
    "NotReachable",
    "OffsetGone",
    "Start",
    "WrongAddress",
    "connect",
]


def connect(
    url: str,
    *,
    token: str | Callable[[], str] | None = None,
    stream: str = "events",
    patience: float | None = None,
) -> Events:
    """The events behind ``url``; nothing is contacted before they are read.

    ``amqp://`` and ``amqps://`` name a broker that has the stream; ``http://`` and ``https://`` a platform
    that has the archive: give an access ``token`` (or a function that returns a fresh one), or put e-mail
    address and password into the address. What was reached once and goes away is waited for, for ``patience``
    seconds or, without, for ever.
    """
    scheme = url.partition("://")[0]
    if scheme in {"amqp", "amqps"}:
        from linli_events.amqp import AmqpSource

        return Events(AmqpSource(url, stream), patience=patience)
    if scheme in {"http", "https"}:
        from linli_events.http import HttpSource

        return Events(HttpSource(url, token), patience=patience)
    raise WrongAddress(f"{scheme}:// is no address of events: write amqp://, amqps://, http:// or https://.")
