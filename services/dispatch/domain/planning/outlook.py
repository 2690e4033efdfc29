"""What the planner sees: a zone's deliveries, couriers and open offers as a snapshot in minutes from now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.dispatch.domain.courier import Courier, RouteStop, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.facts import Part
from services.dispatch.domain.lifecycle import UNASSIGNED
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import NEVER, Basket, Rider, Snapshot, Visit, Weights
from services.dispatch.domain.planning.waiting import Demand
from services.dispatch.domain.preparation import Preparation
from services.dispatch.domain.promise import Windows
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from services.dispatch.domain.vehicle import BOUNDLESS, NOTHING, total
from services.dispatch.domain.zone import Zone, ZoneSettings

_STILL_BUSY = 0.5
_LEAST_AT_ONCE, _MOST_PER_COURIER = 40, 3


@dataclass(kw_only=True)
class ZoneState:
    """Everything of one zone that planning needs, by id. Only open offers and unfinished deliveries.

    ``wanting`` are neighbouring zones that could do with couriers: their middle, and how many; none unless
    this zone lends.

    ``answer_minutes`` is how long couriers have lately taken to answer; ``paused`` whether nobody may be
    asked, and ``resumed_at`` when that was over last. ``preparation`` is what its shops' past tells,
    ``windows`` what its forecasts' does, and ``demand`` where the next orders are expected (nowhere, where
    couriers are not told where to wait).
    """

    zone: Zone
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    couriers: dict[str, Courier] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    answer_minutes: float = 0.0
    preparation: Preparation = field(default_factory=Preparation)
    windows: Windows = field(default_factory=Windows)
    demand: Demand = field(default_factory=Demand)
    wanting: dict[str, tuple[Position, int]] = field(default_factory=dict)
    paused: bool = False
    resumed_at: datetime | None = None

    def offer_to(self, courier_id: str) -> Offer | None:
        for offer in self.offers.values():
            if offer.courier_id == courier_id:
                return offer
        return None

    def promised(self, courier: Courier) -> list[RouteStop]:
        """The courier's route without the stops that have fallen away."""
        return [stop for stop in courier.route if self.is_open(stop)]

    def is_open(self, stop: RouteStop) -> bool:
        delivery = self.deliveries.get(stop.order_id)
        return delivery is not None and any(
            other.stop_id == stop.stop_id and other.is_open for other in delivery.stops
        )


def most_at_once(couriers: int) -> int:
    """How many deliveries that nobody is asked for are worth planning at once, the most urgent ones.

    Couriers come to more than that later than the next plans are made.
    """
    return max(_LEAST_AT_ONCE, _MOST_PER_COURIER * couriers)


def look_ahead(
    state: ZoneState, now: datetime, previous: Mapping[str, Sequence[str]], seed: int = 0
) -> Snapshot:
    """The snapshot of ``state`` at ``now``, warm with the stop orders of the ``previous`` plan."""
    eye = _eye(state, now)
    riders = tuple(
        _rider(eye, state, courier) for courier in sorted(state.couriers.values(), key=lambda c: c.courier_id)
    )
    promised = {stop_id for rider in riders for stop_id in rider.route}
    baskets = tuple(
        _basket(eye, state, delivery)
        for delivery in sorted(state.deliveries.values(), key=lambda d: d.order_id)
        if _is_in_sight(eye, delivery, promised)
    )
    return Snapshot(
        baskets=baskets,
        riders=riders,
        metres_per_minute=eye.settings.metres_per_minute,
        weights=Weights(moving=eye.settings.moving_minutes),
        previous={courier_id: tuple(stops) for courier_id, stops in previous.items()},
        seed=seed,
    )


def look_again(
    before: Snapshot, state: ZoneState, now: datetime, orders: Collection[str], couriers: Collection[str]
) -> Snapshot:
    """``before`` with these orders and couriers as they are in ``state``: what :func:`look_ahead` would see.

    It takes little more than these take, however large the zone is.
    """
    eye = _eye(state, now)
    riders = tuple(
        _rider(eye, state, state.couriers[rider.courier_id]) if rider.courier_id in couriers else rider
        for rider in before.riders
    )
    promised = {stop_id for rider in riders for stop_id in rider.route}
    baskets = [basket for basket in before.baskets if basket.basket_id not in orders]
    for order_id in orders:
        if _is_in_sight(eye, state.deliveries[order_id], promised):
            baskets.append(_basket(eye, state, state.deliveries[order_id]))
    return replace(before, riders=riders, baskets=tuple(sorted(baskets, key=lambda one: one.basket_id)))


