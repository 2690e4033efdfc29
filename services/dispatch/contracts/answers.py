"""What dispatch answers, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.dispatch.contracts import proof_answers
from services.dispatch.contracts.published import code_of
from services.dispatch.domain.courier import Courier, RouteStop, Shift, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.lifecycle import RIDING
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.override import Override
from services.dispatch.domain.pause import Pause
from services.dispatch.domain.promise import Window
from services.dispatch.domain.second_try import phase_of
from services.dispatch.domain.stop import Stop, StopKind
from services.dispatch.domain.trying import SecondTry
from services.dispatch.domain.zone import Slot, Zone
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_wire(moment)


def zone(zone: Zone, pause: Pause | None = None) -> Wire:
    """A zone for everybody; why it is paused is for operators (:func:`pause`)."""
    return {
        "zone_id": zone.zone_id,
        "name": zone.name,
        "area": zone.area.to_wire(),
        "outline": zone.outline.to_wire() if zone.outline else None,
        "settings": asdict(zone.settings)
        | {"vehicles": {kind.vehicle.value: kind.to_wire() for kind in zone.settings.vehicles}},
        "paused_at": _time(pause.paused_at) if pause else None,
    }


def pause(zone_id: str, pause: Pause | None) -> Wire:
    """A zone's pause, running or just over; all empty when there was none."""
    return {
        "zone_id": zone_id,
        "paused": pause is not None and pause.resumed_at is None,
        "reason": pause.reason if pause else None,
        "paused_at": _time(pause.paused_at) if pause else None,
        "paused_by": pause.paused_by if pause else None,
        "resumed_at": _time(pause.resumed_at) if pause else None,
        "resumed_by": pause.resumed_by if pause else None,
    }


def override(override: Override) -> Wire:
    told = {"kind": override.kind.value, "at": _time(override.at)}
    return asdict(override) | told | {"store_order_ids": list(override.store_order_ids)}


def slot(slot: Slot) -> Wire:
    return {
        "slot_id": slot.slot_id,
        "zone_id": slot.zone_id,
        "starts_at": _time(slot.starts_at),
        "ends_at": _time(slot.ends_at),
        "cutoff_at": _time(slot.cutoff_at),
        "capacity": slot.capacity,
        "left": slot.left,
    }


def hold(delivery: Delivery) -> Wire:
    chosen = delivery.slot
    return {
        "zone_id": delivery.zone_id,
        "slot": None
        if chosen is None
        else {
            "slot_id": chosen.slot_id,
            "starts_at": _time(chosen.starts_at),
            "ends_at": _time(chosen.ends_at),
        },
        "promised_at": _time(delivery.promised_at),
    }


def courier(courier: Courier) -> Wire:
    return {
        "courier_id": courier.courier_id,
        "status": courier.readiness.value,
        "approved": courier.approved_at is not None,
        "registered": courier.registered_at is not None,
    }


def shift(courier: Courier, shift: Shift) -> Wire:
    """A shift is ``on``, ``ending`` while the last goods are brought, then ``off``."""
    running = courier.shift is not None and courier.shift.shift_id == shift.shift_id
    return {
        "shift_id": shift.shift_id,
        "courier_id": courier.courier_id,
        "zone_id": shift.zone_id,
        "status": "off" if not running else "ending" if shift.ending else "on",
        "started_at": _time(shift.started_at),
        "ends_at": _time(shift.ends_at),
        "capacity": _capacity(shift) if shift.capacity else None,
        "vehicle": shift.vehicle.value,
        "breaks": [
            {"starts_at": _time(pause.starts_at), "ends_at": _time(pause.ends_at)} for pause in shift.breaks
        ],
        "break_status": courier.rest.value if running and courier.rest else None,
        "break_asked_at": _time(shift.break_asked_at) if running else None,
    }


def _capacity(shift: Shift) -> dict[str, int]:
    """Where nothing else is said, a usual part's volume is one: the pickups bound it, too."""
    carried = shift.carries.to_wire()
    return {"volume": shift.capacity} | carried


def route(
    courier: Courier, shift_wire: Wire | None, offers: Sequence[Offer], deliveries: Mapping[str, Delivery]
) -> Wire:
    """A courier's stops in their order, with what is needed to make them, and what is offered."""
    return {
        "shift": shift_wire,
        "version": courier.version,
        "stops": _stops(courier.route, deliveries, private=True),
        "wait_at": _wait_at(courier, offers),
        "offers": [
            {
                "offer_id": offer.offer_id,
                "courier_id": offer.courier_id,
                "zone_id": offer.zone_id,
                "status": offer.status.value,
                "offered_at": _time(offer.offered_at),
                "expires_at": _time(offer.expires_at),
                "deliveries": [deliveries[o].delivery_id for o in offer.order_ids if o in deliveries],
                "stops": _stops(offer.route, deliveries, private=False),
            }
            for offer in offers
        ],
    }


def _wait_at(courier: Courier, offers: Sequence[Offer]) -> Wire | None:
    """Where to wait, as long as there is nothing else to think of."""
    wait = courier.waits
    if wait is None or courier.shift is None or courier.route or offers:
        return None
    return {
        "shop_id": wait.shop_id,
        "name": wait.name,
        "position": wait.place.to_wire(),
        "since": _time(wait.since),
        "why": wait.why,
    }


