"""`linli why`: a recorded plan, made again, and why a courier was chosen in it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from linli.day.api import Api, ApiRefusal, OutOfPatience, Person
from linli.day.commands import Operator, Password, platform_of
from linli.failures import Failure
from services.dispatch.contracts import recorded
from services.dispatch.domain.planning.record import Explanation, PlanRecord, explain
from services.dispatch.engine.machine import warm_up
from shared.kernel.errors import InvalidInput

_PATIENCE = 15.0
# From so many baskets on, compiling or loading the compiled kernel is worth the wait.
_MANY = 60


def why(
    what: Annotated[
        str, typer.Argument(metavar="ORDER|FILE", help="An order's id, or a file that --save wrote.")
    ],
    order: Annotated[
        str | None, typer.Option(help="Another order of the same plan, instead of the file's own.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the recorded plan into this file, to be explained elsewhere.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which platform, when several run here.")] = None,
    url: Annotated[str | None, typer.Option(help="A platform elsewhere; with --operator.")] = None,
    operator: Operator = None,
    password: Password = None,
) -> None:
    """Say why a courier was asked for an order: make the recorded plan again, and compare the couriers.

    Ends with 1 when another plan comes out than the recorded one.
    """
    document = _read(Path(what)) if Path(what).is_file() else _fetch(what, name, url, operator, password)
    record = _record(document)
    wanted = order or document.get("order_id")
    if not isinstance(wanted, str) or not record.knows(wanted):
        known = ", ".join(basket.basket_id for basket in record.snapshot.baskets)
        raise Failure(f"This plan knows no order {wanted}. It knows {known}.", exit_code=2)
    if save is not None:
        save.write_text(json.dumps(document | {"order_id": wanted}, ensure_ascii=False), encoding="utf-8")
    console = Console()
    with Console(stderr=True).status("making the plan again"):
        if len(record.snapshot.baskets) >= _MANY:
            warm_up()
        found = explain(record, wanted)
    _show(record, found, console)
    if not found.same:
        raise SystemExit(1)


def _show(record: PlanRecord, found: Explanation, console: Console) -> None:
    snapshot = record.snapshot
    console.print(
        f"Plan {record.plan_version} of zone {record.zone_id} at {record.at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{len(snapshot.baskets)} orders, {len(snapshot.riders)} couriers, {len(record.unassigned)} orders "
        f"left, cost {record.cost:.2f}, {record.rounds} rounds, seed {snapshot.seed}.",
        highlight=False,
        markup=False,
    )
    if found.same:
        console.print("Made again, the same plan comes out.", style="green")
    else:
        console.print(
            "Made again, another plan comes out: the engine or its rules are not what they were.",
            style="red",
        )
    if found.candidates:
        table = Table(title=f"Couriers for {found.basket_id}", title_justify="left")
        table.add_column("courier")
        for column in ("cost", "more than the cheapest", "minutes longer under way", "at the door in"):
            table.add_column(column, justify="right")
        table.add_column("")
        least = found.candidates[0].cost
        for one in found.candidates:
            verb = "asked" if found.asked else "thought of"
            table.add_row(
                one.courier_id,
                f"{one.cost:.2f}",
                f"{one.cost - least:.2f}",
                f"{one.extra:.1f}",
                f"{one.door:.1f} min",
                verb if one.chosen else "",
                style="bold" if one.chosen else None,
            )
        console.print(table)
    if found.without is not None:
        more = "more" if found.without >= 0 else "less"
        console.print(
            f"If {found.chosen} could not be asked, all orders together would cost "
            f"{abs(found.without):.2f} {more}.",
            highlight=False,
            markup=False,
        )
    console.print(found.sentence(), highlight=False, markup=False)
    split = record.split_of(found.basket_id)
    if split is not None:
        console.print(split.sentence(), highlight=False, markup=False)


def _record(document: dict[str, Any]) -> PlanRecord:
    try:
        return recorded.read(document)
    except InvalidInput as error:
        raise Failure(str(error), exit_code=2) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", exit_code=2) from None
    except ValueError as error:
        raise Failure(f"{file} is not JSON: {error}.", exit_code=2) from None
    if not isinstance(document, dict):
        raise Failure(f"{file} is no recorded plan.", exit_code=2)
    return document


def _fetch(
    order_id: str, name: str | None, url: str | None, operator: str | None, password: str | None
) -> dict[str, Any]:
    platform = platform_of(name, url, operator, password)

    async def ask() -> Any:
        api = Api(platform.base_url, connections=1, patience=_PATIENCE)
        try:
            return await api.get(f"/v1/dispatch/deliveries/{order_id}/plan", Person(*platform.operator))
        finally:
            await api.close()

    try:
        document: dict[str, Any] = asyncio.run(ask())
    except ApiRefusal as refusal:
        raise Failure(f"{refusal.detail or refusal.code}: {order_id}.") from None
    except OutOfPatience as error:
        raise Failure(str(error)) from None
    return document
