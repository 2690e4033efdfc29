"""`linli ledger what-if`: what other rates would have earned everybody."""

from __future__ import annotations

import csv
import json
import time
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from linli.failures import Failure
from linli.stack import finding

if TYPE_CHECKING:
    from services.commission.domain.commands import AskWhatIf
    from services.commission.domain.what_if import Outcome

_EVERY = 500


def what_if(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN.json", help="The terms that change; others stay as they were.")
    ],
    since: Annotated[str, typer.Option(help="Orders paid from this day on, or time: 2026-01-05T08:00Z.")],
    until: Annotated[
        str | None, typer.Option(help="Orders paid before the beginning of this day, or before this time.")
    ] = None,
    currency: Annotated[str, typer.Option(help="Which currency's orders.")] = "CNY",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE.csv", help="Write every party's row, too.")
    ] = None,
    most: Annotated[int, typer.Option("--rows", min=1, help="Rows for each kind of party.")] = 20,
    name: Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")] = None,
) -> None:
    """Derive past orders under other rates: what everybody would have earned.

    Nothing is written. Customers pay the same under all rates, and everything adds up to zero.
    """
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    ask = _question(plan, currency, moment(since, "--since"), _end(until))
    urls = finding.database_urls(name)
    if "commission" not in urls:
        raise Failure("LINLI_COMMISSION_DATABASE_URL is not set.", exit_code=2)
    began = time.monotonic()
    found = _derive(urls["commission"], ask)
    rate = found.orders / max(time.monotonic() - began, 1e-9)
    if csv_file is not None:
        _write(csv_file, found)
    if as_json:
        from services.commission.entrypoints.rate_answers import outcome

        print(json.dumps(outcome(found), ensure_ascii=False, indent=2))  # noqa: T201
        return
    _show(found, ask, most, rate)


def moment(text: str, option: str) -> datetime:
    """A day, which begins in Shanghai, or a time with its zone; raises :class:`Failure` for anything else."""
    from services.commission.domain.shop_contract import begin_of

    try:
        if len(text) == len("2026-01-05"):
            return begin_of(date.fromisoformat(text)).astimezone(UTC)
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except ValueError:
        pass
    raise Failure(
        f"{option} is a day like 2026-01-05 or a time with its zone like 2026-01-05T08:00Z, not {text!r}.",
        exit_code=2,
    )


def _end(until: str | None) -> datetime:
    # The clock of a replay may be ahead of this one, so what is left out has no end.
    return datetime.max.replace(tzinfo=UTC) if until is None else moment(until, "--until")


def _question(plan: Path, currency: str, since: datetime, until: datetime) -> AskWhatIf:
    from services.commission.contracts.rate_requests import terms_of_file
    from services.commission.domain.commands import OPERATOR, Actor
    from shared.kernel.errors import InvalidInput

    if since >= until:
        raise Failure("--since is not before --until.", exit_code=2)
    try:
        terms = json.loads(plan.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"{plan} cannot be read: {error.strerror}.", exit_code=2) from error
    except ValueError as error:
        raise Failure(f"{plan} is no JSON: {error}.", exit_code=2) from error
    try:
        return terms_of_file(terms, currency, since, until, Actor(account_id="linli", role=OPERATOR))
    except InvalidInput as refusal:
        wrong = "; ".join(f"{each['field']}: {each['message']}" for each in refusal.errors)
        raise Failure(f"{plan} is no rate plan. {wrong or refusal.detail}", exit_code=2) from refusal


def _derive(url: str, ask: AskWhatIf) -> Outcome:
    from sqlalchemy import text

    from services.commission.adapters.history_sql import SqlHistory
    from services.commission.application import what_if as question
    from services.commission.domain.errors import InvalidRatePlan
    from shared.persistence import Database

    database = Database(url, "commission", pool_size=1)
    columns = (
        SpinnerColumn(),
        TextColumn("orders"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    try:
        with (
            database.transaction() as tx,
            Progress(*columns, console=Console(stderr=True), transient=True) as progress,
        ):
            tx.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            history = SqlHistory(tx.connection)
            total = history.count(ask.since, ask.until, ask.currency)
            task, began = progress.add_task("orders", total=total, rate=""), time.monotonic()

            def advance(done: int) -> None:
                if done % _EVERY == 0:
                    rate = done / max(time.monotonic() - began, 1e-9)
                    progress.update(task, completed=done, rate=f"{rate:,.0f}/s")

            return question.what_if(ask, history=history, most=None, progress=advance)
    except InvalidRatePlan as refusal:
        raise Failure(f"With these terms a rate plan contradicts itself. {refusal.detail}") from refusal
    finally:
        database.close()


def _write(file: Path, found: Outcome) -> None:
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            rows = csv.writer(out)
            rows.writerow(["party", "owner_id", "currency", "before", "after", "difference"])
            for party, before, after in found.rows():
                rows.writerow([*party, found.currency, before, after, after - before])
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from error


def _show(found: Outcome, ask: AskWhatIf, most: int, rate: float) -> None:
    console = Console()
    open_end = ask.until == _end(None)
    period = (
        f"from {ask.since:%Y-%m-%d %H:%M}" + ("" if open_end else f" to {ask.until:%Y-%m-%d %H:%M}") + " UTC"
    )
    table = Table("party", "who", title=f"{found.orders:,} orders, {found.shifts:,} shifts, {period}")
    for column in ("before", "after", f"difference ({found.currency})"):
        table.add_column(column, justify="right")
    rows: dict[str, list[tuple[str, int, int]]] = {}
    for party, before, after in found.rows():
        rows.setdefault(party.kind, []).append((party.owner_id, before, after))
    for kind, (before, after) in found.totals().items():
        # Those who win or lose most come first.
        moved = sorted(rows[kind], key=lambda row: (-abs(row[2] - row[1]), row[0]))
        for owner_id, was, would in moved[:most]:
            table.add_row(kind, owner_id, *_figures(was, would))
        if len(moved) > most:
            table.add_row(kind, f"{len(moved) - most:,} more", *_figures(*_sums(moved[most:])))
        table.add_row(f"[bold]{kind}", "[bold]all", *(f"[bold]{each}" for each in _figures(before, after)))
        table.add_section()
    table.add_row("sum", "", *_figures(sum(found.before.values()), sum(found.after.values())))
    console.print(table)
    console.print(f"{found.orders:,} orders derived twice, {rate:,.0f} a second.", highlight=False)


def _sums(rows: list[tuple[str, int, int]]) -> tuple[int, int]:
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


def _figures(before: int, after: int) -> list[Any]:
    return [f"{before / 100:,.2f}", f"{after / 100:,.2f}", f"{(after - before) / 100:+,.2f}"]
