"""The envelope of every event: CloudEvents 1.0 in structured JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shared.kernel.errors import InvalidInput

CONTENT_TYPE = "application/cloudevents+json"
_REQUIRED = ("id", "type", "source", "subject", "time", "sequence", "data")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that has happened, as one service tells the others.

    ``id`` is unique per source; ``subject`` is the aggregate it happened to; ``sequence`` counts the
    events of one subject from 1 without gaps; ``time`` is business time, RFC 3339.
    """

    id: str
    type: str
    source: str
    subject: str
    time: str
    version: int
    sequence: int
    data: Mapping[str, Any]
    correlationid: str = ""
    causationid: str | None = None
    traceparent: str | None = None
    partitionkey: str = ""

    def to_json(self) -> bytes:
        """The structured-mode body of the event."""
        return envelope(
            event_id=self.id,
            type=self.type,
            source=self.source,
            subject=self.subject,
            time=self.time,
            version=self.version,
            sequence=self.sequence,
            correlationid=self.correlationid,
            causationid=self.causationid,
            traceparent=self.traceparent,
            partitionkey=self.partitionkey,
            data=self.data,
        )

    @classmethod
    def from_json(cls, body: bytes | str) -> Event:
        """Read a structured-mode body; raises :class:`InvalidInput` that says what is wrong with it."""
        try:
            wire = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"The event is not JSON: {error}.") from error
        return cls.from_wire(wire)

    @classmethod
    def from_wire(cls, wire: Any) -> Event:
        if not isinstance(wire, dict):
            raise InvalidInput("An event is a JSON object.")
        missing = [name for name in _REQUIRED if name not in wire]
        if missing or wire.get("specversion") != "1.0":
            names = missing or ["specversion"]
            raise InvalidInput(
                f"The event lacks {', '.join(names)}.",
                errors=[{"field": name, "message": "Required by CloudEvents 1.0."} for name in names],
            )
        if not isinstance(wire["data"], dict):
            raise InvalidInput("The event's data is not an object.")
        try:
            return cls(
                id=str(wire["id"]),
                type=str(wire["type"]),
                source=str(wire["source"]),
                subject=str(wire["subject"]),
                time=str(wire["time"]),
                version=int(str(wire.get("dataschema", "/1")).rsplit("/", 1)[-1]),
                sequence=int(wire["sequence"]),
                data=wire["data"],
                correlationid=str(wire.get("correlationid", "")),
                causationid=wire.get("causationid"),
                traceparent=wire.get("traceparent"),
                partitionkey=str(wire.get("partitionkey", wire["subject"])),
            )
        except ValueError as error:
            raise InvalidInput(f"The event's envelope is not valid: {error}.") from error


def envelope(
    *,
    event_id: str,
    type: str,
    source: str,
    subject: str,
    time: str,
    version: int,
    sequence: int,
    correlationid: str,
    causationid: str | None,
    traceparent: str | None,
    partitionkey: str,
    data: Mapping[str, Any] | orjson.Fragment,
) -> bytes:
    """A structured-mode CloudEvent; ``data`` may be JSON that is already rendered."""
    wire: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": type,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "dataschema": f"linli:{source}:{type}/{version}",
        "sequence": sequence,
        "partitionkey": partitionkey,
        "correlationid": correlationid,
    }
    if causationid:
        wire["causationid"] = causationid
    if traceparent:
        wire["traceparent"] = traceparent
    wire["data"] = data
    return orjson.dumps(wire)
