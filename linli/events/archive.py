"""What the stream no longer has: out of the services' outboxes, or out of files of an earlier export."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from linli.events.columns import LIFTED, Row, lifted
from linli.events.exporting import Batch, Plan, Told
from linli.events.layout import STREAM, Folder, Span
from linli.events.writing import Writer
from linli.failures import Failure
from linli.stack import databases

_AT_ONCE = 5_000
# Only what was sent: the rest will come through the stream, which may not have it yet.
_SENT = "sent_at IS NOT NULL AND sent_at < %(until)s AND (%(all)s OR type = ANY(%(types)s))"
_COUNT = f"SELECT count(*) FROM outbox WHERE {_SENT}"
_NAMES = f"SELECT position, id, time FROM outbox WHERE {_SENT} ORDER BY position"
_ROWS = (
    "SELECT position, id, type, version, subject, sequence, time, correlationid, causationid, partitionkey,"
    " data FROM outbox WHERE position = ANY(%s) ORDER BY position"
)


@dataclass(frozen=True, kw_only=True)
class Outboxes:
    """The outboxes of all services as they were ``until`` a moment of each database's own clock.

    What is sent later is left to the stream, so that its rows get their offsets.
    """

    urls: Mapping[str, str]
    until: Mapping[str, datetime]

    @classmethod
    def now(cls, urls: Mapping[str, str]) -> Outboxes:
        return cls(
            urls=urls, until={service: _one(url, "SELECT clock_timestamp()") for service, url in urls.items()}
        )

    def export(self, writer: Writer, plan: Plan, told: Told) -> None:
        """Write every sent event that the folder does not have yet."""
        for service, url in sorted(self.urls.items()):
            terms = {"until": self.until[service], "all": not plan.types, "types": list(plan.types)}
            told.expect(_one(url, _COUNT, terms))
            with closing(databases.connect(url)) as names, closing(databases.connect(url)) as rows:
                names.autocommit = False
                with names.cursor("names") as found:
                    found.itersize = _AT_ONCE
                    found.execute(_NAMES, terms)
                    missing = _missing(service, found, writer, plan, told)
                    _write(service, rows, missing, writer, plan, told)


def export_files(other: Folder, writer: Writer, plan: Plan, told: Told) -> None:
    """Take over what an earlier export into ``other`` has and the writer's folder has not.

    Their offsets are left out, since they may be those of a stream that is no more.
    """
    if other.contents() is None:
        raise Failure(f"{other.path} is no folder of exported events.", exit_code=2)
    parts: dict[tuple[str, Span], list[Path]] = defaultdict(list)
    for file, origin, span in other.named():
        parts[origin, span].append(file)
    told.expect(sum(pq.read_metadata(file).num_rows for files in parts.values() for file in files))
    for (origin, span), files in sorted(parts.items()):
        # What was written at once is taken over at once, so it was small enough.
        found = [row for file in files for row in _rows_again(file)]
        told.read(len(found))
        wanted = [row for row in found if _is_wanted(row.type, row.time, plan)]
        told.wrote(writer.write("archive" if origin == STREAM else origin, span, wanted))


def fill_holes(folder: Folder, within: Sequence[Span] | None = None) -> list[Span]:
    """Write down that the archive stands in for the offsets that the stream did not give; returns them.

    ``within`` says which offsets the archive is known to have had; without, it had everything.
    """
    holes = folder.holes()
    spans = folder.spans()
    if spans and spans[0].first > 1 and (contents := folder.contents()) and contents.since == "first":
        holes.insert(0, Span(first=0, last=spans[0].first - 1))
    already = folder.filled()
    filled = [
        hole
        for hole in holes
        if not any(hole in span for span in already)
        and (within is None or any(hole in span for span in within))
    ]
    for hole in filled:
        folder.fill(hole)
    return filled


def _missing(service: str, found: Any, writer: Writer, plan: Plan, told: Told) -> Iterator[list[int]]:
    """Positions of the events that the folder does not have, some thousand at a time."""
    while names := found.fetchmany(_AT_ONCE):
        days: dict[date, dict[tuple[str, str], int]] = defaultdict(dict)
        for position, event_id, time in names:
            moment = datetime.fromisoformat(time).astimezone(UTC)
            if _is_wanted(None, moment, plan):
                days[moment.date()][service, event_id] = position
        for day, own in days.items():
            for key in writer.known(day, own):
                del own[key]
        told.read(len(names))
        yield sorted(position for own in days.values() for position in own.values())


def _write(
    service: str, connection: Any, missing: Iterator[list[int]], writer: Writer, plan: Plan, told: Told
) -> None:
    batch = Batch(plan.rows)
    first = last = 0
    with connection.cursor() as cursor:
        for positions in missing:
            cursor.execute(_ROWS, (positions,))
            for position, *values in cursor:
                first, last = (first if batch.rows else position), position
                batch.add(_outbox_row(service, *values))
                if batch.is_full:
                    told.wrote(writer.write(f"outbox.{service}", Span(first=first, last=last), batch.taken()))
    if batch.rows:
        told.wrote(writer.write(f"outbox.{service}", Span(first=first, last=last), batch.taken()))


def _outbox_row(
    service: str,
    event_id: str,
    type_: str,
    version: int,
    subject: str,
    sequence: int,
    time: str,
    correlationid: str,
    causationid: str | None,
    partitionkey: str,
    data: str,
) -> Row:
    return Row(
        offset=None,
        id=event_id,
        source=service,
        type=type_,
        version=version,
        subject=subject,
        sequence=sequence,
        time=datetime.fromisoformat(time).astimezone(UTC),
        correlationid=correlationid or None,
        causationid=causationid,
        partitionkey=partitionkey,
        data=data,
        lifted=lifted(orjson.loads(data)),
    )


def _rows_again(file: Path) -> Iterator[Row]:
    for group in pq.ParquetFile(file).iter_batches(_AT_ONCE):
        for values in group.to_pylist():
            above = tuple(values.pop(name) for name in LIFTED)
            yield Row(**values | {"offset": None, "lifted": above})


def _is_wanted(type_: str | None, moment: datetime, plan: Plan) -> bool:
    if plan.types and type_ is not None and type_ not in plan.types:
        return False
    return not isinstance(plan.since, datetime) or moment >= plan.since


def _one(url: str, statement: str, terms: Mapping[str, Any] | None = None) -> Any:
    with closing(databases.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, terms)
        return cursor.fetchall()[0][0]
