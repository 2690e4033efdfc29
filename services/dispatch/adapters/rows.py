"""Aggregates as rows and back. What is searched for has a column; the rest lies in a few JSON documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.dispatch.adapters.loan_rows import loan_of_json, loan_row
from services.dispatch.adapters.proof_rows import proof_json, proof_of
from services.dispatch.adapters.rebooking_rows import rebooking_json, rebooking_of
from services.dispatch.adapters.second_try_rows import second_try_json, second_try_of
from services.dispatch.adapters.shift_rows import load_of, settings_json, settings_of, shift_json, shift_of
from services.dispatch.adapters.told_rows import told_json, told_of
from services.dispatch.adapters.trip_rows import trip_json, trip_of
from services.dispatch.adapters.wait_rows import wait_of
from services.dispatch.domain.courier import Courier, RouteStop
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.facts import DropOff, Part, Pickup
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.offer import Offer, OfferStatus
from services.dispatch.domain.outline import Outline
from services.dispatch.domain.places import Area, Position
from services.dispatch.domain.planning.candidates import Candidate
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from services.dispatch.domain.zone import Slot, SlotSource, SlotWindow, Zone

Row = Mapping[Any, Any]


def _wire(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _known(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _position(wire: Mapping[str, float]) -> Position:
    return Position(lat=wire["lat"], lon=wire["lon"])


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """The row of ``delivery`` as JSON, with the version it had when it was read."""
    slot = delivery.slot
    held = None
    if delivery.drop_off is not None:
        held = {
            "drop_off": delivery.drop_off.place.to_wire()
            | {"address": delivery.drop_off.address, "contact": delivery.drop_off.contact},
            "pickups": [_pickup_json(pickup) for pickup in delivery.pickups],
            "slot": None if slot is None else {"from": _wire(slot.starts_at), "to": _wire(slot.ends_at)},
        }
    return {
        "order_id": delivery.order_id,
        "split_from": delivery.split_from,
        "delivery_id": delivery.delivery_id,
        "version": delivery.version,
        "status": delivery.status.value,
        "zone_id": delivery.zone_id,
        "slot_id": slot.slot_id if slot else None,
        "slot_taken": delivery.slot_taken,
        "customer_id": delivery.customer_id,
        "courier_id": delivery.courier_id,
        "offer_id": delivery.offer_id,
        "stop_ids": [stop.stop_id for stop in delivery.stops],
        "placed_at": _wire(delivery.placed_at),
        "promised_at": _wire(delivery.promised_at),
        "expires_at": _wire(delivery.expires_at),
        "paid_at": _wire(delivery.paid_at),
        "eta": _wire(delivery.eta),
        "assigned_at": _wire(delivery.assigned_at),
        "ended_at": _wire(delivery.ended_at),
        "held": held,
        "told": {
            "released": delivery.released,
            "cancelled": delivery.cancelled,
            "parts": {key: _part_json(part) for key, part in delivery.parts.items()},
        },
        "stops": [_stop_json(stop) for stop in delivery.stops],
        "progress": {
            "failure": delivery.failure,
            "barred": {courier_id: _wire(until) for courier_id, until in delivery.barred.items()},
            "pickup_failures": delivery.pickup_failures,
            "foreseen": delivery.foreseen,
            "told": told_json(delivery.told),
            **rebooking_json(delivery.rebooking),
            **second_try_json(delivery.second_try),
            **trip_json(delivery.trip),
            **({} if delivery.method is None else {"method": delivery.method}),
        },
    }


def delivery_of(row: Row) -> Delivery:
    held, told, progress = row["held"], row["told"], row["progress"]
    drop_off, slot = None, None
    pickups: tuple[Pickup, ...] = ()
    if held is not None:
        door = held["drop_off"]
        drop_off = DropOff(place=_position(door), address=door["address"], contact=door["contact"])
        pickups = tuple(_pickup(pickup) for pickup in held["pickups"])
        if held["slot"] is not None:
            slot = SlotWindow(
                slot_id=row["slot_id"],
                starts_at=_known(held["slot"]["from"]),
                ends_at=_known(held["slot"]["to"]),
            )
    return Delivery(
        order_id=row["order_id"],
        status=Status(row["status"]),
        version=row["version"],
        zone_id=row["zone_id"],
        slot=slot,
        slot_taken=row["slot_taken"],
        drop_off=drop_off,
        pickups=pickups,
        placed_at=row["placed_at"],
        promised_at=row["promised_at"],
        expires_at=row["expires_at"],
        released=told["released"],
        customer_id=row["customer_id"],
        paid_at=row["paid_at"],
        cancelled=told["cancelled"],
        parts={key: _part(part) for key, part in told["parts"].items()},
        stops=[_stop(stop) for stop in row["stops"]],
        courier_id=row["courier_id"],
        offer_id=row["offer_id"],
        eta=row["eta"],
        assigned_at=row["assigned_at"],
        ended_at=row["ended_at"],
        failure=progress["failure"],
        barred={courier_id: _moment(until) for courier_id, until in progress["barred"].items()},
        pickup_failures=progress["pickup_failures"],
        foreseen=progress.get("foreseen"),
        told=told_of(progress.get("told")),
        rebooking=rebooking_of(progress.get("rebooking")),
        second_try=second_try_of(progress.get("second_try")),
        split_from=row["split_from"],
        trip=trip_of(progress.get("trip")),
        method=progress.get("method"),
    )


def _pickup_json(pickup: Pickup) -> dict[str, Any]:
    return pickup.place.to_wire() | {
        "store_order_id": pickup.store_order_id,
        "shop_id": pickup.shop_id,
        "name": pickup.name,
        "prepares": pickup.preparation_minutes,
        "load": asdict(pickup.load),
    }


def _pickup(wire: Mapping[str, Any]) -> Pickup:
    return Pickup(
        store_order_id=wire["store_order_id"],
        shop_id=wire["shop_id"],
        name=wire["name"],
        place=_position(wire),
        preparation_minutes=wire["prepares"],
        load=load_of(wire.get("load")),
    )


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "accepted_at": _wire(part.accepted_at),
        "ready_estimate": _wire(part.ready_estimate),
        "ready_at": _wire(part.ready_at),
        "rejected": part.rejected,
    }


def _part(wire: Mapping[str, Any]) -> Part:
    return Part(
        accepted_at=_moment(wire["accepted_at"]),
        ready_estimate=_moment(wire["ready_estimate"]),
        ready_at=_moment(wire["ready_at"]),
        rejected=wire["rejected"],
    )


def _stop_json(stop: Stop) -> dict[str, Any]:
    return stop.place.to_wire() | {
        "stop_id": stop.stop_id,
        "kind": stop.kind.value,
        "name": stop.name,
        "store_order_id": stop.store_order_id,
        "shop_id": stop.shop_id,
        "prepares": stop.preparation_minutes,
        "load": asdict(stop.load),
        "status": stop.status.value,
        "arrived_at": _wire(stop.arrived_at),
        "ended_at": _wire(stop.ended_at),
        "leg_m": stop.leg_m,
        "proof": None if stop.proof is None else dict(stop.proof),
        **proof_json(stop),
    }


def _stop(wire: Mapping[str, Any]) -> Stop:
    return Stop(
        stop_id=wire["stop_id"],
        kind=StopKind(wire["kind"]),
        place=_position(wire),
        name=wire["name"],
        store_order_id=wire["store_order_id"],
        shop_id=wire["shop_id"],
        preparation_minutes=wire["prepares"],
        load=load_of(wire.get("load")),
        status=StopStatus(wire["status"]),
        arrived_at=_moment(wire["arrived_at"]),
        ended_at=_moment(wire["ended_at"]),
        leg_m=wire["leg_m"],
        proof=wire["proof"],
        **proof_of(wire),
    )


def courier_row(courier: Courier) -> dict[str, Any]:
    shift = courier.shift
    return {
        "courier_id": courier.courier_id,
        "version": courier.version,
        "registered_at": _wire(courier.registered_at),
        "approved_at": _wire(courier.approved_at),
        "zone_id": shift.zone_id if shift else None,
        "shift": None if shift is None else shift_json(shift),
        "route": route_json(courier.route),
        "lat": courier.place.lat if courier.place else None,
        "lon": courier.place.lon if courier.place else None,
        "missed_offers": courier.missed_offers,
        "paused_until": _wire(courier.paused_until),
        "loan": None if courier.loan is None else loan_row(courier.loan),
    }


def courier_of(row: Row) -> Courier:
    shift = row["shift"]
    return Courier(
        courier_id=row["courier_id"],
        version=row["version"],
        registered_at=row["registered_at"],
        approved_at=row["approved_at"],
        shift=None if shift is None else shift_of(shift, row["zone_id"]),
        route=route_of(row["route"]),
        place=None if row["lat"] is None else Position(lat=row["lat"], lon=row["lon"]),
        missed_offers=row["missed_offers"],
        paused_until=row["paused_until"],
        loan=None if row["loan"] is None else loan_of_json(row["loan"]),
        waits=wait_of(row.get("waits")),
    )


def offer_row(offer: Offer) -> dict[str, Any]:
    return {
        "offer_id": offer.offer_id,
        "zone_id": offer.zone_id,
        "courier_id": offer.courier_id,
        "status": offer.status.value,
        "order_ids": list(offer.order_ids),
        "route": route_json(offer.route),
        "plan_version": offer.plan_version,
        "offered_at": _wire(offer.offered_at),
        "expires_at": _wire(offer.expires_at),
        "answered_at": _wire(offer.answered_at),
        "reason": offer.reason,
        "candidates": [asdict(candidate) for candidate in offer.candidates],
    }


def offer_of(row: Row) -> Offer:
    return Offer(
        offer_id=row["offer_id"],
        zone_id=row["zone_id"],
        courier_id=row["courier_id"],
        order_ids=tuple(row["order_ids"]),
        route=route_of(row["route"]),
        plan_version=row["plan_version"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        status=OfferStatus(row["status"]),
        answered_at=row["answered_at"],
        reason=row["reason"],
        candidates=tuple(Candidate(**candidate) for candidate in row["candidates"] or ()),
    )


def route_json(route: tuple[RouteStop, ...]) -> list[dict[str, Any]]:
    return [
        {
            "stop_id": stop.stop_id,
            "order_id": stop.order_id,
            "kind": stop.kind.value,
            "eta": _wire(stop.eta),
        }
        for stop in route
    ]


def route_of(wire: list[dict[str, Any]]) -> tuple[RouteStop, ...]:
    return tuple(
        RouteStop(
            stop_id=stop["stop_id"],
            order_id=stop["order_id"],
            kind=StopKind(stop["kind"]),
            eta=_known(stop["eta"]),
        )
        for stop in wire
    )


def zone_of(row: Row) -> Zone:
    return Zone(
        zone_id=row["zone_id"],
        name=row["name"],
        area=Area(south=row["south"], west=row["west"], north=row["north"], east=row["east"]),
        outline=None if row["outline"] is None else _outline(row["outline"]),
        settings=settings_of(row["settings"]),
    )


def zone_row(zone: Zone) -> dict[str, Any]:
    return zone.area.to_wire() | {
        "zone_id": zone.zone_id,
        "name": zone.name,
        "outline": None if zone.outline is None else [list(corner) for corner in zone.outline.corners],
        "settings": settings_json(zone.settings),
    }


def _outline(corners: list[list[float]]) -> Outline:
    return Outline(corners=tuple((lon, lat) for lon, lat in corners))


def slot_of(row: Row) -> Slot:
    return Slot(
        slot_id=row["slot_id"],
        zone_id=row["zone_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        capacity=row["capacity"],
        cutoff_at=row["cutoff_at"],
        taken=row["taken"],
        typed=row["capacity"] if row["typed"] is None and row["source"] == "typed" else row["typed"],
        source=SlotSource(row["source"]),
        version=row["version"],
        couriers=row["couriers"],
        courier_minutes=row["courier_minutes"],
        pace=row["pace"],
    )
