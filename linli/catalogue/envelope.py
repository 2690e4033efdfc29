"""The envelope around every event's data: CloudEvents 1.0 in structured JSON, field by field."""

from __future__ import annotations

from typing import Any

from linli.catalogue.published import DIALECT

IDENTIFIER = "linli:envelope/1"

_FIELDS: dict[str, dict[str, Any]] = {
    "specversion": {"const": "1.0", "description": "The version of CloudEvents."},
    "id": {
        "type": "string",
        "minLength": 1,
        "description": "Names the event for good: an event that is sent again keeps it, so whoever remembers"
        " ids takes every event in once. A UUID of version 7.",
    },
    "source": {"type": "string", "minLength": 1, "description": "The service that tells."},
    "type": {
        "type": "string",
        "pattern": "^[A-Z][A-Za-z]+$",
        "description": "What has happened, in the past tense; the routing key.",
    },
    "subject": {"type": "string", "minLength": 1, "description": "The id of what it happened to."},
    "time": {
        "type": "string",
        "format": "date-time",
        "description": "When it happened, in business time, with an offset. Several events may share it.",
    },
    "datacontenttype": {"const": "application/json", "description": "What `data` is."},
    "dataschema": {
        "type": "string",
        "format": "uri",
        "pattern": "^linli:[a-z]+:[A-Za-z]+/[0-9]+$",
        "description": "Names the schema of `data`, with the version at its end:"
        " `linli:<source>:<type>/<n>` is the `$id` of `docs/schemas/<source>/<type>.v<n>.json`.",
    },
    "sequence": {
        "type": "integer",
        "minimum": 1,
        "description": "Counts the events of one subject at one source, from 1 and without gaps: who has"
        " seen 1 to n has seen all of them up to n.",
    },
    "partitionkey": {
        "type": "string",
        "minLength": 1,
        "description": "What belongs together, mostly the order's id; events that share it may be worked on"
        " in one place.",
    },
    "correlationid": {
        "type": "string",
        "minLength": 1,
        "description": "The request or timer that everything started with. It is in every log line and in"
        " `X-Correlation-Id` of the answer.",
    },
    "causationid": {
        "type": "string",
        "minLength": 1,
        "description": "The id of the event that this one was an answer to; absent when it was a request.",
    },
    "traceparent": {
        "type": "string",
        "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "The trace it belongs to (W3C Trace Context), when the request named one.",
    },
    "data": {"type": "object", "description": "What is told; see `dataschema`."},
}
_MAY_BE_ABSENT = {"causationid", "traceparent"}


def envelope_schema() -> dict[str, Any]:
    """The JSON Schema of an envelope, whatever its data."""
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER,
        "title": "Envelope",
        "description": "An event as it goes over the wire: CloudEvents 1.0 in structured JSON.",
        "type": "object",
        "properties": _FIELDS,
        "required": [name for name in _FIELDS if name not in _MAY_BE_ABSENT],
    }


def envelope_table() -> list[str]:
    """The same for people."""
    lines = ["| field | | |", "|---|---|---|"]
    for name, field in _FIELDS.items():
        presence = "sometimes" if name in _MAY_BE_ABSENT else "always"
        lines.append(f"| `{name}` | {presence} | {field['description']} |")
    return lines
