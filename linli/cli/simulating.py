"""`linli simulate`: what if there were fewer couriers, slower roads, another policy?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from linli.cli.needing import need_analysis

if TYPE_CHECKING:
    from linli.simulation.case import Case
    from linli.simulation.figures import DayFigures
    from linli.simulation.playing import Policy
    from linli.simulation.record import Record
    from services.dispatch.domain.planning.hindsight import Hindsight


class Name(StrEnum):
    planner = "planner"
    soonest = "soonest"
    matching = "matching"


def simulate(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A day: day.json and shops, listings, couriers, orders .jsonl"),
    ],
    couriers: Annotated[
        str, typer.Option(metavar="CHANGE", help="Fewer or more couriers: -10%, +25%, -2, +3.")
    ] = "+0",
    orders: Annotated[str, typer.Option(metavar="CHANGE", help="Fewer or more orders, likewise.")] = "+0",
    speed: Annotated[
        float, typer.Option(min=0.1, max=10, help="Couriers' speed, times the day's own.")
    ] = 1.0,
    policy: Annotated[
        Name,
        typer.Option(
            help="planner: as the platform decides. soonest: nothing counts but minutes to the door, and who "
            "rides to a first shop has promised nothing. matching: one order at a time for each courier."
        ),
    ] = Name.planner,
    unsure: Annotated[
        float,
        typer.Option(min=0, max=120, help="Minutes by which shops typically misjudge when they are ready."),
    ] = 0.0,
    wait: Annotated[
        float | None,
        typer.Option(
            min=0, max=120, help="Minutes that idle couriers are sent at most; 0: they stay where they are."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Who goes or comes; the same gives the same day.")] = 1,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of improvement a plan.")] = 60,
    hindsight: Annotated[
        int,
        typer.Option(
            min=0, metavar="ROUNDS", help="Rounds a basket for solving the day again, knowing all. 0: not."
        ),
    ] = 50,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Draw the days into PNG files there.")
    ] = None,
) -> None:
    """Play a day twice, offline: as it was with the planner, and as it would be. A table, and pictures.

    No platform is needed, and nothing is changed. See docs/simulating.md.
    """
    if out is not None:
        need_analysis("matplotlib")
    from linli.day.commands import checked
    from linli.simulation.days import Change, WhatIf, case_of_day, changed
    from linli.simulation.figures import figures_of
    from services.dispatch.engine.machine import warm_up

    console = Console()
    what = WhatIf(
        couriers=Change.read(couriers, "couriers"),
        orders=Change.read(orders, "orders"),
        speed=speed,
        unsure=unsure,
    )
    now = case_of_day(checked(folder, console))
    then = changed(now, what, seed)
    warm_up()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<8}"),
        BarColumn(),
        TextColumn("{task.fields[time]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        as_it_was = _play(now, _policy(Name.planner, now, rounds), seed, "now", progress)
        as_it_would_be = _play(then, _policy(policy, then, rounds, wait), seed, "what if", progress)
        looked_back = [
            _look_back(*played, hindsight, seed, progress)
            for played in (((now, as_it_was), (then, as_it_would_be)) if hindsight else ())
        ]
    changes = f"couriers {couriers}, orders {orders}, speed {speed:g}, unsure {unsure:g}, policy {policy}"
    if wait is not None:
        changes += f", wait {wait:g}"
    console.print(f"{now.name}: {changes}, seed {seed}", highlight=False)
    console.print(
        table_of(figures_of(now, as_it_was), figures_of(then, as_it_would_be), now.target, looked_back)
    )
    if out is not None:
        from linli.simulation.pictures import Played, draw

        days = [
            Played(name="now", case=now, record=as_it_was),
            Played(name="what if", case=then, record=as_it_would_be),
        ]
        for file in draw(days, out):
            console.print(f"Drawn: {file}", soft_wrap=True)


def table_of(
    now: DayFigures, then: DayFigures, target: float, looked_back: Sequence[Hindsight] = ()
) -> Table:
    """The days side by side, with the difference; and both in hindsight, if that was looked for."""
    table = Table("", title_justify="left")
    for column in ("now", "what if", "change"):
        table.add_column(column, justify="right")
    rows: list[tuple[str, float, float, str]] = [
        ("orders", now.orders, then.orders, ",.0f"),
        ("delivered", now.delivered, then.delivered, ",.0f"),
        ("undelivered", now.undelivered, then.undelivered, ",.0f"),
        ("click to door, mean (min)", now.click_to_door, then.click_to_door, ".1f"),
        ("click to door, 9 of 10 (min)", now.p90, then.p90, ".1f"),
        (f"late: over {target:g} min (%)", 100 * now.late_share, 100 * then.late_share, ".1f"),
        ("kilometres", now.kilometres, then.kilometres, ",.1f"),
        ("kilometres a basket", _each(now), _each(then), ".2f"),
        ("courier hours on shift", now.hours_on, then.hours_on, ",.1f"),
        ("courier hours used", now.hours_used, then.hours_used, ",.1f"),
        ("utilisation (%)", 100 * now.utilisation, 100 * then.utilisation, ".1f"),
        ("baskets a courier hour", now.per_hour, then.per_hour, ".2f"),
    ]
    if looked_back:
        rows += _rows_of(*looked_back)
    for name, before, after, form in rows:
        table.add_row(name, f"{before:{form}}", f"{after:{form}}", f"{after - before:+{form}}")
    return table


def _rows_of(now: Hindsight, then: Hindsight) -> list[tuple[str, float, float, str]]:
    return [
        (
            "hindsight: click to door (min)",
            now.resolved.click_to_door or 0.0,
            then.resolved.click_to_door or 0.0,
            ".1f",
        ),
        ("gap to hindsight (min)", now.gap or 0.0, then.gap or 0.0, ".2f"),
        ("gap to hindsight (%)", 100 * (now.gap_share or 0.0), 100 * (then.gap_share or 0.0), ".1f"),
        ("hindsight: kilometres", now.resolved.kilometres, then.resolved.kilometres, ",.1f"),
        ("hindsight: undelivered", now.resolved.undelivered, then.resolved.undelivered, ",.0f"),
    ]


def _each(figures: DayFigures) -> float:
    return figures.kilometres / max(1, figures.delivered)


def _policy(name: Name, case: Case, rounds: int, wait: float | None = None) -> Policy:
    from linli.simulation.matching import Matching
    from linli.simulation.policies import SOONEST, Rolling
    from linli.simulation.waiting import Waits
    from services.dispatch.domain.zone import ZoneSettings

    farthest = ZoneSettings().wait_minutes if wait is None else wait
    waits = Waits(farthest=farthest, slack=case.slack or 0.0) if farthest else None

    if name is Name.matching:
        return Matching(minutes=case.minutes)
    if name is Name.soonest:
        return Rolling(weights=SOONEST, rounds=rounds, changes_mind=True, waits=waits)
    return Rolling(rounds=rounds, waits=waits)


def _look_back(case: Case, record: Record, each: int, seed: int, progress: Progress) -> Hindsight:
    from linli.simulation.hindsight import finished_day
    from services.dispatch.domain.planning.hindsight import in_hindsight, rounds_for

    progress.add_task("looking back", total=None, time="")
    day = finished_day(case, record)
    return in_hindsight(day, rounds=rounds_for(day, each), seed=seed)


def _play(case: Case, policy: Policy, seed: int, name: str, progress: Progress) -> Record:
    from linli.simulation.playing import Playing

    last = max(courier.off for courier in case.couriers)
    task = progress.add_task(name, total=last, time="")

    def told(minute: float) -> None:
        hours, minutes = divmod(int(minute), 60)
        progress.update(task, completed=minute, time=f"{hours:02d}:{minutes:02d}")

    return Playing(case, policy, seed=seed).play(told)
