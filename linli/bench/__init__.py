"""Benchmarks on public instances: `linli bench`."""

from __future__ import annotations

import typer

from linli.bench.mdrp_m import mdrp_m

bench = typer.Typer(
    help="Play public benchmark instances, judge the solutions apart from the planner, and print a table.",
    no_args_is_help=True,
)
# One command alone would take the group's place.
bench.callback()(lambda: None)
bench.command("mdrp-m")(mdrp_m)
