"""`linli events tail`, `types`, `show` and `account`: the stream for people."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from linli.failures import Failure

if TYPE_CHECKING:
    from linli_events import Event, Events, Start

Name = Annotated[str | None, typer.Option(help="Which platform; not needed when only one runs.")]
Url = Annotated[
    str | None,
    typer.Option(
        envvar="LINLI_EVENTS_URL", help="amqp://… or http://…; without it, the platform that runs here."
    ),
]
From = Annotated[
    str, typer.Option("--from", help="first, last, next, an offset, or a moment: 2026-01-05T08:00Z.")
]


def register(app: typer.Typer) -> None:
    for command in (tail, types, show, account):
        app.command()(command)


def tail(
    start: From = "next",
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="Only about this; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each.")] = False,
    once: Annotated[bool, typer.Option("--once", help="End with what is there now.")] = False,
    url: Url = None,
    name: Name = None,
) -> None:
    """Show events as they happen, until Ctrl-C. With --from, those before now come first."""
    from linli.events import telling
    from linli.events.opening import open_events

    told = telling.json_line if as_json else telling.line
    begin = start_of(start)
    with _for_a_reader(), open_events(url, name) as events:
        for event in events.read(begin, types=type_ or (), subjects=subject or (), follow=not once):
            print(told(event), flush=True)  # noqa: T201


def types(
    type_: Annotated[str | None, typer.Argument(metavar="TYPE", help="One in full: OrderPaid.")] = None,
) -> None:
    """List all events that there are: who publishes them, who hears them, what they mean."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from linli.catalogue.published import catalogue

    console = Console()
    published = catalogue()
    if type_ is None:
        table = Table("event", "published by", "heard by", "what it means")
        for event in published:
            table.add_row(event.type, event.source, ", ".join(event.subscribers) or "–", event.promise)
        console.print(table)
        return
    wanted = [event for event in published if type_ in {event.type, f"{event.source}.{event.type}"}]
    if not wanted:
        raise Failure(f"No service publishes {type_!r}: `linli events types` lists them.", exit_code=2)
    for event in wanted:
        heard = ", ".join(event.subscribers) or "analysts alone"
        console.print(f"[bold]{event.source}.{event.type}[/], version {event.version}, heard by {heard}")
        if event.promise:
            console.print(event.promise, markup=False)
        console.print("\n[bold]Its data, as JSON Schema[/]")
        console.print_json(json.dumps(event.schema, ensure_ascii=False))
        console.print("\n[bold]A sample[/]")
        console.print_json(json.dumps(event.sample, ensure_ascii=False))


def show(
    which: Annotated[str, typer.Argument(metavar="EVENT", help="Its offset or its id.")],
    cause: Annotated[
        bool, typer.Option("--cause", help="Also everything of the same request, by what caused what.")
    ] = False,
    url: Url = None,
    name: Name = None,
) -> None:
    """Show one event in full. An id, and what else a request caused, are looked for in all that is kept."""
    from linli.events import telling
    from linli.events.opening import open_events

    console = Console()
    with _for_a_reader(), open_events(url, name) as events:
        with Console(stderr=True).status("looking for it"):
            event = _find(events, which)
        console.print_json(event.raw.decode())
        if not cause:
            return
        if not event.correlationid:
            raise Failure("The event names no request that it comes from.")
        with Console(stderr=True).status("looking for everything of the same request"):
            related = [
                other
                for other in events.read("first", follow=False)
                if other.correlationid == event.correlationid
            ]
        console.print(telling.tree([*related, event], event))


def account(
    reader: Annotated[str, typer.Argument(metavar="NAME", help="Who: a login name; here also an address.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take a login of the broker away.")] = False,
    name: Name = None,
) -> None:
    """Let an analyst read the stream and nothing else, and print the address to connect to, once.

    On a broker of ours and with LINLI_RABBITMQ_MANAGEMENT_URL it is done; otherwise the commands are printed.
    A login of the broker that is there already gets a new password.
    """
    from linli.events.accounts import close_account, open_account

    if remove:
        close_account(reader, name)
        Console(stderr=True).print(f"{reader} can no longer read events.", markup=False)
        return
    opened = open_account(reader, name)
    if opened.commands:
        Console(stderr=True).print("Let whoever runs the broker type:", style="yellow")
        for command in opened.commands:
            print(command)  # noqa: T201
        Console(stderr=True).print("Then the analyst connects to:", style="yellow")
    print(opened.url)  # noqa: T201


def start_of(text: str) -> Start:
    """What `--from` says; raises :class:`Failure` when it says nothing that makes sense."""
    if text in {"first", "last", "next"}:
        return text  # type: ignore[return-value]
    from linli.events.opening import offset_or_moment

    place = offset_or_moment(text)
    if place is None:
        raise Failure(
            f"{text!r} is no place in the stream: write first, last, next, an offset, or a moment with its "
            "time zone such as 2026-01-05T08:00Z.",
            exit_code=2,
        )
    return place


def _find(events: Events, which: str) -> Event[Any]:
    if which.isdigit():
        offset = int(which)
        bounds = events.bounds()
        if bounds is None or not bounds[0] <= offset <= bounds[1]:
            kept = f"from {bounds[0]} to {bounds[1]}" if bounds else "none yet"
            raise Failure(f"There is no event with offset {offset}; kept are {kept}.")
        found = next(events.read(offset, stop=offset + 1, unique_within=0), None)
    else:
        found = next((event for event in events.read("first", follow=False) if event.id == which), None)
    if found is None:
        raise Failure(f"There is no event {which} among those that are kept.")
    return found


@contextmanager
def _for_a_reader() -> Iterator[None]:
    """Ends without a word when whoever reads the output has gone, or has seen enough."""
    try:
        yield
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # What is still buffered has nowhere to go: without this the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
