"""The simulation has teeth: every broken platform is found out by one of the first few hundred seeds."""

from __future__ import annotations

import pytest

from tests.simulation.variants import VARIANTS
from tests.simulation.world import run

SEEDS = 300


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - {"sound"}))
def test_a_broken_platform_is_found_out(name: str) -> None:
    for seed in range(SEEDS):
        if run(seed, VARIANTS[name]).wrong:
            return
    pytest.fail(f"{SEEDS} worlds looked sound on a platform broken by {name}")
