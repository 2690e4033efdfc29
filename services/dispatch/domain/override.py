"""A delivery given, taken back or handed on by an operator's hand, and whether that may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.dispatch.domain.courier import Courier, RouteStop
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import CourierNotAvailable, GoodsOnBoard, WrongState
from services.dispatch.domain.lifecycle import RIDING, UNASSIGNED
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.travel import minutes_between
from services.dispatch.domain.stop import Stop, StopKind
from services.dispatch.domain.zone import Zone

BY_HAND = "operator"
HANDED_ON = "transferred"
# No plan gave it; plans count from one.
NO_PLAN = 0


class OverrideKind(StrEnum):
    ASSIGN = "assign"
    TAKE_BACK = "take_back"
    TRANSFER = "transfer"
    SPLIT = "split"


@dataclass(frozen=True, kw_only=True)
class Override:
    """What was done, by whom and why. The reason is the operator's own, and for operators alone.

    ``store_order_ids`` are the parts that moved to a second courier.
    """

    override_id: str
    kind: OverrideKind
    order_id: str
    zone_id: str
    from_courier_id: str | None
    to_courier_id: str | None
    actor_id: str
    at: datetime
    reason: str
    store_order_ids: tuple[str, ...] = ()


def must_wait(delivery: Delivery) -> None:
    """Raises unless the delivery waits for a courier."""
    if delivery.courier_id is not None and delivery.status in RIDING:
        raise WrongState("A courier has this delivery already; transfer it instead.")
    if delivery.status not in UNASSIGNED:
        raise WrongState(f"This delivery is {delivery.status}; only one that waits can be assigned.")


def must_be_given_back(delivery: Delivery) -> str:
    """The courier who has the delivery and nothing of it yet; raises when there is none such."""
    if delivery.on_board:
        raise GoodsOnBoard
    if delivery.courier_id is None or delivery.status not in RIDING:
        raise WrongState(f"This delivery is {delivery.status}; no courier has it.")
    return delivery.courier_id


def must_be_able(courier: Courier | None, delivery: Delivery, now: datetime) -> Courier:
    """The courier, if able to take the delivery now; raises :class:`CourierNotAvailable` saying why not."""
    if courier is None or courier.shift is None:
        raise CourierNotAvailable("This courier is not on shift.")
    if courier.shift.zone_id != delivery.zone_id:
        raise CourierNotAvailable("This courier is on shift in another zone.")
    if courier.shift.ending:
        raise CourierNotAvailable("This courier's shift is ending.")
    if courier.loan is not None and courier.loan.is_moving(now):
        raise CourierNotAvailable("This courier is changing zones.")
    if courier.rest is not None:
        raise CourierNotAvailable("This courier takes a break.")
    parts = len(_pickups(delivery))
    if parts > courier.shift.capacity:
        most = courier.shift.capacity
        raise CourierNotAvailable(f"This courier carries {most} parts at once; this order has {parts}.")
    return courier


def give(
    courier: Courier,
    delivery: Delivery,
    riding: Mapping[str, Delivery],
    zone: Zone,
    reason: str,
    now: datetime,
) -> None:
    """Put the delivery behind everything on the courier's route; the next plan finds it a better place.

    There it fits, whatever is on board before. ``riding`` is what the courier has by now, by order.
    """
    added = _behind(courier, delivery, riding, zone, now)
    delivery.offer_id = None
    delivery.assign(courier.courier_id, now, added[-1].eta, NO_PLAN, reason)
    courier.follow([*courier.route, *added])


def take(courier: Courier, delivery: Delivery, reason: str, now: datetime) -> None:
    """Take the delivery off the courier's route; a shift that only waited for it is over."""
    delivery.unassign(reason)
    courier.leave_out({stop.stop_id for stop in delivery.stops})
    courier.go_home_if_done(now)


def _pickups(delivery: Delivery) -> list[Stop]:
    return [stop for stop in delivery.open_stops() if stop.kind is StopKind.PICKUP]


def _behind(
    courier: Courier, delivery: Delivery, riding: Mapping[str, Delivery], zone: Zone, now: datetime
) -> Sequence[RouteStop]:
    """The delivery's stops, the next shop first, as they would be reached after the present route."""
    settings = zone.settings
    here, free_at = _end_of_route(courier, riding, zone, now)
    left = _pickups(delivery)
    door = next(stop for stop in delivery.open_stops() if stop.kind is StopKind.DROP_OFF)
    found: list[RouteStop] = []
    while True:
        stop = min(left, key=lambda one: here.metres_to(one.place)) if left else door
        eta = free_at + timedelta(minutes=minutes_between(here, stop.place, settings.metres_per_minute))
        found.append(
            RouteStop(
                stop_id=stop.stop_id,
                order_id=delivery.order_id,
                kind=stop.kind,
                eta=eta.replace(microsecond=0),
            )
        )
        if stop is door:
            return found
        left.remove(stop)
        begins = max(eta, delivery.expected_ready(stop, now))
        here, free_at = stop.place, begins + timedelta(minutes=settings.pickup_service_minutes)


def _end_of_route(
    courier: Courier, riding: Mapping[str, Delivery], zone: Zone, now: datetime
) -> tuple[Position, datetime]:
    if courier.route:
        last = courier.route[-1]
        place = riding[last.order_id].stop(last.stop_id).place
        return place, max(now, last.eta + timedelta(minutes=zone.settings.drop_off_service_minutes))
    assert courier.place is not None, "nobody goes on shift without a place"
    return courier.place, now
