"""The platform under measurement: started for it, or one that runs already."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer
from rich.console import Console

from linli.day.api import Api, Person
from linli.day.commands import running_at
from linli.day.figures import percentile
from linli.day.platform import Platform
from linli.day.quiet import Databases
from linli.day.starting import private_platform
from linli.failures import Failure


@dataclass(frozen=True, kw_only=True)
class Where:
    stack: str
    url: str | None = None
    replicas: Mapping[str, int] = field(default_factory=dict)


@contextmanager
def platform(where: Where) -> Iterator[Platform]:
    """A fresh platform on the system clock, or the one at an address with the environment's databases."""
    if where.url is not None:
        yield running_at(where.url, _operator())
        return
    if where.stack not in {"embedded", "full"}:
        raise Failure("--stack is either embedded or full.", exit_code=2)
    console = Console(stderr=True)
    with private_platform(
        "full" if where.stack == "full" else "embedded",
        f"measure-{where.stack}",
        replicas=where.replicas,
        told=lambda step: console.print(f"[dim]{step}[/]"),
    ) as running:
        yield running


def connected(running: Platform) -> tuple[Api, Person, Databases]:
    return (
        Api(running.base_url, connections=64),
        Person(*running.operator),
        Databases(running.database_urls),
    )


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    return percentile(values, 0.5), percentile(values, 0.9), percentile(values, 0.99)


def run(main: Callable[..., None]) -> None:
    """Run a measurement as a command; what goes wrong is said in a sentence where there is one."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(main)
    try:
        app()
    except Failure as failure:
        Console(stderr=True).print(str(failure), style="red", markup=False)
        raise SystemExit(failure.exit_code) from None


def _operator() -> tuple[str, str]:
    try:
        return os.environ["LINLI_OPERATOR"], os.environ["LINLI_OPERATOR_PASSWORD"]
    except KeyError as missing:
        raise Failure(f"Set {missing} to measure a running platform.", exit_code=2) from None
