"""How long a planner rests: hardly at all while there is work, longer and longer while there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.dispatch.application.planner import Epoch, PlannerPolicy
from services.dispatch.entrypoints.planner import Planner
from shared.kernel.clock import SystemClock
from shared.kernel.ids import UuidV7
from shared.persistence import Database


class Scripted(Planner):
    """A planner whose looks find what a test says."""

    def __init__(self, debounce: float, *found: Epoch | None) -> None:
        # Nothing is ever asked of this database: a connection is opened when one is needed.
        database = Database("postgresql+psycopg2://nobody@localhost/nothing", "dispatch")
        policy = PlannerPolicy(debounce=timedelta(seconds=debounce))
        super().__init__(database, SystemClock(), UuidV7(), policy)
        self.found = list(found)

    def step(self) -> Epoch | None:
        return self.found.pop(0)


def test_looks_grow_rarer_until_something_is_found() -> None:
    busy = Epoch(zone_id="lake", plan_version=1, effort=0.02)
    planner = Scripted(0.2, None, None, None, None, busy, None, None)
    pauses = [planner.pause() for _ in range(7)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.4, 0.08, 0.1, 0.2])


@pytest.mark.parametrize(("debounce", "longest"), [(0.01, 0.1), (0.2, 0.4), (5.0, 0.5)])
def test_no_look_is_later_than_two_debounces_or_half_a_second(debounce: float, longest: float) -> None:
    planner = Scripted(debounce, *[None] * 6)
    assert max(planner.pause() for _ in range(6)) == pytest.approx(longest)
