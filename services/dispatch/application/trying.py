"""Customers and operators say whether, and when, a courier comes to the door once more."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.dispatch.application.ports import Store, Whereabouts
from services.dispatch.domain.commands import ChooseSecondTry
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import DeliveryChanged, NoSecondTry, OrderNotDispatched
from services.dispatch.domain.job import key_of, trip_key_of
from services.dispatch.domain.lifecycle import UNPAID
from services.dispatch.domain.second_try import choose, give_up, redirect
from services.dispatch.domain.trips import both
from shared.kernel.clock import Clock

USUAL_LENGTH = timedelta(minutes=30)


def second_try(command: ChooseSecondTry, *, store: Store, clock: Clock) -> Delivery:
    """Try again in the window (none: as soon as possible), or have the goods brought back.

    Raises :class:`NoSecondTry` where none is open, and :class:`SecondTryRefused` for a window in which the
    courier who has the goods cannot come.
    """
    now = clock.now()
    seen = _whereabouts(command, store)
    if seen is None or seen.zone_id is None or seen.courier_id is None:
        raise OrderNotDispatched if seen is None else NoSecondTry
    courier = store.courier(seen.courier_id)
    delivery = next(one for one in store.trips(command.order_id) if one.order_id == seen.key)
    if delivery.status in UNPAID or not _may_choose(command, delivery):
        raise OrderNotDispatched
    if delivery.courier_id != seen.courier_id:
        raise DeliveryChanged
    zone = store.zone(seen.zone_id)
    assert zone is not None, "a delivery's zone is never closed"
    if command.give_up:
        give_up(delivery, now)
    else:
        starts_at, ends_at = _window(command, delivery, now)
        until = courier.on_shift().ends_at + timedelta(minutes=zone.settings.shift_slack_minutes)
        choose(delivery, starts_at, ends_at, _who(command), now, until)
    redirect(courier, delivery, zone.settings, now)
    store.save(couriers=[courier], deliveries=both([delivery]), changed_zones=[zone.zone_id])
    return delivery


def _whereabouts(command: ChooseSecondTry, store: Store) -> Whereabouts | None:
    """Of the delivery that is named; else of a split order's second trip, if only that one waits for it."""
    key = key_of(command.order_id, command.delivery_id)
    found = store.whereabouts(key)
    if command.delivery_id is not None or found is None or found.tries_again:
        return found
    second = store.whereabouts(trip_key_of(command.order_id))
    return second if second is not None and second.tries_again else found


def _may_choose(command: ChooseSecondTry, delivery: Delivery) -> bool:
    return command.actor.operates or command.actor.account_id == delivery.customer_id


def _who(command: ChooseSecondTry) -> str:
    return "operator" if command.actor.operates else "customer"


def _window(command: ChooseSecondTry, delivery: Delivery, now: datetime) -> tuple[datetime, datetime]:
    chosen = delivery.second_try
    if command.starts_at is None and chosen is not None and chosen.starts_at and chosen.ends_at:
        return chosen.starts_at, chosen.ends_at
    starts_at = command.starts_at or now
    return starts_at, command.ends_at or starts_at + USUAL_LENGTH
