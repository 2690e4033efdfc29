"""What `benchmarks.epochs` measured, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.planner_at_work import Drained, Step
from linli.day.figures import percentile

CADENCE_SECONDS = 30


def show_latency(console: Console, rows: Sequence[tuple[int, str, list[Step]]]) -> None:
    table = Table(
        title="One epoch, from the claim of a zone to the commit of its plan, at dinner (milliseconds)",
        caption="processor: planner and its PostgreSQL connection together; zones a core: one every 30 s",
    )
    for column in ("baskets a day", "kernel", "epochs", "baskets", "couriers", "wall p50", "p99", "most"):
        table.add_column(column, justify="right")
    for column in ("processor p50", "p99", "mean", "of it PostgreSQL", "zones a core"):
        table.add_column(column, justify="right")
    for baskets, kernel, steps in rows:
        wall = [1000 * step.wall for step in steps]
        both = [1000 * (step.planner + step.postgres) for step in steps]
        mean = sum(both) / len(both)
        table.add_row(
            f"{baskets:,}",
            kernel,
            str(len(steps)),
            f"{sum(s.baskets for s in steps) / len(steps):.0f}",
            f"{sum(s.couriers for s in steps) / len(steps):.0f}",
            f"{percentile(wall, 0.5):.0f}",
            f"{percentile(wall, 0.99):.0f}",
            f"{max(wall):.0f}",
            f"{percentile(both, 0.5):.0f}",
            f"{percentile(both, 0.99):.0f}",
            f"{mean:.0f}",
            f"{1000 * sum(s.postgres for s in steps) / len(steps):.0f}",
            f"{1000 * CADENCE_SECONDS / mean:,.0f}",
        )
    console.print(table)


def show_scaling(console: Console, baskets: int, rows: Sequence[tuple[int, Drained]]) -> None:
    table = Table(title=f"Copies of the zone of {baskets:,} baskets a day, each planned once, compiled")
    for column in ("planner processes", "zones", "seconds", "zones a second", "times one planner"):
        table.add_column(column, justify="right")
    for column in ("processor a zone, ms", "of it PostgreSQL, ms"):
        table.add_column(column, justify="right")
    one = rows[0][1].zones / rows[0][1].wall
    for planners, drained in rows:
        rate = drained.zones / drained.wall
        table.add_row(
            str(planners),
            str(drained.zones),
            f"{drained.wall:.2f}",
            f"{rate:.1f}",
            f"{rate / one:.2f}",
            f"{1000 * (drained.planners + drained.postgres) / drained.zones:.1f}",
            f"{1000 * drained.postgres / drained.zones:.1f}",
        )
    console.print(table)
