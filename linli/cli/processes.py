"""`linli service`, `relay`, `planner` and `topology`: the processes of a deployment, one by one."""

from __future__ import annotations

from typing import Annotated

import typer

_PANEL = "Processes"


def register(app: typer.Typer) -> None:
    for command in (service, relay, planner, topology):
        app.command(rich_help_panel=_PANEL)(command)


def service(names: Annotated[list[str], typer.Argument(help="ordering, storefront, …")]) -> None:
    """Run these services in this process, as the environment says (see docs/operations.md)."""
    from linli.processes import service as process

    process.main(names)


def relay(
    names: Annotated[list[str] | None, typer.Argument(help="Whose outboxes; without it, all.")] = None,
) -> None:
    """Take what these services have published to the broker."""
    from linli.processes import relay as process

    process.main(names or [])


def planner() -> None:
    """Run the dispatch planner; any number of them may run."""
    from linli.processes import planner as process

    process.main()


def topology() -> None:
    """Declare all exchanges and queues on the broker that LINLI_AMQP_URL names."""
    from linli.processes import topology as process

    process.main()
