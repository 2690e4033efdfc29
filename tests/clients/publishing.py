"""Events for the tests of those who read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
TYPES = ("OrderPlaced", "OrderPaid")


def envelope(number: int, *, pad: int = 0) -> bytes:
    """The event ``number``: one a second, of two types, about ten subjects."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"event-{number}",
            "source": "ordering",
            "type": TYPES[number % 2],
            "subject": f"order-{number % 10}",
            "time": (BEGINNING + timedelta(seconds=number)).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "dataschema": f"linli:ordering:{TYPES[number % 2]}/1",
            "sequence": number // 10 + 1,
            "partitionkey": f"order-{number % 10}",
            "correlationid": f"request-{number // 3}",
            "causationid": f"request-{number // 3}",
            "data": {
                "number": number,
                "where": "文一西路",
                "total": {"amount": 100 + number, "currency": "CNY"},
                "pad": "x" * pad,
            },
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
