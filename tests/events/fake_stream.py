"""A stream in memory that keeps the promises of `linli_events.Events`, and events to put into it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from linli_events import Event, OffsetGone

MORNING = datetime(2026, 1, 5, 8, tzinfo=UTC)


def event_id(number: int, at: datetime = MORNING) -> str:
    """A UUIDv7 that is made at a moment; numbers of the same moment sort."""
    milliseconds = int(at.timestamp() * 1000)
    return str(UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | number))


def event(
    number: int,
    *,
    type: str = "OrderPlaced",
    source: str = "ordering",
    at: datetime | None = None,
    subject: str | None = None,
    sequence: int = 1,
    data: dict[str, Any] | None = None,
) -> bytes:
    """The envelope of an event that is known by its number."""
    moment = at or MORNING + timedelta(seconds=number)
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id(number, moment),
            "source": source,
            "type": type,
            "subject": subject or f"order-{number}",
            "time": moment.isoformat().replace("+00:00", "Z"),
            "dataschema": f"linli:{source}:{type}/1",
            "sequence": sequence,
            "correlationid": f"request-{number}",
            "partitionkey": subject or f"order-{number}",
            "data": {"order_id": f"order-{number}", "number": number} | (data or {}),
        },
        ensure_ascii=False,
    ).encode()


class FakeStream:
    """The events of a platform, in a list."""

    def __init__(self, bodies: Iterable[bytes] = ()) -> None:
        self.bodies = list(bodies)
        self.first = 0
        self.readings = 0

    def append(self, *bodies: bytes) -> None:
        self.bodies += bodies

    def drop_before(self, offset: int) -> None:
        """Retention has taken what came before."""
        self.first = offset

    def bounds(self) -> tuple[int, int] | None:
        return (self.first, len(self.bodies) - 1) if self.first < len(self.bodies) else None

    def read(
        self,
        start: Any = "first",
        *,
        types: Collection[str] = (),
        subjects: Collection[str] = (),
        follow: bool = True,
        stop: int | None = None,
        unique_within: int = 20_000,
    ) -> Iterator[Event]:
        assert not follow, "an export never waits inside the stream"
        assert unique_within == 0, "an export wants to see everything"
        self.readings += 1
        if isinstance(start, int) and start < self.first:
            raise OffsetGone("It is gone.", wanted=start, first=self.first)
        offset = start if isinstance(start, int) else self.first
        end = len(self.bodies) if stop is None else min(stop, len(self.bodies))
        while offset < end:
            found = Event.from_json(offset, self.bodies[offset])
            if not isinstance(start, datetime) or found.time >= start:
                yield found
            offset = max(offset + 1, self.first)

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Silent:
    """Who is told of an export and remembers it."""

    def __init__(self) -> None:
        self.expected = self.have_read = self.written = 0
        self.notes: list[str] = []

    def expect(self, events: int) -> None:
        self.expected += events

    def read(self, events: int) -> None:
        self.have_read += events

    def wrote(self, events: int) -> None:
        self.written += events

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)
