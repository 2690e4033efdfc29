"""The events that dispatch promises to others: their schemas, and the translation from the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any, Protocol

from marshmallow import RAISE, Schema, fields, validate

from services.dispatch.domain.events import (
    CourierAssigned,
    CourierUnassigned,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryPlanned,
    DeliverySplit,
    DispatchEvent,
    DropOffFailed,
    GoodsReturned,
    PickupCompleted,
    PickupFailed,
    ReturnStarted,
    SecondTryChosen,
    SlotCapacityChanged,
    TripCompleted,
)
from services.dispatch.domain.proof import Handover, ProvedBy, WhyNot
from services.dispatch.domain.vehicle import Vehicle
from services.dispatch.domain.zone import SlotSource
from shared.kernel.clock import to_wire
from shared.kernel.reasons import OTHER, reason_code

_text = validate.Length(min=1)

# Why a courier or an order was given up. A courier's own words stay with the delivery.
REASONS = (
    "accident",
    "courier-lost",
    "courier-silent",
    "customer-absent",
    "customer-refused",
    "damaged",
    "lost",
    "no-courier",
    "not-ready",
    "nothing-held",
    "operator",
    "rebooked",
    "shift-ended",
    "shop-closed",
    "transferred",
    "unreachable",
    "wrong-address",
    OTHER,
)
# Why an order is brought by two couriers.
WHY_SPLIT = ("operator", "shop-late", "too-large")


class _Published(Schema):
    class Meta:
        unknown = RAISE


class _OfDelivery(_Published):
    delivery_id = fields.String(required=True, validate=_text)
    order_id = fields.String(required=True, validate=_text)


class DeliveryPlannedV1(_OfDelivery):
    """A plan has a courier in mind for the delivery. Nobody has been asked yet, and it may change.

    Eight in ten deliveries are handed over from ``eta_from`` to ``eta_to``.
    """

    zone_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    plan_version = fields.Integer(required=True, strict=True)
    eta = fields.AwareDateTime(required=True)
    promised_at = fields.AwareDateTime(required=True)
    eta_from = fields.AwareDateTime()
    eta_to = fields.AwareDateTime()


class CourierAssignedV1(_OfDelivery):
    """A courier took the offer to bring this order; with a reason, somebody gave it to the courier.

    ``plan_version`` is 0 when no plan had a part in it.
    """

    zone_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    assigned_at = fields.AwareDateTime(required=True)
    plan_version = fields.Integer(required=True, strict=True)
    eta = fields.AwareDateTime(required=True)
    reason = fields.String(validate=validate.OneOf(REASONS))


class CourierUnassignedV1(_OfDelivery):
    """The courier will not bring this order after all; the reason is stated."""

    courier_id = fields.String(required=True, validate=_text)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))


class PickupCompletedV1(_OfDelivery):
    """One shop's part of the order is on board. ``proved_by`` says how sure that is, where it was checked."""

    store_order_id = fields.String(required=True, validate=_text)
    shop_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    picked_up_at = fields.AwareDateTime(required=True)
    proved_by = fields.String(validate=validate.OneOf([by.value for by in ProvedBy]))
    proved_at = fields.AwareDateTime()
    proved_distance_m = fields.Integer(strict=True, validate=validate.Range(min=0))


class PickupFailedV1(_OfDelivery):
    """One shop's part could not be collected and is left out; the rest is brought without it."""

    store_order_id = fields.String(required=True, validate=_text)
    shop_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    failed_at = fields.AwareDateTime(required=True)


class DeliveryCompletedV1(_OfDelivery):
    """The order was handed over. ``distance_m`` is what the courier rode to its stops.

    Where it was checked, ``proved_by`` says what proves it, or ``unproved_reason`` why nothing does, and
    ``proved_distance_m`` how far from there the courier was.
    """

    zone_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    completed_at = fields.AwareDateTime(required=True)
    pickups = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    distance_m = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    handover = fields.String(validate=validate.OneOf([one.value for one in Handover]))
    proved_by = fields.String(validate=validate.OneOf([by.value for by in ProvedBy]))
    proved_at = fields.AwareDateTime()
    proved_distance_m = fields.Integer(strict=True, validate=validate.Range(min=0))
    unproved_reason = fields.String(validate=validate.OneOf([why.value for why in WhyNot]))


