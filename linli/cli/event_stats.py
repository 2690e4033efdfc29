"""`linli events stats`: ready questions to a folder of exported events, as tables and pictures."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from linli.cli.needing import need_analysis
from linli.failures import Failure

if TYPE_CHECKING:
    from linli.events.queries import Answer

_WIDE, _ID_LENGTH = 130, 36
_MONEY = {"gross", "accrued", "reversed", "released", "frozen"}


def stats(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which question; without it, all are listed.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="What `linli events export` has filled.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the answer, too: .png, .svg or .pdf.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="From this day on.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Up to this day.")] = None,
    zone: Annotated[str, typer.Option(help="In which time zone hours and days begin.")] = "Asia/Shanghai",
    sql: Annotated[bool, typer.Option("--sql", help="Print the query instead of running it.")] = False,
) -> None:
    """Ask exported events one of the ready questions: prints a table, and draws it if you like."""
    need_analysis()
    from linli.events import queries
    from linli.events.layout import Folder

    console = Console()
    if name is None:
        table = Table("name", "question", "how", title="linli events stats NAME DIR")
        for each in queries.QUERIES:
            table.add_row(each.name, each.question, each.explanation)
        console.print(table)
        return
    query = queries.query(name)
    if picture is not None and not query.has_picture:
        raise Failure(f"There is no picture of {name}.", exit_code=2)
    asked = queries.Asked(first=_day(first), last=_day(last), zone=_zone(zone))
    if sql:
        where = Folder(folder or Path("DIR"))
        typer.echo(f"{queries.preparation(where, asked)}\n{queries.statement(query, asked)};")
        return
    if folder is None:
        raise Failure(f"Say which folder: linli events stats {name} DIR", exit_code=2)
    with queries.opened(Folder(folder), asked) as connection:
        answer = queries.ask(connection, query, asked)
    # A file or a pipe is as wide as it has to be.
    console = console if console.is_terminal else Console(width=200)
    console.print(_table(query.question, query.explanation, answer, console.width >= _WIDE))
    if picture is not None:
        from linli.events import pictures

        for note in pictures.draw(query, answer, picture, zone):
            console.print(note, style="yellow", markup=False, highlight=False)
        console.print(f"Drawn into {picture}.", highlight=False)


def _table(title: str, caption: str, answer: Answer, whole_ids: bool) -> Table:
    table = Table(title=title, caption=caption)
    numeric = [
        any(isinstance(row[place], int | float | Decimal) for row in answer.rows)
        for place in range(len(answer.columns))
    ]
    for column, is_number in zip(answer.columns, numeric, strict=True):
        table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in answer.rows:
        cells = zip(answer.columns, row, strict=True)
        table.add_row(*(_cell(value, whole_ids, 2 if column in _MONEY else 1) for column, value in cells))
    return table


def _cell(value: Any, whole_ids: bool, decimals: int) -> str:
    match value:
        case None:
            return "–"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.{decimals}f}"
        case str() if len(value) == _ID_LENGTH and not whole_ids:
            # The beginnings of ids that were made together are alike.
            return f"…{value[-8:]}"
        case _:
            return str(value)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Failure(f"{text!r} is no day: write it like 2026-01-05.", exit_code=2) from None


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError):
        raise Failure(f"There is no time zone {name!r}: write it like Asia/Shanghai.", exit_code=2) from None
