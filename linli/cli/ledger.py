"""`linli ledger`: whether the books add up, what they say, and whether anybody has meddled with them."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from linli.cli import settling
from linli.cli.what_if import what_if
from linli.failures import Failure
from linli.stack import finding

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.commission.application.trial_balance import TrialBalance
    from services.commission.application.verification import Verification
    from services.commission.domain.chain import Head
    from shared.persistence import Database

app = typer.Typer(help="The books of the platform.", no_args_is_help=True)
settling.attach(app)
app.command("what-if")(what_if)

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database", help="A database of commission elsewhere, say one restored from a dump."),
]


@contextmanager
def books(name: str | None, url: str | None = None) -> Iterator[Connection]:
    """Commission's database as it is at one moment."""
    with opened(name, url) as database, database.snapshot() as connection:
        yield connection


@contextmanager
def opened(name: str | None, url: str | None = None) -> Iterator[Database]:
    """Commission's database; what goes wrong with it is said in a sentence."""
    if url is None:
        url = finding.database_urls(name).get("commission")
    if url is None:
        raise Failure("LINLI_COMMISSION_DATABASE_URL is not set.", exit_code=2)
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from sqlalchemy.exc import SQLAlchemyError

    from shared.persistence import Database

    try:
        database = Database(url, "commission", pool_size=1)
    except SQLAlchemyError:
        raise Failure(f"This is no address of a database: {url}", exit_code=2) from None
    try:
        yield database
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise Failure(f"The ledger does not answer: {said}") from None
    finally:
        database.close()


@app.command()
def check(name: Name = None, database: DatabaseUrl = None) -> None:
    """Check that the ledger sums to zero and that every order's entries are what its facts call for.

    Ends with 1 when anything does not add up.
    """
    console = Console()
    with console.status("checking every order"), books(name, database) as connection:
        from services.commission.adapters.ledger_sql import SqlLedger
        from services.commission.application.audit import audit

        found = audit(SqlLedger(connection))
        balances = list(SqlLedger(connection).balances())
    table = Table("account", "currency", "balance", title="Balances")
    for account, currency, amount in sorted(balances):
        table.add_row(account, currency, f"{amount / 100:,.2f}")
    console.print(table)
    console.print(f"{found.orders} orders checked, {found.open} of them still under way.")
    for account, currency, amount in found.journal:
        console.print(f"posted for no order: {amount / 100:,.2f} {currency} on {account}")
    for finding_ in (*found.mismatches, *found.unsettled):
        where = finding_.order_id or "the whole"
        console.print(
            f"[red]{where}: {finding_.problem}: expected {finding_.expected}, found {finding_.found}"
        )
    for orphan in found.orphans:
        console.print(f"[red]entries of an order that nobody has heard of: {orphan}")
    if not found.is_sound:
        console.print("[red]The books do not add up.")
        raise typer.Exit(1)
    console.print("[green]The books add up.")


@app.command("trial-balance")
def trial_balance(
    at: Annotated[
        str | None, typer.Option(help="As the books stood before this moment, like 2026-01-05T00:00:00Z.")
    ] = None,
    entry: Annotated[int | None, typer.Option(min=1, help="As they stood after this entry.")] = None,
    expanded: Annotated[bool, typer.Option(help="Every shop's and courier's account for itself.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV, amounts in minor units.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, amounts in minor units.")] = False,
    name: Name = None,
    database: DatabaseUrl = None,
) -> None:
    """Every account in a debit or a credit column, now or at any moment of the past.

    Ends with 1 when the columns do not add up to the same.
    """
    if at is not None and entry is not None:
        raise Failure("Give --at or --entry, not both.", exit_code=2)
    moment = None if at is None else _moment(at)
    with books(name, database) as connection:
        from services.commission.adapters.ledger_sql import SqlLedger
        from services.commission.application import trial_balance as trial
        from services.commission.domain.commands import OPERATOR, Actor, AskTrialBalance
        from services.commission.domain.totals import AsOf
        from services.commission.entrypoints.book_answers import trial_balance as as_data
        from services.commission.entrypoints.book_answers import trial_balance_csv as as_table

        ask = AskTrialBalance(
            actor=Actor(account_id="", role=OPERATOR),
            as_of=AsOf(before=moment, entry=entry),
            expanded=expanded,
        )
        found = trial.trial_balance(ask, ledger=SqlLedger(connection))
    if as_json:
        print(json.dumps(as_data(ask.as_of, found), ensure_ascii=False, indent=2))  # noqa: T201
    elif as_csv:
        sys.stdout.write(as_table(found))
    else:
        _show(found, Console())
    if not all(balance.adds_up for balance in found):
        raise typer.Exit(1)