def _eye(state: ZoneState, now: datetime) -> _Eye:
    carries = {name: courier.on_shift().carries.amount for name, courier in state.couriers.items()}
    bounded = _bounded(carries.values())
    return _Eye(state.zone.settings, now, state.preparation, bounded, _busy(state), carries)


@dataclass(frozen=True)
class _Eye:
    settings: ZoneSettings
    now: datetime
    preparation: Preparation
    dimensions: tuple[int, ...]
    busy: Mapping[str, int]
    carries: Mapping[str, tuple[int, ...]]

    def ready(self, delivery: Delivery, stop: Stop) -> float:
        """When a shop will have its part ready, by its word and by what came of its word before."""
        shop_id, part = stop.shop_id or "", delivery.part_of(stop)
        # What is under way already counts the part itself.
        load = self.busy.get(shop_id, 0) - (part.accepted_at is not None)
        ready_at = self.preparation.ready_at(
            shop_id=shop_id,
            part=part,
            usual=stop.preparation_minutes,
            now=max(self.now, delivery.paid_at or self.now),
            load=max(0, load),
            share=self.settings.ready_share,
        )
        return self.minutes(ready_at)

    def amount(self, amount: Sequence[int]) -> tuple[int, ...]:
        return tuple(amount[dimension] for dimension in self.dimensions)

    def minutes(self, moment: datetime) -> float:
        return (moment - self.now).total_seconds() / 60


def _bounded(carried: Collection[tuple[int, ...]]) -> tuple[int, ...]:
    """The dimensions in which some courier is bounded: the engine need not count the others."""
    least = [min(bounds, default=BOUNDLESS) for bounds in zip(*carried, strict=True)]
    return (0, *(number for number, bound in enumerate(least) if number and bound < BOUNDLESS))


def _busy(state: ZoneState) -> Mapping[str, int]:
    """How many parts each shop is preparing; what moved to a second trip is counted there."""
    return Counter(
        stop.shop_id or ""
        for delivery in state.deliveries.values()
        for stop in delivery.stops
        if stop.kind is StopKind.PICKUP
        and stop.status is not StopStatus.SKIPPED
        and _is_being_prepared(delivery.parts.get(stop.store_order_id or ""))
    )


def _is_being_prepared(part: Part | None) -> bool:
    return part is not None and part.accepted_at is not None and part.ready_at is None and not part.rejected


def _is_in_sight(eye: _Eye, delivery: Delivery, promised: set[str]) -> bool:
    """Promised already, or near enough in time to be worth planning."""
    open_stops = delivery.open_stops()
    if not open_stops:
        return False
    if any(stop.stop_id in promised for stop in open_stops):
        return True
    if delivery.status not in UNASSIGNED or delivery.offer_id is not None:
        return False
    if delivery.slot is not None:
        return eye.minutes(delivery.slot.starts_at) <= eye.settings.slot_lead_minutes
    if delivery.split_from is not None:
        # It was split since it comes so late: whether that pays, and when it comes, is to be known now.
        return True
    ready = [eye.ready(delivery, stop) for stop in open_stops if stop.kind is StopKind.PICKUP]
    return min(ready, default=0.0) <= eye.settings.horizon_minutes


def _basket(eye: _Eye, state: ZoneState, delivery: Delivery) -> Basket:
    if delivery.second_try is not None and delivery.second_try.returning_since is not None:
        return _way_back(eye, delivery, delivery.second_try.returning_since)
    pickups: list[Visit] = []
    drop_off: Visit | None = None
    for stop in delivery.open_stops():
        if stop.kind is StopKind.PICKUP:
            ready, service = eye.ready(delivery, stop), eye.settings.pickup_service_minutes
            pickups.append(_visit(eye, stop, ready, service, eye.amount(stop.load.amount)))
        else:
            opens = eye.minutes(delivery.slot.starts_at) if delivery.slot else -NEVER
            if delivery.second_try is not None:
                opens = max(opens, eye.minutes(delivery.second_try.opens_at))
            drop_off = _visit(eye, stop, opens, eye.settings.drop_off_service_minutes, ())
    assert drop_off is not None, "a delivery that has not ended still has its drop-off to come"
    offer = state.offers.get(delivery.offer_id or "")
    due = delivery.slot.ends_at if delivery.slot else delivery.promised_at
    if delivery.second_try is not None:
        due = delivery.second_try.due_at
    # What is left to a second courier comes late in any case: only what can be helped is judged, or nobody
    # would be worth sending for it.
    least = -NEVER
    if delivery.split_from is not None:
        least = max((visit.ready + visit.service for visit in pickups), default=-NEVER) + drop_off.service
    return Basket(
        basket_id=delivery.order_id,
        pickups=tuple(pickups),
        drop_off=drop_off,
        clicked=max(least, eye.minutes(delivery.asked_for_at or eye.now)),
        due=max(least, eye.minutes(due or eye.now)),
        asap=delivery.slot is None and delivery.second_try is None,
        on_board=eye.amount(delivery.load),
        holder=delivery.courier_id or (offer.courier_id if offer else None),
        announced=delivery.foreseen if delivery.status in UNASSIGNED else None,
        barred=frozenset(
            courier_id for courier_id, until in delivery.barred.items() if until is None or eye.now < until
        ),
    )


