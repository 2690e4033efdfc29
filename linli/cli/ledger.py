"""`linli ledger`: whether the books add up."""

from __future__ import annotations

import warnings
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from linli.cli import settling
from linli.failures import Failure
from linli.stack import finding

app = typer.Typer(help="The books of the platform.", no_args_is_help=True)
settling.attach(app)

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]


@app.command()
def check(name: Name = None) -> None:
    """Check that the ledger sums to zero and that every order's entries are what its facts call for.

    Ends with 1 when anything does not add up.
    """
    urls = finding.database_urls(name)
    if "commission" not in urls:
        raise Failure("LINLI_COMMISSION_DATABASE_URL is not set.", exit_code=2)
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from sqlalchemy import text

    from services.commission.adapters.ledger_sql import SqlLedger
    from services.commission.application.audit import audit
    from shared.persistence import Database

    console = Console()
    database = Database(urls["commission"], "commission", pool_size=1)
    try:
        with console.status("checking every order"), database.transaction() as tx:
            tx.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            found = audit(SqlLedger(tx.connection))
            balances = list(SqlLedger(tx.connection).balances())
    finally:
        database.close()
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
