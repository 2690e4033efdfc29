"""How a zone's newest finished day compares with the same day solved again, for whoever watches."""

from __future__ import annotations

import math
from collections.abc import Iterable

from prometheus_client import Gauge

from services.dispatch.domain.business_day import BusinessDay
from services.dispatch.domain.finished_day import SolvedDay

GAP = Gauge(
    "linli_hindsight_gap_minutes",
    "How much longer it took than in hindsight, on average, on the newest day that was solved again",
    ["zone"],
)
GAP_SHARE = Gauge("linli_hindsight_gap_ratio", "The gap over the click to door in hindsight", ["zone"])
CLICK_TO_DOOR = Gauge(
    "linli_hindsight_click_to_door_minutes",
    "From the order to the door, on average, of the baskets compared, as lived and as solved again",
    ["zone", "day"],
)
KILOMETRES = Gauge(
    "linli_hindsight_kilometres", "What was ridden, as lived and as solved again", ["zone", "day"]
)
UNDELIVERED = Gauge(
    "linli_hindsight_undelivered_baskets",
    "Baskets nobody brought, as lived and as solved again",
    ["zone", "day"],
)
BASKETS = Gauge("linli_hindsight_baskets", "Baskets of the day", ["zone"])
COMPARED = Gauge("linli_hindsight_compared_baskets", "Baskets without a slot that came in both", ["zone"])
SOLVED_AT = Gauge(
    "linli_hindsight_day_timestamp_seconds", "When the day ended that was solved again", ["zone"]
)


def observe(days: Iterable[SolvedDay]) -> None:
    """Show the newest day of each zone. What cannot be told is not a number."""
    for one in days:
        zone, found = one.zone_id, one.hindsight
        BASKETS.labels(zone).set(found.baskets)
        COMPARED.labels(zone).set(found.compared)
        SOLVED_AT.labels(zone).set(BusinessDay.of(one.day).ends.timestamp())
        for day, ridden in (("lived", found.lived), ("resolved", found.resolved)):
            KILOMETRES.labels(zone, day).set(ridden.kilometres)
            UNDELIVERED.labels(zone, day).set(ridden.undelivered)
            _show(CLICK_TO_DOOR, ridden.click_to_door, zone, day)
        _show(GAP, found.gap, zone)
        _show(GAP_SHARE, found.gap_share, zone)


def _show(gauge: Gauge, value: float | None, *labels: str) -> None:
    gauge.labels(*labels).set(math.nan if value is None else value)
