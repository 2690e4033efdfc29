"""What is counted of planning, by zone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prometheus_client import REGISTRY

from services.dispatch.adapters.planner_figures import observe
from services.dispatch.application.planner import Epoch


def count(name: str, **labels: Any) -> float | None:
    return REGISTRY.get_sample_value(f"linli_{name}", labels)


def test_an_epoch_counts_for_its_zone_with_its_couriers_time() -> None:
    epoch = Epoch(
        zone_id="counted",
        plan_version=2,
        baskets=7,
        unassigned=2,
        offers=3,
        stale=1,
        solving=0.03,
        build_ended=True,
        since=timedelta(seconds=30),
        on_shift=5,
        riding=3,
        resting=1,
    )
    observe(epoch)
    observe(epoch)
    assert count("planner_solve_seconds_count", zone="counted") == 2
    assert count("planner_staleness_seconds_sum", zone="counted") == 60
    assert count("planner_deadline_misses_total", zone="counted", part="build") == 2
    assert count("planner_deadline_misses_total", zone="counted", part="improve") == 0
    assert count("planner_planned_baskets_total", zone="counted") == 14
    assert count("planner_unassigned_baskets_total", zone="counted") == 4
    assert count("planner_offers_total", zone="counted") == 6
    assert count("planner_stale_total", zone="counted") == 2
    for state, seconds in (("riding", 180), ("resting", 60), ("idle", 60)):
        assert count("courier_seconds_total", zone="counted", state=state) == seconds


def test_a_first_plan_has_no_age_and_an_empty_one_is_no_search() -> None:
    observe(Epoch(zone_id="first", plan_version=1, baskets=1, on_shift=2))
    observe(Epoch(zone_id="empty", plan_version=2, since=timedelta(hours=1), on_shift=2))
    assert not count("planner_staleness_seconds_count", zone="first")
    assert not count("planner_staleness_seconds_count", zone="empty")
    assert not count("planner_solve_seconds_count", zone="empty")
    assert count("courier_seconds_total", zone="empty", state="idle") == 7200
