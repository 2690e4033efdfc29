"""What a row of an exported file holds: the envelope in typed columns, the data as JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

if TYPE_CHECKING:
    from linli_events import Event

# Ids that most questions join by; taken out of the data where an event has them at its top.
LIFTED = ("order_id", "store_order_id", "shop_id", "customer_id", "delivery_id", "courier_id", "zone_id")

SCHEMA = pa.schema(
    [
        pa.field("offset", pa.int64()),
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("correlationid", pa.string()),
        pa.field("causationid", pa.string()),
        pa.field("partitionkey", pa.string()),
        *(pa.field(name, pa.string()) for name in LIFTED),
        pa.field("data", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One event on its way into a file; ``offset`` is nothing for what comes from the archive."""

    offset: int | None
    id: str
    source: str
    type: str
    version: int
    subject: str
    sequence: int
    time: datetime
    correlationid: str | None
    causationid: str | None
    partitionkey: str | None
    data: str
    lifted: tuple[str | None, ...] = field(default=(None,) * len(LIFTED))

    @property
    def day(self) -> date:
        """The partition it belongs to."""
        return self.time.astimezone(UTC).date()

    @property
    def key(self) -> tuple[str, str]:
        """What no two events share."""
        return self.source, self.id


def row_of(event: Event[Any]) -> Row:
    """The row of an event from the stream."""
    return Row(
        offset=event.offset,
        id=event.id,
        source=event.source,
        type=event.type,
        version=event.version,
        subject=event.subject,
        sequence=event.sequence,
        time=event.time.astimezone(UTC),
        correlationid=event.correlationid or None,
        causationid=event.causationid,
        partitionkey=event.partitionkey,
        data=orjson.dumps(event.data).decode(),
        lifted=lifted(event.data),
    )


def lifted(data: Mapping[str, Any]) -> tuple[str | None, ...]:
    return tuple(value if isinstance(value := data.get(name), str) else None for name in LIFTED)


def table_of(rows: Iterable[Row]) -> pa.Table:
    """The rows as a table, sorted by type: a question about one type skips what holds the others."""
    ordered = sorted(rows, key=lambda row: (row.type, row.offset or 0, row.id))
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in ordered] for name in _PLAIN}
    for number, name in enumerate(LIFTED):
        columns[name] = [row.lifted[number] for row in ordered]
    return pa.table([pa.array(columns[each.name], each.type) for each in SCHEMA], schema=SCHEMA)


_PLAIN = tuple(each.name for each in SCHEMA if each.name not in LIFTED)
