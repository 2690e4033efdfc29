"""Many random lives of orders: ``python -m tests.laws --lives 100000 --seed 1``."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import chain

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.laws.living import live

_AT_ONCE = 500
_SHOWN = 5


def _some(seed: str, first: int, last: int) -> tuple[Counter[str], list[str]]:
    """Lives ``first`` to ``last``: what happened, and what was broken."""
    # A provider that is away now and then is part of a life, and no news.
    logging.disable(logging.WARNING)
    happened, broken = Counter[str](), []
    for number in range(first, last):
        try:
            happened += live(f"{seed}-{number}")
        except Exception as error:  # A crash is as much a finding as a broken law.
            broken.append(f"life {seed}-{number}: {type(error).__name__}: {error}")
    return happened, broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.laws", description=__doc__)
    parser.add_argument("--lives", type=int, default=100_000, help="how many (default 100000)")
    parser.add_argument("--seed", default="1", help="life N of seed S is always the same (default 1)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: the cores)"
    )
    parser.add_argument("--life", type=int, help="live only this one of the seed")
    asked = parser.parse_args()
    if asked.life is not None:
        happened, broken = _some(asked.seed, asked.life, asked.life + 1)
    else:
        happened, broken = _all(asked.seed, asked.lives, asked.jobs)
    console = Console()
    for each in broken[:_SHOWN]:
        console.print(each, markup=False)
    console.print(_table(happened))
    lives = 1 if asked.life is not None else asked.lives
    console.print(f"{lives:,} lives of seed {asked.seed}: {len(broken)} broke a law")
    return 1 if broken else 0


def _all(seed: str, lives: int, jobs: int) -> tuple[Counter[str], list[str]]:
    started = time.monotonic()
    happened, broken = Counter[str](), []
    starts = range(0, lives, _AT_ONCE)
    with ProcessPoolExecutor(jobs) as pool, Progress() as progress:
        task = progress.add_task("living", total=lives)
        ends = [min(start + _AT_ONCE, lives) for start in starts]
        for some, wrong in pool.map(_some, [seed] * len(ends), starts, ends):
            happened += some
            broken += wrong
            progress.advance(task, min(_AT_ONCE, lives))
    Console().print(f"{time.monotonic() - started:.0f} s on {jobs} processes")
    return happened, broken


def _table(happened: Counter[str]) -> Table:
    """What happened, how often, and how often it was refused."""
    table = Table("what", "done", "refused")
    done = Counter({what: times for what, times in happened.items() if ":" not in what})
    refused = Counter[str]()
    for what, times in happened.items():
        if ":" in what:
            refused[what.split(":")[0]] += times
    for what in sorted(set(chain(done, refused))):
        table.add_row(what.replace("_", " "), f"{done[what]:,}", f"{refused[what]:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
