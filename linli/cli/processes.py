"""`linli service`, `relay`, `planner` and `topology`: the processes of a deployment, one by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from linli.failures import Failure
from linli.processes import discovery
from linli.stack.state import ROOT

_PANEL = "Processes"


def register(app: typer.Typer) -> None:
    for command in (service, relay, planner, topology):
        app.command(rich_help_panel=_PANEL)(command)


def service(names: Annotated[list[str], typer.Argument(help="ordering, storefront, …")]) -> None:
    """Run these services in this process, as the environment says (see docs/operations.md)."""
    _check(names, discovery.all_services())
    _become("service", names)


def relay(
    names: Annotated[list[str] | None, typer.Argument(help="Whose outboxes; without it, all.")] = None,
) -> None:
    """Take what these services have published to the broker."""
    _check(names or [], discovery.publishers())
    _become("relay", names or [])


def planner() -> None:
    """Run the dispatch planner; any number of them may run."""
    _become("planner", [])


def topology() -> None:
    """Declare all exchanges and queues on the broker that LINLI_AMQP_URL names."""
    _become("topology", [])


def _check(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise Failure(f"There is no service {name!r}. There are: {', '.join(known)}.", exit_code=2)


def _become(module: str, arguments: Sequence[str]) -> NoReturn:
    """Go on as that process: eventlet wants to be first in a fresh interpreter."""
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(sys.executable, [sys.executable, "-P", "-m", f"linli.processes.{module}", *arguments])
