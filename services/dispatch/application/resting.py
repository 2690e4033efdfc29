"""A courier's break: nothing new from when it is asked for, and it begins when the route is done."""

from __future__ import annotations

from services.dispatch.application.ports import Store
from services.dispatch.application.riding import open_question
from services.dispatch.domain.courier import Courier, Shift
from shared.kernel.clock import Clock


def start_break(courier_id: str, *, store: Store, clock: Clock) -> tuple[Courier, Shift]:
    """Ask this courier for nothing more; asking for a break twice changes nothing.

    What the courier has accepted is brought first. An open offer is withdrawn.
    """
    now = clock.now()
    courier = store.courier(courier_id)
    if courier.on_shift().break_asked_at is not None:
        return courier, courier.on_shift()
    courier.ask_for_break(now)
    offers, asked = open_question(courier_id, "the courier takes a break", now, store)
    zones = [courier.on_shift().zone_id]
    store.save(couriers=[courier], offers=offers, deliveries=asked, changed_zones=zones)
    return courier, courier.on_shift()


def end_break(courier_id: str, *, store: Store, clock: Clock) -> tuple[Courier, Shift]:
    """Take work again, at once; without a break it changes nothing."""
    courier = store.courier(courier_id)
    if courier.on_shift().break_asked_at is None:
        return courier, courier.on_shift()
    courier.end_break(clock.now())
    store.save(couriers=[courier], changed_zones=[courier.on_shift().zone_id])
    return courier, courier.on_shift()
