"""What dispatch knows of shops by their past, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.dispatch.domain.planning.waiting import BusyShop, Demand
from services.dispatch.domain.preparation import (
    LONGEST,
    Kitchen,
    Preparation,
    Prepared,
    hour_of,
    nearness,
    pooled,
)
from services.dispatch.domain.zone import Zone


def preparation_of(kept: Iterable[tuple[str, Prepared]], zone: Zone) -> Preparation:
    """What the parts that were kept tell of a zone."""
    here = [part for zone_id, part in kept if zone_id == zone.zone_id]
    shops = {part.shop_id for part in here}
    kitchens = {shop: Kitchen(part for part in here if part.shop_id == shop) for shop in sorted(shops)}
    return Preparation(kitchens=kitchens, zone=pooled(here))


def demand_of(kept: Iterable[tuple[str, Prepared]], zone: Zone, now: datetime | None) -> Demand:
    """Where a zone's orders came from, those of this hour above all, and how long they took."""
    if now is None or zone.settings.wait_minutes <= 0:
        return Demand()
    here = sorted((p for zone_id, p in kept if zone_id == zone.zone_id), key=lambda part: part.accepted_at)
    weights: dict[str, float] = {}
    last: dict[str, Prepared] = {}
    for part in here:
        if part.place is not None and part.accepted_at > now - timedelta(days=14):
            near = nearness(hour_of(part.accepted_at), hour_of(now))
            weights[part.shop_id] = weights.get(part.shop_id, 1.0) + near
            last[part.shop_id] = part
    taken = sorted((part.ready_at - part.accepted_at).total_seconds() / 60 for part in here[-300:])
    return Demand(
        shops=tuple(
            BusyShop(shop_id=name, name=part.shop_name, place=part.place, weight=weights[name])
            for name, part in sorted(last.items())
            if part.place is not None
        ),
        preparations=_shares([minutes for minutes in taken if 0 <= minutes <= LONGEST]),
    )


def _shares(ranked: list[float]) -> tuple[float, ...]:
    """Twenty quantiles, as PostgreSQL's percentile_cont finds them."""
    if not ranked:
        return ()
    found = []
    for step in range(20):
        at, part = divmod((step + 0.5) / 20 * (len(ranked) - 1), 1)
        below = ranked[int(at)]
        found.append(below + part * (ranked[min(int(at) + 1, len(ranked) - 1)] - below))
    return tuple(found)
