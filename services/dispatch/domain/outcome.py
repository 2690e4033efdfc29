"""How a delivery turned out, in minutes, as far as it is known; and many of them together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import DeliveryCompleted, DeliveryEvent, TripCompleted
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.stop import StopKind, StopStatus

ASAP, SLOT = "asap", "slot"
# From so many shops on they are counted together.
MANY_SHOPS = 4


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of a delivery that has ended.

    ``rings`` is how often a courier came to the door. ``split`` is the second trip of an order, and what had
    another courier after something of it was on board: the latter never is.
    """

    kind: str
    shops: str
    delivered: bool
    click_to_door: float | None
    ready_to_door: float | None
    ready_to_pickup: tuple[float, ...]
    late: float | None
    metres: int
    rings: int
    split: bool


def outcome_of(delivery: Delivery) -> Outcome:
    """How ``delivery`` turned out."""
    collected = [s for s in delivery.stops if s.kind is StopKind.PICKUP and s.status is StopStatus.DONE]
    ended = delivery.ended_at if delivery.status is Status.DELIVERED else None
    ready = [ready_at_of(delivery, stop.store_order_id) for stop in collected]
    waited = [_minutes(at, stop.ended_at) for at, stop in zip(ready, collected, strict=True)]
    rang = [s for s in delivery.stops if s.kind is StopKind.DROP_OFF and s.arrived_at is not None]
    last_ready = max((at for at in ready if at is not None), default=None)
    return Outcome(
        kind=ASAP if delivery.slot is None else SLOT,
        shops=f"{MANY_SHOPS}+" if len(collected) >= MANY_SHOPS else str(len(collected)),
        delivered=ended is not None,
        click_to_door=_minutes(delivery.placed_at, ended),
        ready_to_door=_minutes(last_ready, ended),
        ready_to_pickup=tuple(one for one in waited if one is not None),
        late=_minutes(delivery.promised_at, ended),
        metres=sum(stop.leg_m for stop in delivery.stops),
        rings=len(rang),
        split=delivery.split_from is not None
        or any(
            delivery.assigned_at is not None and s.ended_at is not None and s.ended_at < delivery.assigned_at
            for s in collected
        ),
    )


def is_own_handover(event: DeliveryEvent, delivery: Delivery) -> bool:
    """Whether ``event`` tells that ``delivery`` was handed over: it may be its order's other trip."""
    told = isinstance(event, DeliveryCompleted | TripCompleted)
    return told and event.delivery_id == delivery.delivery_id


def ready_at_of(delivery: Delivery, store_order_id: str | None) -> datetime | None:
    """When the shop said that its part was ready, if it has."""
    part = delivery.parts.get(store_order_id or "")
    return None if part is None else part.ready_at


def _minutes(begin: datetime | None, end: datetime | None) -> float | None:
    """The minutes between two moments; none when the second is the earlier one."""
    return None if begin is None or end is None else max(0.0, (end - begin).total_seconds() / 60)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Many minutes: how many, on average, half of them below, nine in ten below."""

    count: int
    mean: float | None
    p50: float | None
    p90: float | None


def spread(values: Iterable[float | None]) -> Spread:
    """The spread of those values that are known, to a hundredth."""
    known = sorted(value for value in values if value is not None)
    mean = sum(known) / len(known) if known else None
    return Spread(count=len(known), mean=_rounded(mean), p50=_quantile(known, 0.5), p90=_quantile(known, 0.9))


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return _rounded(ordered[math.ceil(share * len(ordered)) - 1]) if ordered else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
