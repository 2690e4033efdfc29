"""From the stream into a folder: where to go on, how much at once, and what has to be said aloud."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow.parquet as pq

from linli.events.columns import Row, row_of
from linli.events.layout import STREAM, Folder, Span
from linli.events.writing import Writer
from linli.failures import Failure
from linli_events import Event, Events, EventsError, OffsetGone

_BYTES_AT_ONCE = 64 << 20
_SAID_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to export: of which types (empty for all), from where on in a new folder, how many rows a file."""

    types: tuple[str, ...] = ()
    since: str | int | datetime = "first"
    rows: int = 25_000
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
    if wanted == "first" and first > 1:
        told.note(f"The stream begins at offset {first}: what came before it, only the archive has.")
    # Archives count from 1, and who asks for 0 wants everything.
    if not isinstance(wanted, int) or first <= max(wanted, 1):
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
    """Write everything from ``start`` to now; repeats are asked for, since the writer knows them better."""
    batch = Batch(plan.rows)
    while True:
        reading = _Reading(batch, writer, told, start)
        try:
            for event in events.read(start, follow=False, unique_within=0):  # type: ignore[arg-type]
                reading.take(event, plan.types)
        except OffsetGone as error:
            reading.end()
            if not plan.across_gaps:
                raise Failure(
                    f"{error} What was read before is written; --from-archive or --across-gaps goes on."
                ) from error
            told.note(
                f"The stream dropped the offsets {error.wanted} to {error.first - 1} before they were read."
            )
            start = error.first
        else:
            reading.end()
            return


class _Reading:
    """Events of one span on their way into batches."""

    def __init__(self, batch: Batch, writer: Writer, told: Told, start: str | int | datetime) -> None:
        self._batch, self._writer, self._told = batch, writer, told
        # What is left out was read all the same: a span begins where the one before it ended.
        self._first = start if isinstance(start, int) else None
        self._last = -1
        self._unsaid = 0

    def take(self, event: Event[Any], types: tuple[str, ...]) -> None:
        if self._first is None:
            self._first = event.offset
        self._last = event.offset
        if not types or event.type in types:
            self._batch.add(row_of(event))
        self._unsaid += 1
        if self._unsaid == _SAID_AT_ONCE:
            self._say()
        if self._batch.is_full:
            self.end()

    def end(self) -> None:
        """Write what there is; the next span begins behind it."""
        self._say()
        if self._batch.rows and self._first is not None:
            span = Span(first=self._first, last=self._last)
            self._told.wrote(self._writer.write(STREAM, span, self._batch.taken()))
            self._first = self._last + 1

    def _say(self) -> None:
        self._told.read(self._unsaid)
        self._unsaid = 0


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