class DeliveryFailedV1(_OfDelivery):
    """The order will not be delivered; whoever took the money gives it back."""

    courier_id = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    failed_at = fields.AwareDateTime(required=True)


class DropOffFailedV1(_OfDelivery):
    """Nobody took the order at the door; until ``choose_by`` a second try may be chosen."""

    courier_id = fields.String(required=True, validate=_text)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    failed_at = fields.AwareDateTime(required=True)
    choose_by = fields.AwareDateTime(required=True)


class SecondTryChosenV1(_OfDelivery):
    """The courier comes to the door once more, between ``starts_at`` and ``ends_at``."""

    courier_id = fields.String(required=True, validate=_text)
    chosen_at = fields.AwareDateTime(required=True)
    chosen_by = fields.String(required=True, validate=validate.OneOf(("customer", "operator")))
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class ReturnStartedV1(_OfDelivery):
    """What nobody took goes back to its shops; DeliveryFailed follows when the last one was visited."""

    courier_id = fields.String(required=True, validate=_text)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    started_at = fields.AwareDateTime(required=True)
    store_order_ids = fields.List(fields.String(), required=True)


class GoodsReturnedV1(_OfDelivery):
    """A shop has its part of the order again."""

    store_order_id = fields.String(required=True, validate=_text)
    shop_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    returned_at = fields.AwareDateTime(required=True)


class DeliverySplitV1(_OfDelivery):
    """A second courier brings some shops' parts of the order, on a trip of its own.

    All events of a delivery tell of that trip, too, with ``trip_id`` as its ``delivery_id``. ``eta`` is when
    the first trip is at the door, ``trip_eta`` when the second one is, as far as that is known.
    """

    trip_id = fields.String(required=True, validate=_text)
    zone_id = fields.String(required=True, validate=_text)
    store_order_ids = fields.List(fields.String(), required=True, validate=_text)
    reason = fields.String(required=True, validate=validate.OneOf(WHY_SPLIT))
    split_at = fields.AwareDateTime(required=True)
    eta = fields.AwareDateTime(required=True, allow_none=True)
    trip_eta = fields.AwareDateTime(required=True, allow_none=True)


class TripCompletedV1(DeliveryCompletedV1):
    """One trip of a split order was handed over, with these parts, while the other one goes on.

    DeliveryCompleted follows once nothing is left to be brought.
    """

    store_order_ids = fields.List(fields.String(), required=True)


class _OfShift(_Published):
    courier_id = fields.String(required=True, validate=_text)
    zone_id = fields.String(required=True, validate=_text)
    shift_id = fields.String(required=True, validate=_text)


class CourierOnShiftV1(_OfShift):
    """A courier began to work in a zone, riding ``vehicle``."""

    started_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    vehicle = fields.String(validate=validate.OneOf([vehicle.value for vehicle in Vehicle]))


class CourierOffShiftV1(_OfShift):
    """A courier went home."""

    ended_at = fields.AwareDateTime(required=True)


class SlotCapacityChangedV1(_Published):
    """How many orders a slot takes from now on; orders that have it keep it, even if they are more.

    ``source`` says where the figure comes from: ``rota`` from the couriers who will be there, at ``pace``
    deliveries an hour; ``typed`` from whoever opened the slot; ``cap`` and ``fixed`` from an operator. A
    later ``version`` of a slot stands for all before it.
    """

    slot_id = fields.String(required=True, validate=_text)
    zone_id = fields.String(required=True, validate=_text)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    capacity = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    source = fields.String(required=True, validate=validate.OneOf([source.value for source in SlotSource]))
    couriers = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    courier_minutes = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    pace = fields.Float(required=True, validate=validate.Range(min=0))


class _OfLoan(_Published):
    loan_id = fields.String(required=True, validate=_text)
    courier_id = fields.String(required=True, validate=_text)
    from_zone_id = fields.String(required=True, validate=_text)
    to_zone_id = fields.String(required=True, validate=_text)


