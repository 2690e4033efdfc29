"""`linli explain`: where every cent of an order went, and why, as a tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from linli.cli.ledger import DatabaseUrl, Name, books
from linli.failures import Failure

if TYPE_CHECKING:
    from services.commission.domain.explanation import Branch, Explanation


def explain(
    what: Annotated[
        str, typer.Argument(metavar="ENTRY|ORDER", help="The number of an entry, or the id of an order.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, amounts in minor units.")] = False,
    name: Name = None,
    database: DatabaseUrl = None,
) -> None:
    """Say where every cent of an order went and why; or how one entry of the ledger came about.

    Ends with 1 when the sums do not add up.
    """
    with books(name, database) as connection:
        from services.commission.adapters.catalogue_sql import SqlCatalogue
        from services.commission.adapters.ledger_sql import SqlLedger
        from services.commission.adapters.transactions_sql import SqlTransactions
        from services.commission.application import explaining
        from services.commission.domain.commands import OPERATOR, Actor, AskExplanation
        from services.commission.entrypoints.book_answers import explanation as as_data
        from shared.kernel.errors import NotFound

        is_entry = what.isdecimal()
        ask = AskExplanation(
            actor=Actor(account_id="", role=OPERATOR),
            order_id=None if is_entry else what,
            entry_id=int(what) if is_entry else None,
        )
        try:
            found = explaining.explain(
                ask,
                catalogue=SqlCatalogue(connection),
                ledger=SqlLedger(connection),
                transactions=SqlTransactions(connection),
            )
        except NotFound as refusal:
            raise Failure(refusal.detail, exit_code=2) from None
    if as_json:
        print(json.dumps(as_data(found), ensure_ascii=False, indent=2))  # noqa: T201
    else:
        show(found, Console(highlight=False))
    if not found.adds_up:
        raise typer.Exit(1)


def show(found: Explanation, console: Console) -> None:
    """Draw the tree, and under it whether its sums add up."""
    tree = Tree(f"[bold]{escape(found.title)}[/], {found.currency}")
    for branch in found.branches:
        _grow(tree, branch)
    console.print(tree)
    for check in found.checks:
        if not check.holds:
            console.print(
                f"[red]{escape(check.what)}: {_coins(check.expected)} expected, {_coins(check.found)} found"
            )
    if found.adds_up:
        console.print(f"[green]It adds up: {len(found.checks)} sums checked.")
    else:
        console.print("[red]It does not add up.")


def _grow(tree: Tree, branch: Branch) -> None:
    words = escape(branch.what)
    if branch.amount is not None:
        words = f"[bold]{_coins(branch.amount):>10}[/]  {words}"
    if branch.why:
        words += f" [dim]{escape(branch.why)}[/]"
    if branch.account or branch.entry_id:
        entry = f"entry {branch.entry_id}" if branch.entry_id else ""
        words += f" [cyan]{escape(' '.join(filter(None, (branch.account, entry))))}[/]"
    below = tree.add(words)
    for each in branch.branches:
        _grow(below, each)


def _coins(amount: int) -> str:
    return f"{amount / 100:,.2f}"
