"""`linli bench mdrp`: the bundling policy, online, on instances of the Meal Delivery Routing Problem."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from linli.bench.mdrp.files import read_solution, write_solution
from linli.bench.mdrp.instance import read_instance
from linli.bench.mdrp.judging import Figures, figures, violations
from linli.bench.mdrp.playing import play
from linli.day.figures import percentile
from linli.failures import Failure

_REFERENCES = {
    "prototype_click_to_door": "prototype",
    "reyes_rolling_horizon_click_to_door": "Reyes, online",
    "reyes_clairvoyant_click_to_door": "Reyes, clairvoyant",
}


@dataclass(frozen=True, kw_only=True)
class Played:
    """One instance: how good the day was, what is wrong with it, and each decision's milliseconds."""

    name: str
    figures: Figures
    wrong: Sequence[str]
    epochs: Sequence[float]


def mdrp(
    folders: Annotated[
        list[Path], typer.Argument(metavar="INSTANCE_DIR…", help="Instances, or folders of them.")
    ],
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Tell restaurants' mean preparation times only.")
    ] = False,
    solutions: Annotated[
        Path | None, typer.Option(help="A folder for the solutions, one folder an instance.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="A table of published click-to-door times, by instance.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Other seeds try other improvements.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="How many instances to play at once.")] = 1,
) -> None:
    """Play days of the Meal Delivery Routing Problem (Reyes et al. 2018) as they come, minute by minute.

    Nothing is known of an order before it is placed. What was done is written (--solutions) in the form of
    the instance set's evaluator, read again, and judged apart from the policy. Ends with 1 when a rule of
    the problem is broken. An instance takes some seconds where numba is, and minutes where it is not.
    """
    found = list(_instances(folders))
    published = _published(reference) if reference else {}
    console = Console(highlight=False)
    knowledge = "mean preparation times only" if uncertain else "ready times known from placement on"
    console.print(f"{len(found)} instances, {knowledge}, seed {seed}")
    played = list(_play_all(console, found, uncertain, seed, solutions, jobs))
    console.print(_table(played, published))
    console.print(_summary(played, published))
    wrong = [f"{one.name}: {sentence}" for one in played for sentence in one.wrong]
    if wrong:
        raise Failure("\n".join(["Rules of the problem are broken:", *wrong[:20]]), exit_code=1)


def play_one(folder: Path, uncertain: bool, seed: int, solutions: Path | None) -> Played:
    """Play one instance; with ``solutions``, what is judged is what was written there."""
    instance = read_instance(folder)
    solution = play(instance, uncertain=uncertain, seed=seed)
    epochs = solution.epochs
    if solutions is not None:
        write_solution(solutions / instance.name, instance, solution)
        solution = read_solution(solutions / instance.name)
    return Played(
        name=instance.name,
        figures=figures(instance, solution),
        wrong=violations(instance, solution),
        epochs=epochs,
    )


def _instances(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if (folder / "orders.txt").exists() or not folder.is_dir():
            yield folder
            continue
        inside = sorted(file.parent for file in folder.glob("*/orders.txt"))
        if not inside:
            raise Failure(f"{folder}: there is no instance in it (no orders.txt).", exit_code=2)
        yield from inside


def _play_all(
    console: Console, folders: Sequence[Path], uncertain: bool, seed: int, solutions: Path | None, jobs: int
) -> Iterator[Played]:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar, ProcessPoolExecutor(max_workers=jobs) as pool:
        task = bar.add_task("playing", total=len(folders))
        waiting = [pool.submit(play_one, folder, uncertain, seed, solutions) for folder in folders]
        try:
            for future in waiting:
                yield future.result()
                bar.advance(task)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _published(file: Path) -> dict[str, dict[str, float]]:
    if not file.is_file():
        raise Failure(f"{file}: there is no such file.", exit_code=2)
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or "instance" not in rows[0]:
        raise Failure(f"{file}: it needs a column instance.", exit_code=2)
    try:
        return {
            row["instance"]: {name: float(row[name]) for name in _REFERENCES if row.get(name)} for row in rows
        }
    except ValueError as error:
        raise Failure(f"{file}: {error}", exit_code=2) from None


def _table(played: Sequence[Played], published: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("instance")
    columns = ["orders", "undelivered", "click to door", "p90", "floor", "overage", "ready to pickup"]
    columns += ["cost/order", "orders/bundle", "km/order", "ms p50", "p99"]
    shown = [name for name in _REFERENCES if any(name in row for row in published.values())]
    for column in (*columns, *(_REFERENCES[name] for name in shown), "rules"):
        table.add_column(column, justify="right")
    for one in played:
        f, known = one.figures, published.get(one.name, {})
        table.add_row(
            *(one.name, str(f.orders), str(f.undelivered), f"{f.click_to_door:.2f}"),
            *(f"{f.click_to_door_p90:.1f}", f"{f.floor:.2f}", f"{f.overage:.2f}", f"{f.ready_to_pickup:.2f}"),
            *(f"{f.cost_per_order:.2f}", f"{f.orders_per_bundle:.2f}", f"{f.km_per_order:.2f}"),
            *(f"{percentile(one.epochs, 0.5):.1f}", f"{percentile(one.epochs, 0.99):.1f}"),
            *(f"{known[name]:.2f}" if name in known else "" for name in shown),
            f"{len(one.wrong)} broken" if one.wrong else "kept",
        )
    return table


def _summary(played: Sequence[Played], published: Mapping[str, Mapping[str, float]]) -> str:
    def mean(of: Callable[[Figures], float]) -> float:
        return statistics.fmean(of(one.figures) for one in played)

    over = mean(lambda f: f.click_to_door - f.floor)
    undelivered, bundle = mean(lambda f: f.undelivered_percent), mean(lambda f: f.orders_per_bundle)
    lines = [
        "",
        f"mean over {len(played)} instances: click to door {mean(lambda f: f.click_to_door):.3f} min"
        f" ({over:.3f} over the floor), p90 {mean(lambda f: f.click_to_door_p90):.1f},"
        f" undelivered {undelivered:.3f} %,",
        f"ready to pickup {mean(lambda f: f.ready_to_pickup):.2f} min,"
        f" overage {mean(lambda f: f.overage):.2f} min, cost/order {mean(lambda f: f.cost_per_order):.2f},"
        f" orders/bundle {bundle:.2f}, km/order {mean(lambda f: f.km_per_order):.2f}",
    ]
    for name, title in _REFERENCES.items():
        both = [one for one in played if name in published.get(one.name, {})]
        if both:
            ours = statistics.fmean(one.figures.click_to_door for one in both)
            theirs = statistics.fmean(published[one.name][name] for one in both)
            better = f"{100 * (ours / theirs - 1):+.2f} %"
            lines.append(f"{title}, on {len(both)} of them: {theirs:.3f} min; here {ours:.3f} ({better})")
    epochs = [epoch for one in played for epoch in one.epochs]
    p50, p99 = percentile(epochs, 0.5), percentile(epochs, 0.99)
    lines.append(f"a minute's decision: p50 {p50:.1f} ms, p99 {p99:.1f} ms of the processor")
    return "\n".join(lines)
