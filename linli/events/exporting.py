"""From the stream into a folder: where to go on, how much at once, and what has to be said aloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow.parquet as pq
from linli_events import Event, Events, EventsError, NotAnEvent, OffsetGone

from linli.events.columns import Row, row_of
from linli.events.layout import STREAM, Folder, Span
from linli.events.writing import Writer
from linli.failures import Failure

_BYTES_AT_ONCE = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to export: of which types (empty for all), from where on in a new folder, how many rows a file."""

    types: tuple[str, ...] = ()
    since: str | int | datetime = "first"
    rows: int = 50_000
    across_gaps: bool = False


class Told(Protocol):
    """Who is told how it goes."""

    def expect(self, events: int) -> None:
        """So many more are to be read."""

    def read(self, events: int) -> None:
        """So many more were read."""

    def wrote(self, events: int) -> None:
        """So many more are safely in files."""

    def note(self, sentence: str) -> None:
        """Something that a person should know."""


class Batch:
    """Rows that wait to be written together; bounded in number and in bytes."""

    def __init__(self, rows: int) -> None:
        self._most = rows
        self._bytes = 0
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self._bytes += len(row.data)

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= self._most or self._bytes >= _BYTES_AT_ONCE

    def taken(self) -> list[Row]:
        rows, self.rows, self._bytes = self.rows, [], 0
        return rows


def export_stream(events: Events, folder: Folder, writer: Writer, plan: Plan, told: Told) -> None:
    """Bring ``folder`` up to what the stream holds now.

    Raises :class:`Failure` when the stream is not the one that the folder was filled from, or when it no
    longer has what comes next and the plan does not allow to go on across the gap.
    """
    try:
        bounds = events.bounds()
        following = folder.next_offset()
        if bounds is None:
            if following is not None:
                told.note(f"The stream is empty; {folder.path} goes up to offset {following - 1}.")
            return
        first, last = bounds
        if following is not None:
            _is_the_same_stream(events, folder, bounds, following)
        start = _start(plan, following, first, told)
        told.expect(max(0, last + 1 - (start if isinstance(start, int) else first)))
        _read(events, writer, plan, told, start)
    except EventsError as error:
        raise Failure(str(error)) from error


def _start(plan: Plan, following: int | None, first: int, told: Told) -> str | int | datetime:
    wanted = plan.since if following is None else following
    if wanted == "first" and first > 0:
        told.note(f"The stream begins at offset {first}: what came before it, only the archive has.")
    if not isinstance(wanted, int) or wanted >= first:
        return wanted
    if not plan.across_gaps:
        raise Failure(
            f"The stream no longer has the offsets {wanted} to {first - 1}: it begins at {first}. "
            "Fill them in from the outboxes with --from-archive, where the platform runs; or leave them out "
            "with --across-gaps."
        )
    told.note(f"The stream no longer has the offsets {wanted} to {first - 1}.")
    return first


def _read(events: Events, writer: Writer, plan: Plan, told: Told, start: str | int | datetime) -> None:
    batch = Batch(plan.rows)
    # What was left out was read all the same: a span begins where the one before it ended.
    begun = start if isinstance(start, int) else None
    last = None
    unsaid = 0
    for event in _events(events, start, told):
        unsaid += 1
        if last is not None and event.offset > last + 1 and begun is not None and _are_gone(events, last + 1):
            _flush(writer, batch, Span(first=begun, last=last), told)
            told.note(
                f"The stream dropped the offsets {last + 1} to {event.offset - 1} before they were read."
            )
            begun = event.offset
        begun = event.offset if begun is None else begun
        last = event.offset
        if not plan.types or event.type in plan.types:
            batch.add(row_of(event))
        if unsaid == 500 or batch.is_full:
            told.read(unsaid)
            unsaid = 0
        if batch.is_full:
            _flush(writer, batch, Span(first=begun, last=last), told)
            begun = last + 1
    told.read(unsaid)
    if begun is not None and last is not None and batch.rows:
        _flush(writer, batch, Span(first=begun, last=last), told)


def _events(events: Events, start: str | int | datetime, told: Told) -> Iterator[Event]:
    """Everything from ``start`` to what is there now, repeats included: the writer knows them better."""
    while True:
        try:
            yield from events.read(start, follow=False, unique_within=0)  # type: ignore[arg-type]
        except NotAnEvent as error:
            told.note(f"{error} It was left out.")
            start = error.offset + 1
        except OffsetGone as error:
            # It went between the look at the bounds and the first reading.
            raise Failure(f"{error} Run the same command again.") from error
        else:
            return


def _flush(writer: Writer, batch: Batch, span: Span, told: Told) -> None:
    told.wrote(writer.write(STREAM, span, batch.taken()))


def _are_gone(events: Events, offset: int) -> bool:
    bounds = events.bounds()
    return bounds is not None and bounds[0] > offset


def _is_the_same_stream(events: Events, folder: Folder, bounds: tuple[int, int], following: int) -> None:
    first, last = bounds
    other = f"This is not the stream that {folder.path} was filled from"
    instead = "Choose a new folder; --archive takes the old one's events over."
    if last < following - 1:
        raise Failure(
            f"{other}: it ends at offset {last}, and the folder goes up to {following - 1}. {instead}"
        )
    known = _last_known(folder)
    if known is None or known[0] < first:
        return
    offset, event_id = known
    there = next(events.read(offset, follow=False, stop=offset + 1, unique_within=0), None)
    if there is not None and there.offset == offset and there.id != event_id:
        raise Failure(
            f"{other}: at offset {offset} it has event {there.id}, and the folder {event_id}. {instead}"
        )


def _last_known(folder: Folder) -> tuple[int, str] | None:
    """Offset and id of the newest event of the folder that came from the stream."""
    newest: tuple[int, str] | None = None
    for file in folder.last_files():
        table = pq.read_table(file, columns=["offset", "id"], partitioning=None)
        for offset, event_id in zip(table["offset"].to_pylist(), table["id"].to_pylist(), strict=True):
            if offset is not None and (newest is None or offset > newest[0]):
                newest = offset, event_id
    return newest
