"""`linli ledger statement` and `linli ledger reconcile`: what operators do about settlements."""

from __future__ import annotations

import getpass
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from linli.failures import Failure
from linli.stack import finding

if TYPE_CHECKING:
    from services.commission.domain.statement import Document, Statement
    from shared.persistence import Transaction

statements = typer.Typer(help="Issued statements.", no_args_is_help=True)

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]
Moment = Annotated[str | None, typer.Option(help="RFC 3339, such as 2026-01-05T00:00:00+08:00.")]
_SHOWN = 50


@statements.command("list")
def list_(
    payee: Annotated[str | None, typer.Option(help="KIND:ID, such as shop:019b….")] = None,
    currency: str = "CNY",
    limit: Annotated[int, typer.Option(min=1, max=500)] = _SHOWN,
    name: Name = None,
) -> None:
    """The newest statements, of one payee or of all."""
    from services.commission.adapters.settlements_sql import SqlSettlements

    with _books(name) as tx:
        found = SqlSettlements(tx).statements(_payee(payee, currency), None, None, limit)
    table = Table("statement", "payee", "number", "until", "opening", "earned", "paid out", "closing")
    for each in found:
        table.add_row(
            each.statement_id,
            f"{each.payee.kind.value}:{each.payee.payee_id}",
            str(each.number),
            _local(each.until),
            *(f"{amount / 100:,.2f}" for amount in (each.opening, each.earned, each.paid_out, each.closing)),
        )
    Console().print(table)


@statements.command()
def show(statement_id: str, name: Name = None) -> None:
    """A statement with every line, and why each is its amount."""
    found = _document(statement_id, name)
    head, console = found.statement, Console()
    console.print(_title(head))
    table = Table("entry", "order", "kind", "why", "amount")
    for line in found.lines:
        movement = line.movement
        table.add_row(
            str(movement.entry_id),
            movement.store_order_id or movement.order_id or "",
            movement.kind,
            line.formula,
            f"{line.amount / 100:,.2f}",
        )
    console.print(table)
    console.print(
        f"opening {head.opening / 100:,.2f} + earned {head.earned / 100:,.2f}"
        f" - paid out {head.paid_out / 100:,.2f} = closing {head.closing / 100:,.2f} {head.payee.currency}"
    )
    if not found.adds_up:
        console.print("[red]The lines do not add up to the head.")
        raise typer.Exit(1)


@statements.command()
def pdf(
    statement_id: str,
    file: Path,
    title: Annotated[str | None, typer.Option(help="What people call the payee.")] = None,
    name: Name = None,
) -> None:
    """Write a statement to print."""
    from services.commission.adapters.statement_pdf import statement_pdf

    _write(file, statement_pdf(_document(statement_id, name), title))


@statements.command("csv")
def csv_(
    statement_id: str,
    file: Path,
    title: Annotated[str | None, typer.Option(help="What people call the payee.")] = None,
    name: Name = None,
) -> None:
    """Write a statement for a spreadsheet."""
    from services.commission.adapters.statement_csv import statement_csv

    _write(file, statement_csv(_document(statement_id, name), title).encode())


def reconcile(
    file: Annotated[Path, typer.Argument(help="The CSV file of the payment provider, or of the bank.")],
    source: Annotated[str, typer.Option(help="payments or bank: whose file it is.")] = "payments",
    method: Annotated[
        str | None, typer.Option(help="Which payment provider's, if there are several.")
    ] = None,
    since: Moment = None,
    until: Moment = None,
    name: Name = None,
) -> None:
    """Compare the books with a file, and keep what was found.

    Ends with 1 when anything is missing or differs, with 2 when the file cannot be read.
    """
    from services.commission.adapters.reconciliations_sql import SqlReconciliations
    from services.commission.application.reconciling import reconcile as compare
    from services.commission.contracts.settling_requests import reconcile as command
    from shared.kernel.clock import clock_from_environment
    from shared.kernel.errors import InvalidInput
    from shared.kernel.ids import UuidV7

    console = Console()
    try:
        content = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {error}", exit_code=2) from error
    asked: dict[str, Any] = {
        "actor": {"account_id": f"cli:{getpass.getuser()}", "role": "operator"},
        "reconciliation_id": UuidV7().new(),
        "source": source,
        "method": method,
        "file": file.name,
        "content": content,
        "since": since,
        "until": until,
    }
    try:
        with console.status("comparing"), _books(name) as tx:
            made = compare(
                command(asked),
                reconciliations=SqlReconciliations(tx.connection),
                clock=clock_from_environment(),
            )
    except InvalidInput as refusal:
        reasons = [f"{error['field']}: {error['message']}" for error in refusal.errors]
        raise Failure("\n".join([refusal.detail, *reasons]), exit_code=2) from refusal
    found = made.comparison
    console.print(
        f"{found.rows} rows from {_local(made.since)} to {_local(made.until)}: {found.matched} match."
    )
    if found.given_back:
        console.print(f"{found.given_back} rows are of surplus charges that the provider gave back itself.")
    if not found.is_clean:
        table = Table("problem", "kind", "about", "books", "file", "line")
        for each in found.differences:
            amounts = [
                "" if a is None else f"{a / 100:,.2f} {each.currency}" for a in (each.books, each.file)
            ]
            table.add_row(each.problem.value, each.kind, each.subject_id, *amounts, str(each.line or ""))
        console.print(table)
    console.print(f"Kept as {made.reconciliation_id}.")
    if not found.is_clean:
        raise typer.Exit(1)


def attach(app: typer.Typer) -> None:
    """Add these commands to `linli ledger`."""
    app.add_typer(statements, name="statement")
    app.command()(reconcile)


@contextmanager
def _books(name: str | None) -> Iterator[Transaction]:
    urls = finding.database_urls(name)
    if "commission" not in urls:
        raise Failure("LINLI_COMMISSION_DATABASE_URL is not set.", exit_code=2)
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from shared.persistence import Database

    database = Database(urls["commission"], "commission", pool_size=1)
    try:
        with database.transaction() as tx:
            yield tx
    finally:
        database.close()


def _document(statement_id: str, name: str | None) -> Document:
    from services.commission.adapters.settlements_sql import SqlSettlements

    with _books(name) as tx:
        found = SqlSettlements(tx).document(statement_id)
    if found is None:
        raise Failure(f"There is no statement {statement_id}.", exit_code=1)
    return found


def _payee(named: str | None, currency: str) -> Any:
    if named is None:
        return None
    from services.commission.domain.payee import Payee, PayeeKind

    kind, _, payee_id = named.partition(":")
    if kind not in set(PayeeKind) or not payee_id:
        raise Failure(f"A payee is shop:ID, courier:ID or promoter:ID, not {named!r}.", exit_code=2)
    return Payee(PayeeKind(kind), payee_id, currency)


def _title(head: Statement) -> str:
    return (
        f"Statement {head.number} of {head.payee.kind.value} {head.payee.payee_id}, {head.cycle.value},"
        f" {_local(head.since)} to {_local(head.until)}"
    )


def _local(moment: datetime) -> str:
    from services.commission.domain.cycle import BUSINESS_ZONE

    return f"{moment.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"


def _write(file: Path, content: bytes) -> None:
    if str(file) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error}", exit_code=2) from error
    Console().print(f"{file}: {len(content)} bytes.")
