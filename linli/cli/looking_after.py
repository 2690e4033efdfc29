"""`linli migrate`, `seed` and `account`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from linli.failures import Failure
from linli.stack import databases, finding
from shared.kernel.clock import clock_from_environment

_PANEL = "Looking after"
_ROLES = ("customer", "merchant", "courier", "operator", "analyst")

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]


def register(app: typer.Typer) -> None:
    for command in (migrate, seed, account):
        app.command(rich_help_panel=_PANEL)(command)


def migrate(
    service: Annotated[str | None, typer.Argument(help="One service; without it, all.")] = None,
    name: Name = None,
) -> None:
    """Bring databases up to date: those that the environment names, or those of a running platform."""
    urls = finding.database_urls(name)
    if service is not None:
        if service not in urls:
            raise Failure(f"There is no database of {service!r}. There are: {', '.join(urls)}.", exit_code=2)
        urls = {service: urls[service]}
    console = Console()

    def told(owner: str, applied: list[str]) -> None:
        what = ", ".join(applied) if applied else "up to date"
        console.print(f"{owner}: {what}", highlight=False)

    databases.migrate_all(urls, told)


def seed(name: Name = None) -> None:
    """Fill in a small demo neighbourhood through the HTTP API. Done twice, it changes nothing."""
    from rich.table import Table

    from linli.demo import seed as fill_in

    platform = finding.the_platform(name)
    console = Console()
    with console.status("filling in the demo neighbourhood"):
        accounts = fill_in(
            platform.base_url, platform.database_urls["gateway"], clock_from_environment(platform.clock)
        )
    table = Table("who", "sign in as", "password", title="Demo accounts")
    for row in accounts:
        table.add_row(*row)
    console.print(table)


def account(
    role: Annotated[str, typer.Argument(help=" · ".join(_ROLES))],
    email: Annotated[str, typer.Argument(help="What the account signs in with.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    display_name: Annotated[str, typer.Option(help="What others see.")] = "",
    name: Name = None,
) -> None:
    """Open an account of any role, also those that nobody may open over HTTP (operator, analyst)."""
    from linli.accounts import open_account
    from shared.kernel.errors import Refusal

    if role not in _ROLES:
        raise Failure(f"{role!r} is no role. There are: {', '.join(_ROLES)}.", exit_code=2)
    urls = finding.database_urls(name)
    if "gateway" not in urls:
        raise Failure("LINLI_GATEWAY_DATABASE_URL is not set.", exit_code=2)
    try:
        account_id = open_account(urls["gateway"], role, email, password, display_name or email)
    except Refusal as refusal:
        raise Failure(refusal.detail) from refusal
    Console().print(account_id, highlight=False)
