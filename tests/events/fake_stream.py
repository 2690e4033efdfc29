"""A stream in memory that keeps the promises of `linli_events.Events`, and events to put into it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from linli_events import Event
from linli_events.reading import Events

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


class FakeStream(Events):
    """The client as it is, reading out of a list."""

    def __init__(self, bodies: Iterable[bytes] = (), *, dense: bool = True) -> None:
        self.bodies = list(bodies)
        self.first = 0
        self.repeats, self.dense = True, dense
        super().__init__(self, patience=0)

    def append(self, *bodies: bytes) -> None:
        self.bodies += bodies

    def drop_before(self, offset: int) -> None:
        """Retention has taken what came before."""
        self.first = offset

    # What the client asks of a source.

    def bounds(self) -> tuple[int, int] | None:
        return (self.first, len(self.bodies) - 1) if self.first < len(self.bodies) else None

    def event_at(self, offset: int) -> Event | None:
        offset = max(offset, self.first)
        return Event.from_json(offset, self.bodies[offset]) if offset < len(self.bodies) else None

    def feed(self, offset: int, *, types: Collection[str], subjects: Collection[str]) -> _Feed:
        return _Feed(self, offset)


class _Feed:
    def __init__(self, stream: FakeStream, offset: int) -> None:
        self._stream, self._offset = stream, offset

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        while (offset := max(self._offset, self._stream.first)) < len(self._stream.bodies):
            yield offset, self._stream.bodies[offset]
            self._offset = offset + 1

    def close(self) -> None: ...


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
