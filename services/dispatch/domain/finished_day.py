"""A zone's finished day, out of what is kept of its deliveries, shifts and loans.

A delivery is of the day on which it was asked for: its slot's, or when the order was placed. What was brought
is in it, and what no courier took; what was called off, refused or lost is in neither the life nor the
hindsight of a day, as if it had taken nobody's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.dispatch.domain.business_day import BusinessDay
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.planning.hindsight import FinishedDay, Hindsight
from services.dispatch.domain.planning.problem import NEVER, Basket, Visit
from services.dispatch.domain.presence import (
    Made,
    Worked,
    bounded_in,
    by_presence,
    presences_of,
    rider_of,
)
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from services.dispatch.domain.zone import Zone, ZoneSettings


@dataclass(frozen=True, kw_only=True)
class LivedDay:
    """All that is kept of a zone's day. ``worked`` are shifts of the zone, and of who was lent to it."""

    zone: Zone
    day: BusinessDay
    deliveries: Sequence[Delivery]
    worked: Sequence[Worked]
    loans: Sequence[Loan] = ()


@dataclass(frozen=True, kw_only=True)
class SolvedDay:
    """What a zone's day came to in hindsight, solved at a moment within so many seconds of the processor."""

    zone_id: str
    day: date
    solved_at: datetime
    seconds: float
    hindsight: Hindsight


def finished_day(lived: LivedDay) -> FinishedDay:
    """The day, as :func:`services.dispatch.domain.planning.hindsight.in_hindsight` takes it."""
    settings, day = lived.zone.settings, lived.day
    presences = presences_of(lived.zone, day, lived.worked, lived.loans)
    bounded = bounded_in(presences)
    baskets: list[Basket] = []
    brought: list[Delivery] = []
    for delivery in sorted(lived.deliveries, key=lambda one: one.order_id):
        basket = _basket(delivery, settings, day, bounded)
        if basket is not None:
            baskets.append(basket)
            if delivery.status is Status.DELIVERED:
                brought.append(delivery)
    made = sorted((one for delivery in brought for one in _made(delivery)), key=_turn)
    made_by = by_presence(presences, made)
    riders = (
        rider_of(
            presence,
            made_by.get(presence.name, ()),
            next(
                (
                    one
                    for one in reversed(made)
                    if one.courier_id == presence.worked.courier_id and one.at <= presence.since
                ),
                None,
            ),
            day,
            bounded,
        )
        for presence in presences
    )
    return FinishedDay(
        baskets=tuple(baskets),
        riders=tuple(rider for rider in riders if rider is not None),
        doors={one.order_id: day.minutes(one.ended_at) for one in brought if one.ended_at is not None},
        routes={name: tuple(one.stop.stop_id for one in stops) for name, stops in made_by.items()},
        metres=float(sum(one.stop.leg_m for one in made)),
        metres_per_minute=settings.metres_per_minute,
    )


def _basket(
    delivery: Delivery, settings: ZoneSettings, day: BusinessDay, bounded: Sequence[int]
) -> Basket | None:
    collected = [stop for stop in delivery.stops if _counts(delivery, stop)]
    doors = [stop for stop in delivery.stops if stop.kind is StopKind.DROP_OFF]
    ready = [_ready_at(delivery, stop) for stop in collected]
    clicked, trying, slot = delivery.asked_for_at, delivery.second_try, delivery.slot
    if not collected or not doors or clicked is None:
        return None
    opens = slot.starts_at if slot else None
    due = slot.ends_at if slot else delivery.promised_at
    if trying is not None:
        opens, due = trying.opens_at, trying.due_at
    pickups: list[Visit] = []
    for stop, at in zip(collected, ready, strict=True):
        if at is None:
            return None
        pickups.append(
            Visit(
                stop_id=stop.stop_id,
                place=stop.place,
                ready=day.minutes(at),
                service=settings.pickup_service_minutes,
                amount=tuple(stop.load.amount[dimension] for dimension in bounded),
            )
        )
    return Basket(
        basket_id=delivery.order_id,
        pickups=tuple(pickups),
        drop_off=Visit(
            stop_id=doors[0].stop_id,
            place=doors[0].place,
            ready=-NEVER if opens is None else day.minutes(opens),
            service=settings.drop_off_service_minutes,
        ),
        clicked=day.minutes(clicked),
        due=NEVER if due is None else day.minutes(due),
        asap=slot is None and trying is None,
    )


def _counts(delivery: Delivery, stop: Stop) -> bool:
    """Whether the stop is one that was collected at; of what nobody took, whether it was to be."""
    if stop.kind is not StopKind.PICKUP:
        return False
    if delivery.status is Status.DELIVERED:
        return stop.status is StopStatus.DONE
    part = delivery.parts.get(stop.store_order_id or "")
    return delivery.failure == "no-courier" and (part is None or not part.rejected)


def _ready_at(delivery: Delivery, stop: Stop) -> datetime | None:
    """When the part was truly ready: as the shop said, or had foreseen, but not after it was collected."""
    part = delivery.part_of(stop)
    said = part.ready_at or part.ready_estimate
    if stop.status is not StopStatus.DONE or stop.ended_at is None:
        return said
    return stop.ended_at if said is None else min(said, stop.ended_at)


def _made(delivery: Delivery) -> Iterable[Made]:
    for stop in delivery.stops:
        if stop.kind is not StopKind.RETURN and stop.status is StopStatus.DONE and stop.ended_at is not None:
            yield Made(courier_id=delivery.courier_id or "", at=stop.ended_at, stop=stop)


def _turn(made: Made) -> tuple[datetime, bool, datetime, str]:
    stop = made.stop
    return made.at, stop.kind is StopKind.DROP_OFF, stop.arrived_at or made.at, stop.stop_id
