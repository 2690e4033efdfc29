"""`linli bench mdrp-m`: multi-shop baskets online, judged from the solution's files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from linli.failures import Failure

if TYPE_CHECKING:
    from linli.bench.baskets import Instance
    from linli.simulation.case import Case
    from linli.simulation.playing import Policy


class Chosen(StrEnum):
    both = "both"
    rolling = "rolling"
    matching = "matching"


def mdrp_m(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Baskets, one a line in JSON.")],
    instances: Annotated[
        Path | None,
        typer.Option(help="Instance folders of the same names; else `mdrp` beside the files' folder."),
    ] = None,
    solutions: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Keep the solutions: OUT/POLICY/INSTANCE/….txt")
    ] = None,
    policy: Annotated[
        Chosen, typer.Option(help="The planner's, the one to compare with, or both.")
    ] = Chosen.both,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of improvement a plan.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same.")] = 0,
) -> None:
    """Play days of multi-shop baskets (MDRP-M) minute by minute, and count minutes over the floor.

    The floor is the best order of the shops with a courier always waiting. Ends with 1 when a solution breaks
    a rule.
    """
    from linli.bench.baskets import read
    from services.dispatch.engine.machine import machine, warm_up

    console = Console()
    given = [read(file, instances or file.resolve().parent.parent / "mdrp") for file in files]
    warm_up()
    console.print(f"[dim]{len(given)} instances; the engine is {machine().name}.[/]")
    names = [Chosen.rolling, Chosen.matching] if policy is Chosen.both else [policy]
    with tempfile.TemporaryDirectory() as scratch:
        folder = solutions or Path(scratch)
        results = {name: _play_all(name, given, folder / name, rounds, seed, console) for name in names}
    _show(results, console)
    wrong = [sentence for scores in results.values() for score in scores for sentence in score.wrong]
    if wrong:
        for sentence in wrong[:20]:
            console.print(sentence, style="red", markup=False)
        raise Failure(f"{len(wrong)} rules are broken.")
    console.print("Every solution keeps the rules." + (f" They lie in {solutions}." if solutions else ""))


@dataclass(frozen=True, kw_only=True)
class Score:
    """One instance under one policy, by its solution's files; ``seconds`` are its epochs'."""

    name: str
    baskets: int
    delivered: int
    impossible: int
    click_to_door: float
    p90: float
    over_floor: float
    kilometres: float
    split: int
    rings: float
    seconds: tuple[float, ...]
    wrong: tuple[str, ...]


def score_of(
    instance: Instance,
    make: Callable[[Case], Policy],
    folder: Path,
    seed: int = 0,
    told: Callable[[float], None] = lambda _: None,
) -> Score:
    """Play one instance, write its solution into ``folder``, and count what that says."""
    from linli.bench import solutions
    from linli.bench.baskets import case_of, floor, is_possible
    from linli.day.figures import percentile
    from linli.simulation.playing import Playing

    case = case_of(instance)
    record = Playing(case, make(case), seed=seed).play(told)
    solutions.write(folder, instance, case, record)
    verdict = solutions.judge(folder, instance)
    minutes = verdict.click_to_door
    floors = [floor(case, basket) for basket in case.baskets if basket.basket_id in minutes]
    late = [b for b in case.baskets if b.basket_id not in minutes]
    delivered = max(1, len(minutes))
    return Score(
        name=instance.name,
        baskets=len(case.baskets),
        delivered=len(minutes),
        impossible=sum(not is_possible(case, basket) for basket in late),
        click_to_door=fmean(minutes.values() or [0.0]),
        p90=percentile(list(minutes.values()), 0.9),
        over_floor=fmean(minutes.values() or [0.0]) - fmean(floors or [0.0]),
        kilometres=verdict.metres / 1000 / delivered,
        split=verdict.split,
        rings=verdict.rings / delivered,
        seconds=tuple(seconds for _, seconds in record.epochs),
        wrong=tuple(f"{instance.name}: {sentence}" for sentence in verdict.wrong),
    )


def policy_named(name: str, rounds: int) -> Callable[[Case], Policy]:
    """How a policy of this name is made for a day."""
    from linli.simulation.matching import Matching
    from linli.simulation.policies import SOONEST, Rolling

    if name == Chosen.matching:
        return lambda case: Matching(minutes=case.minutes)
    return lambda _: Rolling(weights=SOONEST, rounds=rounds, changes_mind=True)


def _play_all(
    name: str, given: list[Instance], folder: Path, rounds: int, seed: int, console: Console
) -> list[Score]:
    scores = []
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("minute {task.completed:.0f}"))
    with Progress(*columns, console=console, transient=True) as progress:
        for instance in given:
            last = max(courier.off for courier in instance.couriers)
            task = progress.add_task(f"{name} {instance.name}", total=last)
            scores.append(
                score_of(
                    instance,
                    policy_named(name, rounds),
                    folder / instance.name,
                    seed,
                    lambda minute, task=task: progress.update(task, completed=minute),  # type: ignore[misc]
                )
            )
            progress.remove_task(task)
    return scores


def _show(results: dict[Chosen, list[Score]], console: Console) -> None:
    from linli.day.figures import percentile

    for name, scores in results.items():
        title = f"MDRP-M, {name.value}: minutes, means over the instances"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("instance", min_width=14)
        for column in (
            "baskets",
            "undeliv-\nered %",
            "nobody\ncould",
            "click\nto door",
            "p90",
            "over\nfloor",
            "km a\nbasket",
        ):
            table.add_column(column, justify="right")
        for score in scores:
            table.add_row(score.name, *_cells([score]))
        every = [seconds for score in scores for seconds in score.seconds]
        if len(scores) > 1:
            table.add_row("mean", *_cells(scores), style="bold")
        console.print(table)
        console.print(
            f"Baskets split: {sum(score.split for score in scores)}. "
            f"Doorbell rings a basket: {fmean(score.rings for score in scores):.2f}. "
            f"A plan: p50 {1000 * percentile(every, 0.5):.1f} ms, "
            f"p99 {1000 * percentile(every, 0.99):.1f} ms.",
            highlight=False,
        )


def _cells(scores: list[Score]) -> list[str]:
    """Means over the instances; what is counted is summed."""
    baskets = sum(score.baskets for score in scores)
    delivered = sum(score.delivered for score in scores)
    return [
        f"{baskets}",
        f"{100 * (1 - delivered / baskets):.2f}",
        f"{sum(score.impossible for score in scores)}",
        f"{fmean(score.click_to_door for score in scores):.2f}",
        f"{fmean(score.p90 for score in scores):.1f}",
        f"{fmean(score.over_floor for score in scores):.2f}",
        f"{fmean(score.kilometres for score in scores):.2f}",
    ]