class CourierLoanOfferedV1(_OfLoan):
    """A courier will be lent to a neighbouring zone once there is nothing left to do in the old one."""

    offered_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class CourierLentV1(_OfLoan):
    """The courier is the other zone's from now on, until ``ends_at`` or a recall."""

    lent_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class CourierRecalledV1(_OfLoan):
    """The courier was called back, and takes nothing new in the other zone."""

    recalled_at = fields.AwareDateTime(required=True)


class CourierReturnedV1(_OfLoan):
    """The loan is over: the courier is the old zone's again, or goes home, or never left."""

    returned_at = fields.AwareDateTime(required=True)


SCHEMAS: Mapping[str, type[Schema]] = {
    "DeliveryPlanned": DeliveryPlannedV1,
    "CourierAssigned": CourierAssignedV1,
    "CourierUnassigned": CourierUnassignedV1,
    "PickupCompleted": PickupCompletedV1,
    "PickupFailed": PickupFailedV1,
    "DeliveryCompleted": DeliveryCompletedV1,
    "DeliveryFailed": DeliveryFailedV1,
    "DropOffFailed": DropOffFailedV1,
    "SecondTryChosen": SecondTryChosenV1,
    "ReturnStarted": ReturnStartedV1,
    "GoodsReturned": GoodsReturnedV1,
    "DeliverySplit": DeliverySplitV1,
    "TripCompleted": TripCompletedV1,
    "CourierOnShift": CourierOnShiftV1,
    "CourierOffShift": CourierOffShiftV1,
    "SlotCapacityChanged": SlotCapacityChangedV1,
    "CourierLoanOffered": CourierLoanOfferedV1,
    "CourierLent": CourierLentV1,
    "CourierRecalled": CourierRecalledV1,
    "CourierReturned": CourierReturnedV1,
}

# What older events do not say, and newer ones only where it is known.
_OF_PROOF = frozenset({"handover", "proved_by", "proved_at", "proved_distance_m", "unproved_reason"})
_MAY_BE_ABSENT = frozenset({"vehicle", "eta_from", "eta_to"}) | _OF_PROOF

_OF_DELIVERY = (
    DeliveryPlanned
    | CourierAssigned
    | CourierUnassigned
    | PickupCompleted
    | PickupFailed
    | DeliveryCompleted
    | DeliveryFailed
    | DropOffFailed
    | SecondTryChosen
    | ReturnStarted
    | GoodsReturned
    | DeliverySplit
    | TripCompleted
)


class Outbox(Protocol):
    """Where events are left to be sent."""

    def publish(
        self, type: str, subject: str, data: Mapping[str, Any], partitionkey: str | None = None
    ) -> str: ...


def data_of(event: DispatchEvent) -> dict[str, Any]:
    """What others are told of ``event``."""
    values = ((field.name, getattr(event, field.name)) for field in fields_of(event))
    data = {name: to_wire(value) if isinstance(value, datetime) else value for name, value in values}
    data = {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}
    for name in _MAY_BE_ABSENT & data.keys():
        if data[name] is None:
            del data[name]
    if "reason" in data and not isinstance(event, DeliverySplit):
        stated = data.pop("reason")
        data |= {} if stated is None else {"reason": code_of(stated)}
    return data


def code_of(reason: str) -> str:
    """The code of ``reason``; at which kind of stop it happened is not part of it."""
    _, at_a_stop, why = reason.partition("-failed: ")
    return reason_code(why if at_a_stop else reason, REASONS)


def publish(outbox: Outbox, event: DispatchEvent) -> None:
    """Tell others, in one order of messages for each order, for each slot, and for each courier."""
    name = type(event).__name__
    if isinstance(event, _OF_DELIVERY):
        outbox.publish(name, event.delivery_id, data_of(event), partitionkey=event.order_id)
    elif isinstance(event, SlotCapacityChanged):
        outbox.publish(name, event.slot_id, data_of(event))
    else:
        outbox.publish(name, event.courier_id, data_of(event))
