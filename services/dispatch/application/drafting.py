"""What a planner has worked out and not kept yet, and how it is kept: change by change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeVar

from services.dispatch.application.ports import Keeping
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.upkeep import Change

_Thing = TypeVar("_Thing")


@dataclass
class Draft:
    """Changes worked out in memory, not yet kept; ``begun`` are deliveries that a split has begun."""

    changes: list[Change] = field(default_factory=list)
    offers: dict[str, Offer] = field(default_factory=dict)
    begun: dict[str, Delivery] = field(default_factory=dict)


def keep(keeping: Keeping, seen: ZoneState, draft: Draft) -> int:
    """Save every change all of whose parts are still as they were seen; answers how many were not."""
    wanted = united(draft.changes)
    new = Change.of(offers=draft.offers)
    known = Change.of(
        couriers=wanted.couriers,
        orders=wanted.orders - draft.begun.keys(),
        offers=wanted.offers - new.offers,
    )
    fresh = keeping.unchanged(known, seen)
    lost = Change.of(
        couriers=known.couriers - fresh.couriers,
        orders=known.orders - fresh.orders,
        offers=known.offers - fresh.offers,
    )
    kept = list(draft.changes)
    while dropped := [change for change in kept if change.touches(lost)]:
        kept = [change for change in kept if not change.touches(lost)]
        lost = united([lost, *dropped])
    wanted = united(kept)
    for order_id in sorted(wanted.orders & draft.begun.keys()):
        # Its first trip is as it was seen, and not split: nobody else can have begun this one.
        if not keeping.hold_anew(draft.begun[order_id]):
            raise RuntimeError(f"{order_id} is there, though what it is split from never was split")
    everything = seen.offers | draft.offers
    keeping.save(
        deliveries=_picked(seen.deliveries, wanted.orders),
        couriers=_picked(seen.couriers, wanted.couriers),
        offers=_picked(everything, wanted.offers),
    )
    return len(draft.changes) - len(kept)


def united(changes: Collection[Change]) -> Change:
    """Everything that any of them touches."""
    return Change(
        couriers=frozenset().union(*(change.couriers for change in changes)),
        orders=frozenset().union(*(change.orders for change in changes)),
        offers=frozenset().union(*(change.offers for change in changes)),
    )


def _picked(things: dict[str, _Thing], ids: Collection[str]) -> list[_Thing]:
    return [things[name] for name in sorted(ids)]
