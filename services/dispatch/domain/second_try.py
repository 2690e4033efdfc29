"""A delivery that failed at the door is tried again, or brought back to its shops, before it is given up.

Rule 41. As long as it may be tried again the goods stay with their courier. Customer or operator choose a
window for it; when none is chosen in time, or the second try fails, too, what was collected goes back to the
shops. The delivery has failed once the last shop was visited: until then nobody is paid back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from services.dispatch.domain.courier import Courier, RouteStop
from services.dispatch.domain.errors import NoSecondTry, SecondTryRefused
from services.dispatch.domain.events import DropOffFailed, GoodsReturned, ReturnStarted, SecondTryChosen
from services.dispatch.domain.lifecycle import RIDING
from services.dispatch.domain.planning.travel import minutes_between
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from services.dispatch.domain.trying import SecondTry
from services.dispatch.domain.zone import ZoneSettings
from shared.kernel.ids import derived_id

if TYPE_CHECKING:
    from services.dispatch.domain.delivery import Delivery

# Somebody may be there, or be reached, a little later.
MAY_BE_TRIED_AGAIN = frozenset({"customer-absent", "unreachable", "wrong-address"})
# Nothing is left that a shop could take back.
NOTHING_LEFT = frozenset({"accident", "damaged", "lost"})
SHORTEST = timedelta(minutes=10)
LONGEST_AHEAD = timedelta(hours=4)


class Phase(StrEnum):
    """How a delivery that failed at the door goes on; it is ``delivering`` until it has failed."""

    SECOND_TRY = "second_try"
    RETURNING = "returning"


def phase_of(delivery: Delivery) -> Phase | None:
    """What becomes of a delivery whose first try failed; None for any other."""
    if delivery.second_try is None or delivery.status not in RIDING:
        return None
    return Phase.RETURNING if delivery.second_try.returning_since else Phase.SECOND_TRY


def is_repeated(delivery: Delivery, stop: Stop) -> bool:
    """Whether a failure at this door was told before: whoever comes again rings again first."""
    waits = delivery.second_try is not None and stop.status is StopStatus.PENDING
    return stop.kind is StopKind.DROP_OFF and waits


def fail_at_door(delivery: Delivery, stop: Stop, reason: str, at: datetime, settings: ZoneSettings) -> None:
    """Nobody took the goods at the door."""
    code = _code(reason)
    patience = timedelta(minutes=settings.second_try_minutes)
    first = delivery.second_try is None
    if first and code in MAY_BE_TRIED_AGAIN and patience:
        delivery.second_try = SecondTry(failed_at=at, reason=reason, choose_by=at + patience)
        delivery.note(replace(stop, status=StopStatus.PENDING, arrived_at=None))
        delivery.events.append(
            DropOffFailed(
                delivery_id=delivery.delivery_id,
                order_id=delivery.of_order,
                courier_id=delivery.courier_id or "",
                reason=reason,
                failed_at=at,
                choose_by=at + patience,
            )
        )
        return
    delivery.note(replace(stop.become(StopStatus.FAILED), ended_at=at))
    if code in NOTHING_LEFT or not settings.returns_goods:
        delivery.fail(f"drop-off-failed: {reason}", at)
        return
    bring_back(delivery, reason, at)


def choose(
    delivery: Delivery, starts_at: datetime, ends_at: datetime, by: str, at: datetime, until: datetime
) -> None:
    """Try again in this window; the same window again changes nothing. ``until`` the courier works."""
    trying = _open_try(delivery)
    if (trying.starts_at, trying.ends_at) == (starts_at, ends_at):
        return
    must_fit(starts_at, ends_at, at, until)
    delivery.second_try = replace(trying, starts_at=starts_at, ends_at=ends_at, chosen_by=by)
    delivery.eta = max(starts_at, at)
    delivery.events.append(
        SecondTryChosen(
            delivery_id=delivery.delivery_id,
            order_id=delivery.of_order,
            courier_id=delivery.courier_id or "",
            chosen_at=at,
            chosen_by=by,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    )


def must_fit(starts_at: datetime, ends_at: datetime, at: datetime, until: datetime) -> None:
    """Raises :class:`SecondTryRefused` for a window in which the courier with the goods cannot come."""
    latest = min(until, at + LONGEST_AHEAD)
    if ends_at - starts_at < SHORTEST or ends_at < at + SHORTEST:
        raise SecondTryRefused("Leave at least ten minutes for it.")
    if ends_at > latest:
        raise SecondTryRefused(
            "The courier who has the goods cannot come so late.", latest_ends_at=latest.isoformat()
        )


def give_up(delivery: Delivery, at: datetime) -> None:
    """Nobody wants a second try: the goods go back."""
    trying = _open_try(delivery)
    for stop in delivery.open_stops():
        delivery.note(replace(stop.become(StopStatus.FAILED), ended_at=at))
    bring_back(delivery, trying.reason, at)


def is_overdue(delivery: Delivery, now: datetime) -> bool:
    """Whether nobody has chosen in time."""
    trying = delivery.second_try
    return (
        phase_of(delivery) is Phase.SECOND_TRY
        and trying is not None
        and trying.starts_at is None
        and now >= trying.choose_by
    )


def bring_back(delivery: Delivery, reason: str, at: datetime) -> None:
    """What was collected goes back to its shops, each a stop of its own; without any it has failed."""
    collected = [
        stop for stop in delivery.stops if stop.kind is StopKind.PICKUP and stop.status is StopStatus.DONE
    ]
    if not collected:
        delivery.fail(f"drop-off-failed: {reason}", at)
        return
    trying = delivery.second_try or SecondTry(failed_at=at, reason=reason, choose_by=at)
    delivery.second_try = replace(trying, reason=reason, returning_since=at)
    delivery.stops = [*delivery.stops, *(_return_of(delivery.order_id, stop) for stop in collected)]
    delivery.events.append(
        ReturnStarted(
            delivery_id=delivery.delivery_id,
            order_id=delivery.of_order,
            courier_id=delivery.courier_id or "",
            reason=reason,
            started_at=at,
            store_order_ids=tuple(stop.store_order_id or "" for stop in collected),
        )
    )


def returned(delivery: Delivery, stop: Stop, at: datetime) -> None:
    """A shop has its part again."""
    delivery.events.append(
        GoodsReturned(
            delivery_id=delivery.delivery_id,
            order_id=delivery.of_order,
            store_order_id=stop.store_order_id or "",
            shop_id=stop.shop_id or "",
            courier_id=delivery.courier_id or "",
            returned_at=at,
        )
    )
    end_if_brought_back(delivery, at)


def end_if_brought_back(delivery: Delivery, at: datetime) -> None:
    """The delivery has failed once every shop was visited, whether or not it took its part back."""
    if not delivery.open_stops() and delivery.second_try is not None:
        delivery.fail(f"drop-off-failed: {delivery.second_try.reason}", at)


def redirect(courier: Courier, delivery: Delivery, settings: ZoneSettings, now: datetime) -> None:
    """Put what is left to do for the delivery behind the courier's other stops; the next plan orders it."""
    others = [stop for stop in courier.route if stop.order_id != delivery.order_id]
    courier.follow([*others, *_behind(courier, delivery, others, settings, now)])


