"""How planning goes, by zone, for whoever watches: counted once a plan is kept."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from services.dispatch.application.planner import Epoch

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)

SECONDS = Histogram(
    "linli_planner_epoch_seconds",
    "Time to plan a zone once, from its snapshot to its commit",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10),
)
SOLVE = Histogram(
    "linli_planner_solve_seconds", "Processor time of the search for a plan", ["zone"], buckets=_QUICK
)
STALENESS = Histogram(
    "linli_planner_staleness_seconds",
    "How old, in business time, a plan was when the next one followed, while there was something to plan",
    ["zone"],
    buckets=(5, 10, 15, 30, 45, 60, 90, 120, 300, 900),
)
MISSED = Counter(
    "linli_planner_deadline_misses_total",
    "Plans whose building, or whose improvement, was ended by time",
    ["zone", "part"],
)
BASKETS = Gauge("linli_planner_baskets", "Baskets in the last plan", ["zone"])
COURIERS = Gauge("linli_planner_couriers", "Couriers in the last plan", ["zone"])
UNASSIGNED = Gauge("linli_planner_unassigned", "Baskets nobody could take in the last plan", ["zone"])
PLANNED = Counter("linli_planner_planned_baskets_total", "Baskets in all plans", ["zone"])
LEFT = Counter("linli_planner_unassigned_baskets_total", "Baskets nobody could take in all plans", ["zone"])
COURIER_TIME = Counter(
    "linli_courier_seconds_total",
    "Business time of couriers on shift: riding to the stops they have, resting, or idle",
    ["zone", "state"],
)
OFFERS = Counter("linli_planner_offers_total", "Offers made to couriers", ["zone"])
SENT = Counter("linli_planner_sent_to_wait_total", "Idle couriers told where to wait", ["zone"])
STALE = Counter(
    "linli_planner_stale_total", "Changes dropped since something had changed meanwhile", ["zone"]
)


def observe(epoch: Epoch) -> None:
    """Count what one step of a planner did."""
    zone = epoch.zone_id
    SECONDS.observe(epoch.seconds)
    BASKETS.labels(zone).set(epoch.baskets)
    COURIERS.labels(zone).set(epoch.couriers)
    UNASSIGNED.labels(zone).set(epoch.unassigned)
    PLANNED.labels(zone).inc(epoch.baskets)
    LEFT.labels(zone).inc(epoch.unassigned)
    OFFERS.labels(zone).inc(epoch.offers)
    SENT.labels(zone).inc(epoch.sent_to_wait)
    STALE.labels(zone).inc(epoch.stale)
    if epoch.baskets:
        SOLVE.labels(zone).observe(epoch.solving)
    for part, missed in (("build", epoch.build_ended), ("improve", epoch.improvement_ended)):
        MISSED.labels(zone, part).inc(missed)
    if epoch.since is None:
        return
    seconds = max(0.0, epoch.since.total_seconds())
    if epoch.baskets:
        STALENESS.labels(zone).observe(seconds)
    resting, riding = epoch.resting, epoch.riding
    for state, many in (
        ("riding", riding),
        ("resting", resting),
        ("idle", epoch.on_shift - riding - resting),
    ):
        COURIER_TIME.labels(zone, state).inc(many * seconds)
