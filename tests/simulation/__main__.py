"""Live through many worlds, or look closely at one: `python -m tests.simulation --seeds 10000`."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter

from rich.console import Console
from rich.progress import track

_print = Console(highlight=False, markup=False, soft_wrap=True).print


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many worlds (1000)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first of them (0)")
    parser.add_argument("--seed", type=int, metavar="SEED", help="one world alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every step")
    parser.add_argument("--variant", default="sound", metavar="NAME", help="a broken platform, or `list`")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", module="eventlet.*")
    warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")

    from tests.simulation.variants import VARIANTS

    if asked.variant not in VARIANTS:
        _print("\n".join(VARIANTS))
        return 0 if asked.variant == "list" else 2
    if asked.seed is not None:
        return _one(asked.seed, asked.variant, traced=asked.trace)
    return _many(range(asked.first, asked.first + asked.seeds), asked.variant)


def _one(seed: int, variant: str, *, traced: bool) -> int:
    from tests.simulation.variants import VARIANTS
    from tests.simulation.world import run

    outcome = run(seed, VARIANTS[variant], traced=True)
    if traced:
        _print("\n".join(outcome.trace))
    _print(f"seed {seed}: orders {outcome.orders}, {outcome.seconds:.0f} virtual seconds")
    _print(f"trace {outcome.digest[:16]}, {len(outcome.trace)} lines")
    for line in outcome.wrong:
        _print(f"WRONG {line}")
    return 1 if outcome.wrong else 0


def _many(seeds: range, variant: str) -> int:
    from tests.simulation.variants import VARIANTS
    from tests.simulation.world import run

    began, busy = time.monotonic(), time.process_time()
    failed: list[int] = []
    faults: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    for seed in track(seeds, description="living", console=Console(stderr=True)):
        outcome = run(seed, VARIANTS[variant])
        faults.update(outcome.counts)
        orders.update(outcome.orders)
        if outcome.wrong:
            failed.append(seed)
            _print(f"seed {seed} failed; `python -m tests.simulation --seed {seed} --trace` shows it alone")
            for line in outcome.wrong[:5]:
                _print(f"  {line}")
    _print(
        f"{len(seeds)} worlds, {sum(orders.values())} orders ({_listed(orders)}), {len(failed)} failed;"
        f" {time.monotonic() - began:.0f} s, {time.process_time() - busy:.0f} s of a processor"
    )
    _print(f"what happened: {_listed(faults)}")
    return 1 if failed else 0


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