def _stops(route: Sequence[RouteStop], deliveries: Mapping[str, Delivery], private: bool) -> list[Wire]:
    stops: list[Wire] = []
    for on_route in route:
        delivery = deliveries.get(on_route.order_id)
        found = [s for s in delivery.stops if s.stop_id == on_route.stop_id] if delivery else []
        if delivery is None or not found or not found[0].is_open:
            continue
        wire = _stop(found[0], delivery) | {"eta": _time(on_route.eta)}
        if private and found[0].kind is StopKind.DROP_OFF and delivery.drop_off is not None:
            wire |= {"address": delivery.drop_off.address, "contact": delivery.drop_off.contact}
        stops.append(wire)
    return stops


def _stop(stop: Stop, delivery: Delivery) -> Wire:
    part = delivery.parts.get(stop.store_order_id or "")
    trying = delivery.second_try
    return {
        "stop_id": stop.stop_id,
        "kind": stop.kind.value,
        "delivery_id": delivery.delivery_id,
        "order_id": delivery.of_order,
        "store_order_id": stop.store_order_id,
        "shop_id": stop.shop_id,
        "name": stop.name,
        "position": stop.place.to_wire(),
        "ready_at": _time(part.ready_at or part.ready_estimate) if part else None,
        "status": stop.status.value,
        "opens_at": _time(trying.opens_at) if trying and stop.kind is StopKind.DROP_OFF else None,
    }


def tracking(
    delivery: Delivery,
    seen: Sighting | None,
    pause: Pause | None = None,
    window: Window | None = None,
    code: str | None = None,
) -> Wire:
    """Where an order is. The courier's position shows only while this order is on its way.

    While a pause keeps it waiting, nobody can say when it comes. Of a split order it is one trip, with the
    shops' ``parts`` that it brings.
    """
    on_the_way = delivery.status in RIDING
    return {
        "delivery_id": delivery.delivery_id,
        "order_id": delivery.of_order,
        "status": status_of(delivery),
        "second_try": second_try(delivery.second_try),
        "courier_id": delivery.courier_id,
        "courier_position": seen.place.to_wire() if seen is not None and on_the_way else None,
        "eta": None if pause else _time(delivery.eta),
        "window": None if pause else _window(window),
        "first_window": _window(delivery.told.window),
        "promised_at": _time(delivery.promised_at),
        "paused_since": _time(pause.paused_at) if pause else None,
        "drop_off_code": code,
        "parts": parts_of(delivery),
        "stops": [
            {
                "stop_id": stop.stop_id,
                "kind": stop.kind.value,
                "store_order_id": stop.store_order_id,
                "shop_id": stop.shop_id,
                "name": stop.name,
                "position": stop.place.to_wire(),
                "status": stop.status.value,
                "arrived_at": _time(stop.arrived_at),
                "done_at": _time(stop.ended_at),
                **proof_answers.proof(stop),
            }
            for stop in delivery.stops
        ],
    }


def parts_of(delivery: Delivery) -> list[str]:
    """What it brings, or brought: the parts that are not left out, and not on another courier's way."""
    mine = {pickup.store_order_id for pickup in delivery.pickups}
    if delivery.trip is not None:
        mine &= set(delivery.trip.parts)
    left_out = {name for name, part in delivery.parts.items() if part.rejected}
    return sorted(mine - left_out)


def status_of(delivery: Delivery) -> str:
    """How far it has come; what failed at the door is tried again or brought back before it has failed."""
    return (phase_of(delivery) or delivery.status).value


def second_try(trying: SecondTry | None) -> Wire | None:
    """What is known of a second try; the courier's own words for why the first failed stay here."""
    if trying is None:
        return None
    moments = ("failed_at", "choose_by", "starts_at", "ends_at", "returning_since")
    told = {name: _time(getattr(trying, name)) for name in moments}
    return told | {"reason": code_of(trying.reason), "chosen_by": trying.chosen_by}


def _window(window: Window | None) -> Wire | None:
    if window is None:
        return None
    return {"starts_at": _time(window.starts_at), "ends_at": _time(window.ends_at)}


def offer(offer: Offer, deliveries: Sequence[Delivery] = ()) -> Wire:
    return {
        "offer_id": offer.offer_id,
        "status": offer.status.value,
        "deliveries": [delivery.delivery_id for delivery in deliveries],
    }


def at_stop(delivery: Delivery, stop: Stop) -> Wire:
    return {
        "stop_id": stop.stop_id,
        "delivery_id": delivery.delivery_id,
        "order_id": delivery.of_order,
        "status": stop.status.value,
        "delivery_status": status_of(delivery),
        "proved_by": stop.proved.by.value if stop.proved else None,
    }


def loan(loan: Loan) -> Wire:
    moments = ("until", "offered_at", "lent_at", "recalled_at", "returned_at")
    told = {name: _time(getattr(loan, name)) for name in moments}
    return asdict(loan) | {"status": loan.status.value} | told


def explanation(offer: Offer, deliveries: Mapping[str, Delivery]) -> Wire:
    """Why this courier was asked: what each order would have cost with whom, cheapest first."""
    orders = {key: delivery.of_order for key, delivery in deliveries.items()}
    return {
        "offer_id": offer.offer_id,
        "zone_id": offer.zone_id,
        "courier_id": offer.courier_id,
        "status": offer.status.value,
        "plan_version": offer.plan_version,
        "offered_at": _time(offer.offered_at),
        "candidates": [
            {
                "order_id": orders.get(one.order_id, one.order_id),
                "courier_id": one.courier_id,
                "cost": one.cost,
                "extra_minutes": one.extra,
                "door_minutes": one.door,
                "chosen": one.chosen,
            }
            for one in offer.candidates
        ],
    }
