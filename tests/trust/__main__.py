"""`python -m tests.trust`: prove that nothing is lost and nothing happens twice."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from linli.day.starting import Kind
from linli.failures import Failure
from linli.stack.platform import state_folder
from tests.trust import report
from tests.trust.blows import scheduled
from tests.trust.fault import Fault
from tests.trust.neighbourhood import Size
from tests.trust.proof import REPLICAS, SETTINGS, SPEED, Plan, Proof, prove
from tests.trust.proxies import Proxies
from tests.trust.stage import Setting, Stage, set_stage
from tests.trust.table import FAULTS

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()

SMALL = Size(shops=4, listings=3, customers=12, couriers=6, hot_stock=10, hot_buyers=40, coupon_uses=8)
SMOKE_KINDS = ("kill ordering", "kill relay", "kill commission", "kill platform", "kill planner")
LEASE_KINDS = ("a planner in its plan",)

Seed = Annotated[int, typer.Option(help="Decides what is asked, by whom, and which faults strike when")]
Stack = Annotated[str, typer.Option(help="full or embedded")]


@app.command()
def full(
    seed: Seed = 1,
    stack: Stack = "full",
    minutes: Annotated[float, typer.Option(help="How long orders come in, at the least")] = 30.0,
    faults: Annotated[int, typer.Option(help="How many faults strike, at the least")] = 200,
    least: Annotated[int, typer.Option(help="How many of each kind, at the least; 0: as they come")] = 10,
    kinds: Annotated[str, typer.Option(help="Kinds of faults that contain one of these, by commas")] = "",
    rate: Annotated[
        float | None, typer.Option(help="Orders a second, instead of a share of the knee")
    ] = None,
    share: Annotated[float, typer.Option(help="The share of the knee")] = 0.6,
    customers: Annotated[int, typer.Option(help="How many people order")] = 1_000,
    couriers: Annotated[int, typer.Option(help="How many bring it")] = 40,
    proxies: Annotated[bool, typer.Option(help="Lead every process to its servers through a proxy")] = True,
) -> None:
    """Load at a share of the knee while every kind of fault strikes; then the oracle judges."""
    size = Size(
        customers=customers,
        couriers=couriers,
        hot_buyers=round(1_000 * min(1.0, minutes / 30)),
        hot_stock=max(10, round(100 * min(1.0, minutes / 30))),
        coupon_uses=max(10, round(300 * min(1.0, minutes / 30))),
    )
    wanted = [word.strip() for word in kinds.split(",") if word.strip()]
    _run(
        stack,
        seed,
        lambda stage: Plan(
            seed=seed,
            size=size,
            seconds=minutes * 60,
            faults=scheduled(_fitting(stage, wanted), seed, faults, least),
            rate=rate,
            share=share,
        ),
        through_proxies=proxies,
    )


@app.command()
def smoke(
    seed: Seed = 1,
    stack: Stack = "full",
    seconds: Annotated[float, typer.Option(help="How long orders come in")] = 20.0,
    rate: Annotated[float, typer.Option(help="Orders a second")] = 1.5,
) -> None:
    """The same, small and short: a few kills under a little load."""
    _run(
        stack,
        seed,
        lambda stage: Plan(
            seed=seed,
            size=SMALL,
            seconds=seconds,
            faults=[
                *scheduled(_fitting(stage, SMOKE_KINDS), seed, 3, 0),
                *scheduled(_fitting(stage, LEASE_KINDS), seed, 1, 0),
            ],
            rate=rate,
        ),
    )


@app.command()
def mutants(
    names: Annotated[list[str] | None, typer.Argument(help="All, unless some are named")] = None,
) -> None:
    """Break the platform on purpose, one way after the other: the oracle has to notice each."""
    from tests.trust.mutants import run as mutating
    from tests.trust.mutants.table import MUTANTS

    unknown = sorted(set(names or ()) - set(MUTANTS))
    if unknown:
        raise Failure(
            f"There is no mutant {', '.join(unknown)}. There are: {', '.join(MUTANTS)}.", exit_code=2
        )
    began = time.monotonic()
    with _progress() as progress:
        task = progress.add_task("starting", total=None)

        def told(step: str) -> None:
            progress.console.print(f"[dim]{time.monotonic() - began:6.1f} s  {step}[/]", highlight=False)
            progress.update(task, description=step[:60])

        outcome = mutating.run(names or [], told)
    table = Table("mutant", "in", "caught by", "seconds")
    for result in outcome.results:
        caught = ", ".join(result.caught_by) or "[red]nothing[/]"
        table.add_row(result.name, result.process, caught, f"{result.seconds:.0f}")
    console.print(table)
    for invariant, offenders in outcome.control.items():
        console.print(f"[red]the sound platform broke {invariant}:[/] {offenders[0]}", highlight=False)
    console.print(f"Written to {mutating.write(outcome)}")
    if not outcome.holds:
        raise typer.Exit(1)


def _fitting(stage: Stage, words: Sequence[str]) -> list[Fault]:
    found = [
        fault
        for fault in FAULTS
        if fault.fits(stage) and (not words or any(word in fault.kind for word in words))
    ]
    if not found:
        kinds = ", ".join(fault.kind for fault in FAULTS)
        raise Failure(f"No kind of fault fits: choose from {kinds}.", exit_code=2)
    return found


def _run(stack: str, seed: int, plan: Callable[[Stage], Plan], *, through_proxies: bool = False) -> None:
    if stack not in {"full", "embedded"}:
        raise Failure("--stack is either full or embedded.", exit_code=2)
    began = time.monotonic()
    with _progress() as progress, Proxies() if through_proxies else nullcontext() as proxies:
        setting = Setting(
            name=f"trust-{stack}-{seed}",
            kind=cast(Kind, stack),
            speed=SPEED,
            replicas=REPLICAS,
            environment=SETTINGS,
            failpoints=True,
            proxies=proxies,
        )
        task = progress.add_task("starting", total=None)

        def told(step: str) -> None:
            progress.console.print(f"[dim]{time.monotonic() - began:6.1f} s  {step}[/]", highlight=False)
            progress.update(task, description=step[:60])

        with set_stage(setting, told) as stage:
            proof = asyncio.run(prove(stage, plan(stage), told=told))
    folder = state_folder("trust") / str(seed)
    page = report.write(proof, folder, report.tried_mutants())
    _show(proof, page)
    if not proof.holds:
        raise typer.Exit(1)


def _show(proof: Proof, page: Path) -> None:
    table = Table("invariant", "holds", "looked at", "remark", title=f"Seed {proof.plan.seed}")
    for verdict in proof.verdicts:
        sign = "[green]yes[/]" if verdict.holds else f"[red]no: {len(verdict.offenders)}[/]"
        table.add_row(verdict.name, sign, f"{verdict.looked_at:,}", verdict.remark)
    console.print(table)
    for verdict in proof.verdicts:
        for offender in verdict.offenders[:5]:
            console.print(f"[red]{verdict.name}:[/] {offender}", highlight=False)
    for missed in proof.missed:
        console.print(f"[red]{missed.kind} failed:[/] {missed.reason}", highlight=False)
    console.print(f"{len(proof.blows)} faults, {len(proof.wishes):,} wishes. Report: {page}")


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def main() -> None:
    # Asked to end, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        app()
    except Failure as failure:
        console.print(str(failure), style="red", markup=False)
        raise SystemExit(failure.exit_code) from None


if __name__ == "__main__":
    main()