@app.command()
def head(name: Name = None, database: DatabaseUrl = None) -> None:
    """The newest seal of the ledger, as a line of JSON.

    Kept elsewhere (`linli ledger head >> heads.jsonl`, each day) it tells `verify` later whether the end of
    the ledger was cut off.
    """
    with books(name, database) as connection:
        from services.commission.adapters.chain_sql import SqlChain
        from services.commission.adapters.seals_sql import head as newest
        from services.commission.entrypoints.book_answers import head as as_data

        line = as_data(newest(connection), SqlChain(connection).unsealed().transactions)
    print(json.dumps(line))  # noqa: T201


@app.command()
def recount(name: Name = None, database: DatabaseUrl = None) -> None:
    """Make the totals that balances are read from again, from the entries, when `check` finds them wrong."""
    console = Console()
    with console.status("counting every entry"), opened(name, database) as books_database:
        from services.commission.adapters.seals_sql import recount as count_again

        with books_database.transaction() as tx:
            totals = count_again(tx.connection)
    console.print(f"{totals:,} totals were counted again.")


@app.command()
def verify(
    anchor: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A file of lines that `head` wrote."),
    ] = None,
    name: Name = None,
    database: DatabaseUrl = None,
) -> None:
    """Verify the chain of seals over the whole ledger, from its first transaction on.

    Ends with 1 and names the first broken link when anything was changed, moved, added or taken out. That the
    last part was cut off, or that everything was sealed anew, only an --anchor can tell.
    """
    console = Console()
    anchors = [each for path in anchor or () for each in _anchors(path)]
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with books(name, database) as connection, Progress(*columns, console=Console(stderr=True)) as progress:
        from services.commission.adapters.chain_sql import SqlChain
        from services.commission.adapters.seals_sql import head as newest
        from services.commission.application import verification

        task = progress.add_task("", total=newest(connection).position)
        found = verification.verify(
            SqlChain(connection), anchors, lambda sealed: progress.update(task, completed=sealed)
        )
    _say(found, console)
    if not found.holds:
        raise typer.Exit(1)


def _say(found: Verification, console: Console) -> None:
    console.print(
        f"{found.sealed:,} transactions with {found.entries:,} entries are what was sealed;"
        f" {found.unsealed:,} wait to be sealed; {found.anchors} anchors hold.",
        highlight=False,
    )
    if found.broken is not None:
        which = f", transaction {found.broken.transaction_id}" if found.broken.transaction_id else ""
        console.print(
            f"[red]Broken at position {found.broken.position}{which}: {found.broken.problem}.",
            highlight=False,
        )
    for transaction_id, problem in found.strangers:
        console.print(f"[red]Transaction {transaction_id}: {problem}.", highlight=False)
    if found.holds:
        console.print(
            f"[green]The chain holds.[/] Its head: position {found.head.position}, {found.head.hash.hex()}",
            highlight=False,
            soft_wrap=True,
        )


def _anchors(path: Path) -> Iterator[Head]:
    from services.commission.domain.chain import Head

    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            written = json.loads(line)
            yield Head(position=int(written["position"]), hash=bytes.fromhex(written["hash"]))
        except (ValueError, KeyError, TypeError):
            raise Failure(f"Line {number} of {path} is no line that `head` wrote.", exit_code=2) from None


def _moment(text: str) -> datetime:
    from shared.kernel.clock import from_wire
    from shared.kernel.errors import InvalidInput

    try:
        return from_wire(text)
    except InvalidInput as refusal:
        raise Failure(f"--at: {refusal.detail}", exit_code=2) from None


def _show(found: Sequence[TrialBalance], console: Console) -> None:
    if not found:
        console.print("Nothing is posted yet.")
    for balance in found:
        table = Table(
            "account",
            "name",
            "type",
            "accounts",
            "debit",
            "credit",
            title=f"Trial balance in {balance.currency}",
        )
        for column in table.columns[3:]:
            column.justify = "right"
        for line in balance.lines:
            sides = (f"{side / 100:,.2f}" if side else "" for side in (line.debit, line.credit))
            table.add_row(line.code, line.name, line.type, f"{line.accounts:,}", *sides)
        table.add_section()
        table.add_row(
            "total", "", "", "", f"{balance.debit / 100:,.2f}", f"{balance.credit / 100:,.2f}", style="bold"
        )
        console.print(table)
        if not balance.adds_up:
            console.print("[red]The columns do not add up to the same.")
