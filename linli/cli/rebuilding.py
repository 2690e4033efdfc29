"""`linli rebuild`: whether what a service knows follows from events alone."""

from __future__ import annotations

import os
import time
import warnings
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from linli.failures import Failure
from linli.rebuild import FROM_EVENTS_ALONE
from linli.stack import finding

if TYPE_CHECKING:
    from linli.rebuild.comparing import Difference
    from linli.rebuild.read_side import Rebuild
    from linli.rebuild.sources import Source

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Looking after")(rebuild)


def rebuild(
    service: Annotated[str, typer.Argument(help=" · ".join(FROM_EVENTS_ALONE))],
    places: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help="amqp://…, http://… or a folder of exported events; may be repeated, oldest first."
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(help="An empty database that keeps the result; without it, it is thrown away."),
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds that a platform which goes on working may take to be equal.")
    ] = 30.0,
    name: Name = None,
) -> None:
    """Build a service's database again from events, from the first on, and compare it with the living one.

    The living database is only read. Ends with 1 when any row differs.
    """
    if service not in FROM_EVENTS_ALONE:
        raise Failure(
            f"{service!r} cannot be rebuilt from events alone; {', '.join(FROM_EVENTS_ALONE)} can.",
            exit_code=2,
        )
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from linli.rebuild.read_side import Rebuild, fresh_database
    from linli.rebuild.sources import source_of

    live_url = finding.database_urls(name).get(service)
    if live_url is None:
        raise Failure(f"LINLI_{service.upper()}_DATABASE_URL is not set.", exit_code=2)
    sources = [source_of(place) for place in places or [_usual(name)]]
    console = Console()
    try:
        with fresh_database(service, into) as database:
            made = Rebuild(service, database)
            started = time.monotonic()
            for source in sources:
                _take_in(made, source)
            seconds = time.monotonic() - started
            differences = _until_equal(made, sources[-1], live_url, patience)
    finally:
        for source in sources:
            source.close()
    console.print(_table(service, differences))
    rate = f"{made.taken_in / seconds:,.0f} a second" if seconds else ""
    console.print(f"{made.taken_in:,} events taken in, {rate}.", highlight=False)
    for one in differences:
        if one.examples:
            console.print(f"{one.table}: {', '.join(one.examples)}", style="red", markup=False)
    if not all(one.is_none for one in differences):
        console.print("[red]The rebuilt database is not the living one.")
        raise typer.Exit(1)
    console.print("[green]The rebuilt database is the living one.")


def _usual(name: str | None) -> str:
    from linli.events.opening import url_of

    given = os.environ.get("LINLI_EVENTS_URL") or (os.environ.get("LINLI_AMQP_URL") if name is None else None)
    return given or url_of(finding.the_platform(name))


def _until_equal(made: Rebuild, source: Source, live_url: str, patience: float) -> list[Difference]:
    """What differs in the end: events that are on their way make the two differ for a moment."""
    from linli.rebuild.comparing import compare

    until = time.monotonic() + patience
    while True:
        differences = compare(live_url, made.database.url)
        if all(one.is_none for one in differences) or time.monotonic() >= until:
            return differences
        time.sleep(min(0.5, max(0.0, until - time.monotonic())))
        made.take_in(source.read())


def _take_in(made: Rebuild, source: Source) -> None:
    progress = Progress(
        SpinnerColumn(),
        TextColumn("events read"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with progress:
        task = progress.add_task("read", total=source.ahead())
        made.take_in(source.read(), lambda count: progress.advance(task, count))
        progress.update(task, completed=progress.tasks[0].total)


def _table(service: str, differences: list[Difference]) -> Table:
    table = Table("table", title=f"{service}, rebuilt")
    for heading in ("equal", "different", "only living", "only rebuilt"):
        table.add_column(heading, justify="right")
    for one in differences:
        colour = "" if one.is_none else "red"
        counts = (one.equal, one.different, one.only_live, one.only_rebuilt)
        table.add_row(one.table, *(f"{count:,}" for count in counts), style=colour)
    return table
