"""One event, as the stream holds it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from linli_events.errors import NotAnEvent

Data = TypeVar("Data")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event(Generic[Data]):
    """Something that has happened on the platform: a CloudEvent and its place in the stream.

    ``offset`` is the place: store it with what you make of the event, and go on at ``offset + 1``.
    ``id`` is unique per source. ``sequence`` counts the events of one ``subject`` from 1 without gaps.
    ``time`` is business time and aware. ``data`` is what the catalogue says of ``type`` and ``version``, as
    a dictionary; :mod:`linli_events.types` tells a type checker its keys. ``raw`` is the whole envelope as it
    came.
    """

    offset: int
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    sequence: int
    version: int
    correlationid: str
    causationid: str | None
    partitionkey: str
    data: Data = field(hash=False)
    raw: bytes = field(repr=False, hash=False)

    @staticmethod
    def from_json(offset: int, raw: bytes) -> Event[Any]:
        """Read a structured-mode CloudEvent; raises :class:`NotAnEvent` that says what is wrong with it."""
        try:
            wire = json.loads(raw)
            time = datetime.fromisoformat(wire["time"])
            return Event(
                offset=offset,
                id=wire["id"],
                source=wire["source"],
                type=wire["type"],
                subject=wire["subject"],
                time=time if time.tzinfo else time.replace(tzinfo=UTC),
                sequence=int(wire["sequence"]),
                version=int(str(wire.get("dataschema", "/1")).rsplit("/", 1)[-1]),
                correlationid=wire.get("correlationid", ""),
                causationid=wire.get("causationid"),
                partitionkey=wire.get("partitionkey", wire["subject"]),
                data=dict(wire["data"]),
                raw=raw,
            )
        except KeyError as error:
            reason = f"it has no {error}"
        except (ValueError, TypeError, AttributeError) as error:
            reason = str(error)
        raise NotAnEvent(f"What the stream has at offset {offset} is no event: {reason}.", offset=offset)
