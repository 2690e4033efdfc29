"""`linli dead-letters` and `linli outbox`: what messaging could not do by itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from linli import mail
from linli.failures import Failure
from linli.stack import finding

dead_letters = typer.Typer(help="Events that a service gave up on, with the reason.", no_args_is_help=True)
outbox = typer.Typer(help="Events that wait to be sent.", no_args_is_help=True)

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]
Letter = Annotated[str, typer.Argument(help="As `list` shows it: ordering/17")]


@dead_letters.command("list")
def list_(
    service: Annotated[str | None, typer.Argument(help="One service; without it, all.")] = None,
    name: Name = None,
) -> None:
    """List them, oldest first. Ends with 1 when there are any."""
    letters = list(mail.dead_letters(_only(finding.database_urls(name), service)))
    console = Console()
    if not letters:
        console.print("There are no dead letters.")
        return
    table = Table("letter", "subscription", "event", "parked at", "attempts", "reason")
    for letter in letters:
        moment = letter.parked_at.isoformat(timespec="seconds")
        table.add_row(
            letter.ref, letter.subscription, letter.what, moment, str(letter.attempts), letter.reason
        )
    console.print(table)
    raise typer.Exit(1)


@dead_letters.command()
def show(letter: Letter, name: Name = None) -> None:
    """Show one with its whole body."""
    found = mail.dead_letter(finding.database_urls(name), letter)
    console = Console()
    console.print(f"{found.subscription} gave up on {found.what} after {found.attempts} attempts:")
    console.print(found.reason, style="red", markup=False)
    try:
        console.print_json(json.dumps(json.loads(found.body), ensure_ascii=False))
    except ValueError:
        console.print(found.body, markup=False)


@dead_letters.command()
def requeue(letter: Letter, name: Name = None) -> None:
    """Let its service try again, with all attempts before it."""
    found = mail.requeue(finding.database_urls(name), letter)
    Console().print(f"{found.what} will be tried again by {found.subscription}.")


@dead_letters.command()
def drop(
    letter: Letter,
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete it for good: its effect will never happen."""
    urls = finding.database_urls(name)
    found = mail.dead_letter(urls, letter)
    if not yes:
        typer.confirm(f"Delete {found.what} for {found.subscription}?", abort=True)
    mail.drop(urls, letter)
    Console().print("Deleted.")


@outbox.command()
def lag(
    name: Name = None,
    older_than: Annotated[float, typer.Option(help="Seconds that an event may wait.")] = 10.0,
) -> None:
    """Show how many events wait in every service, and for how long. Ends with 1 when one waits too long."""
    table = Table("service", "waiting", "oldest waits")
    late = False
    for service, count, seconds in mail.outbox_lag(finding.database_urls(name)):
        late |= seconds > older_than
        table.add_row(service, str(count), f"{seconds:.1f} s" if count else "–")
    Console().print(table)
    if late:
        raise typer.Exit(1)


def _only(urls: dict[str, str], service: str | None) -> dict[str, str]:
    if service is None:
        return urls
    if service not in urls:
        raise Failure(f"There is no database of {service!r}. There are: {', '.join(urls)}.", exit_code=2)
    return {service: urls[service]}
