"""`linli events export` and `linli events stats`: events as files, and what they say."""

from __future__ import annotations

import warnings
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from linli.cli.event_stats import stats
from linli.cli.needing import need_analysis
from linli.failures import Failure
from linli.stack import finding

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]


def register(app: typer.Typer) -> None:
    app.command()(export)
    app.command()(stats)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the files are; made if it is not there.")
    ],
    url: Annotated[
        str | None,
        typer.Option(
            envvar="LINLI_EVENTS_URL", help="amqp://… or http://…; without it, the platform that runs here."
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--from", help="Where a new folder begins: first, an offset, or 2026-01-05T08:00Z.")
    ] = "first",
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option(min=1, help="With --follow: seconds from one file to the next.")
    ] = 60,
    rows: Annotated[int, typer.Option(min=1, max=1_000_000, help="Events a file at most.")] = 25_000,
    from_archive: Annotated[
        bool, typer.Option("--from-archive", help="Fill in what the stream no longer has from the outboxes.")
    ] = False,
    archive: Annotated[
        list[Path] | None, typer.Option(help="Take over what an earlier export has; may be repeated.")
    ] = None,
    across_gaps: Annotated[
        bool, typer.Option("--across-gaps", help="Go on although the stream no longer has what comes next.")
    ] = False,
    name: Name = None,
) -> None:
    """Write all events into Parquet files, each event once; run again, it goes on where it was.

    A file holds the events of one day out of a range of offsets, which its name gives. Whatever ends an
    export, no file is left half, and the next run neither leaves out nor doubles anything.
    """
    need_analysis()
    from linli.events import filling
    from linli.events.archive import Outboxes
    from linli.events.exporting import Plan
    from linli.events.layout import Folder
    from linli.events.opening import open_events

    plan = Plan(types=_known(types or []), since=filling.since(since), rows=rows, across_gaps=across_gaps)
    goal = Folder(folder)
    with open_events(url, name) as events, goal.alone(), _Shown() as shown:
        # The moment is taken before the stream is read: what is sent later is the stream's.
        outboxes = Outboxes.now(finding.database_urls(name)) if from_archive else None
        job = filling.Filling(goal, plan, shown)
        job.fill(
            events, filling.Archive(outboxes=outboxes, others=[Folder(other) for other in archive or []])
        )
        if follow:
            shown.note(f"Following: a batch every {every:g} s. Ctrl-C ends it.")
            with suppress(KeyboardInterrupt):
                job.follow(events, every)
    going_on = goal.next_offset()
    Console().print(
        f"{shown.written:,} events written into {folder}"
        + ("." if going_on is None else f"; it goes on at offset {going_on}."),
        highlight=False,
    )


class _Shown:
    """How far an export is, at the terminal."""

    def __init__(self) -> None:
        self.written = 0
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("events read"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._progress.add_task("read", total=0, rate="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def expect(self, events: int) -> None:
        task = self._progress.tasks[self._task]
        self._progress.update(self._task, total=(task.total or 0) + events)

    def read(self, events: int) -> None:
        speed = self._progress.tasks[self._task].speed
        self._progress.update(self._task, advance=events, rate=f"{speed:,.0f}/s" if speed else "")
        # More may have come since it was counted.
        task = self._progress.tasks[self._task]
        self._progress.update(self._task, total=max(task.total or 0, task.completed))

    def wrote(self, events: int) -> None:
        self.written += events

    def note(self, sentence: str) -> None:
        self._console.print(sentence, style="yellow", markup=False, highlight=False)


def _known(types: list[str]) -> tuple[str, ...]:
    """The types, if all of them are published by some service."""
    if not types:
        return ()
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from linli.catalogue.published import catalogue

    known = sorted({event.type for event in catalogue()})
    for type_ in types:
        if type_ not in known:
            near = get_close_matches(type_, known, 1)
            meant = f"Did you mean {near[0]}?" if near else "`linli events types` lists them."
            raise Failure(f"No service publishes {type_!r}. {meant}", exit_code=2)
    return tuple(sorted(set(types)))