def _behind(
    courier: Courier,
    delivery: Delivery,
    others: Sequence[RouteStop],
    settings: ZoneSettings,
    now: datetime,
) -> list[RouteStop]:
    left, found = delivery.open_stops(), []
    door = next(stop for stop in delivery.stops if stop.kind is StopKind.DROP_OFF)
    here = courier.place or door.place
    free_at = max([now, *(stop.eta for stop in others)])
    if delivery.second_try is not None and not delivery.second_try.returning_since:
        free_at = max(free_at, delivery.second_try.opens_at)
    while left:
        stop = min(left, key=lambda one: here.metres_to(one.place))
        left.remove(stop)
        free_at += timedelta(minutes=minutes_between(here, stop.place, settings.metres_per_minute))
        here = stop.place
        found.append(
            RouteStop(
                stop_id=stop.stop_id,
                order_id=delivery.order_id,
                kind=stop.kind,
                eta=free_at.replace(microsecond=0),
            )
        )
    return found


def _open_try(delivery: Delivery) -> SecondTry:
    trying = delivery.second_try
    if trying is None or phase_of(delivery) is not Phase.SECOND_TRY:
        raise NoSecondTry
    if any(s.kind is StopKind.DROP_OFF and s.status is not StopStatus.PENDING for s in delivery.stops):
        raise NoSecondTry("The courier is at the door already.")
    return trying


def _return_of(order_id: str, collected: Stop) -> Stop:
    return Stop(
        stop_id=derived_id("stop", order_id, collected.store_order_id or "", "return"),
        kind=StopKind.RETURN,
        place=collected.place,
        name=collected.name,
        store_order_id=collected.store_order_id,
        shop_id=collected.shop_id,
        load=collected.load,
    )


def _code(reason: str) -> str:
    return reason.strip().lower().replace("_", "-").replace(" ", "-")