# What goes back to shops may wait for what customers wait for, but not for ever.
_BACK_WITHIN = 45.0


def _way_back(eye: _Eye, delivery: Delivery, since: datetime) -> Basket:
    """The shops that get their parts back, the last one as the place where everything is off board."""
    *first, last = delivery.open_stops()
    empty = eye.amount(NOTHING)
    service = eye.settings.pickup_service_minutes
    return Basket(
        basket_id=delivery.order_id,
        pickups=tuple(_visit(eye, stop, -NEVER, service, empty) for stop in first),
        drop_off=_visit(eye, last, -NEVER, service, ()),
        clicked=eye.minutes(since),
        due=eye.minutes(since) + _BACK_WITHIN,
        asap=False,
        on_board=eye.amount(delivery.load),
        holder=delivery.courier_id,
    )


def _visit(eye: _Eye, stop: Stop, ready: float, service: float, amount: tuple[int, ...]) -> Visit:
    if stop.status is StopStatus.ARRIVED and stop.arrived_at is not None:
        began = max(eye.minutes(stop.arrived_at), ready)
        # Being served: only the rest of it is still to come.
        service = min(service, max(_STILL_BUSY, began + service))
    return Visit(stop_id=stop.stop_id, place=stop.place, ready=ready, service=service, amount=amount)


def _rider(eye: _Eye, state: ZoneState, courier: Courier) -> Rider:
    shift = courier.on_shift()
    seen = state.sightings.get(courier.courier_id)
    place = seen.place if seen else courier.place
    assert place is not None, "nobody goes on shift without a place"
    route = state.promised(courier)
    free_at = eye.minutes(seen.at) if seen and route else 0.0
    if route:
        current = state.deliveries[route[0].order_id].stop(route[0].stop_id)
        if current.status is StopStatus.ARRIVED:
            place, free_at = current.place, 0.0
    # Nobody stands at a door until a second try begins.
    frozen = 0 if route and _is_for_later(eye, state, route[0]) else min(1, len(route))
    offer = state.offer_to(courier.courier_id)
    if offer is not None:
        route = merged(route, [stop for stop in offer.route if state.is_open(stop)])
        frozen = len(route)
    orders = {stop.order_id for stop in route}
    return Rider(
        courier_id=courier.courier_id,
        place=place,
        free_at=min(free_at, 0.0),
        until=eye.minutes(shift.ends_at) + eye.settings.shift_slack_minutes,
        capacity=eye.amount(eye.carries[courier.courier_id]),
        load=eye.amount(total(state.deliveries[order_id].load for order_id in orders)),
        route=tuple(stop.stop_id for stop in route),
        frozen=frozen,
        new=offer is None and not state.paused and courier.may_be_asked(eye.now),
        breaks=tuple(
            (eye.minutes(pause.starts_at), eye.minutes(pause.ends_at))
            for pause in shift.breaks
            if pause.ends_at > eye.now
        ),
        speed_factor=shift.speed_factor,
    )


def _is_for_later(eye: _Eye, state: ZoneState, stop: RouteStop) -> bool:
    trying = state.deliveries[stop.order_id].second_try
    return trying is not None and trying.returning_since is None and trying.opens_at > eye.now


def merged(present: Sequence[RouteStop], proposed: Sequence[RouteStop]) -> list[RouteStop]:
    """The proposed route, behind whatever of the present one it does not know."""
    known = {stop.stop_id for stop in proposed}
    return [*(stop for stop in present if stop.stop_id not in known), *proposed]


def when(now: datetime, minutes: float) -> datetime:
    """A moment of the plan as a time, to the second."""
    return (now + timedelta(minutes=minutes)).replace(microsecond=0)
