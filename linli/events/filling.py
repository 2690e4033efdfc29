"""One export from its beginning to its end: the stream first, then whatever the archive can add."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from linli.events.archive import Outboxes, export_files, fill_holes
from linli.events.exporting import Plan, Told, export_stream
from linli.events.layout import Contents, Folder, Span, joined
from linli.events.opening import offset_or_moment
from linli.events.writing import Writer
from linli.failures import Failure
from linli_events import Events


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Where what the stream no longer has may be found."""

    outboxes: Outboxes | None = None
    others: Sequence[Folder] = ()


class Filling:
    """Fills ``folder``, which has to be this process's alone (:meth:`Folder.alone`)."""

    def __init__(self, folder: Folder, plan: Plan, told: Told) -> None:
        begun = folder.contents()
        written = _written(plan.since)
        if begun is not None and written not in {"first", begun.since}:
            raise Failure(
                f"{folder.path} was begun from {begun.since} and goes on where it is: leave out --from.",
                exit_code=2,
            )
        folder.begin(Contents(types=plan.types, since=written))
        self._folder = folder
        self._plan = replace(plan, since=since(begun.since)) if begun else plan
        self._told = told
        self._writer = Writer(folder)

    def fill(self, events: Events, archive: Archive) -> None:
        """Bring the folder up to now; what is missing in it all the same is said."""
        plan = self._plan
        has_archive = archive.outboxes is not None or bool(archive.others)
        if has_archive and isinstance(plan.since, int) and plan.since > 0:
            raise Failure(
                f"{self._folder.path} begins at offset {plan.since}, and the archive knows no offsets: "
                "begin a folder from first, or from a time.",
                exit_code=2,
            )
        across = replace(plan, across_gaps=plan.across_gaps or has_archive)
        export_stream(events, self._folder, self._writer, across, self._told)
        for other in archive.others:
            export_files(other, self._writer, plan, self._told)
        if archive.outboxes is not None:
            archive.outboxes.export(self._writer, plan, self._told)
        if has_archive:
            self._say_what_was_filled(archive)
        for hole in self._folder.holes():
            self._told.note(f"The offsets {hole.first} to {hole.last} are missing in {self._folder.path}.")

    def follow(self, events: Events, every: float, pause: Callable[[float], None] = time.sleep) -> None:
        """Go on with what comes, a batch every so many seconds, for ever."""
        while True:
            pause(every)
            export_stream(events, self._folder, self._writer, self._plan, self._told)

    def _say_what_was_filled(self, archive: Archive) -> None:
        within: list[Span] | None = None
        if archive.outboxes is None:
            within = joined(span for other in archive.others for span in (*other.spans(), *other.filled()))
        for span in fill_holes(self._folder, within):
            self._told.note(f"The archive stands in for the offsets {span.first} to {span.last}.")


def since(text: str) -> str | int | datetime:
    """Where a folder begins: ``first``, an offset, or a moment; raises :class:`Failure` for anything else."""
    if text == "first":
        return text
    place = offset_or_moment(text)
    if place is None:
        raise Failure(
            f"--from is first, an offset, or a time with its zone like 2026-01-05T08:00Z, not {text!r}.",
            exit_code=2,
        )
    return place.astimezone(UTC) if isinstance(place, datetime) else place


def _written(wanted: str | int | datetime) -> str:
    return wanted.isoformat() if isinstance(wanted, datetime) else str(wanted)
