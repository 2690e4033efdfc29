"""Requests and answers about slots: which a basket can have, and moving an order to another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from services.ordering.contracts import plainly
from services.ordering.contracts.moments import time_of
from services.ordering.contracts.requests import ActorSchema, _Command, _id, _Strict
from services.ordering.domain import commands
from services.ordering.domain.places import Position, Slot
from services.ordering.domain.rebooking import Rebooking
from services.ordering.domain.slot_choice import Choice, ChoiceState, Obstacle
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


class _PlaceSchema(_Strict):
    lat = fields.Float(required=True, validate=validate.Range(min=-90, max=90))
    lon = fields.Float(required=True, validate=validate.Range(min=-180, max=180))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Position:
        return Position(**data)


class _ShopSchema(_Strict):
    shop_id = _id()
    items = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 1_000_000))


class AskSlotsSchema(_Strict):
    actor = fields.Nested(ActorSchema, allow_none=True, load_default=None)
    quote_id = _id(required=False, load_default=None)
    place = fields.Nested(_PlaceSchema, load_default=None)
    shops = fields.List(fields.Nested(_ShopSchema), load_default=list, validate=validate.Length(max=50))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.AskSlots:
        if (data["quote_id"] is None) == (data["place"] is None):
            raise ValidationError({"quote_id": ["Name either a quote or a place."]})
        if data["quote_id"] is not None and data["actor"] is None:
            raise ValidationError({"actor": ["Whose quote is it?"]})
        shops = data.pop("shops")
        return commands.AskSlots(**data, items={shop["shop_id"]: shop["items"] for shop in shops})


class RebookSchema(_Command):
    rebooking_id = _id()
    order_id = _id()
    slot_id = _id()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> commands.RebookOrder:
        slot_id = None if data["slot_id"] == plainly.ASAP else data["slot_id"]
        return commands.RebookOrder(**data | {"slot_id": slot_id})


ASK_SLOTS, REBOOK = AskSlotsSchema(), RebookSchema()


def choices(slots: Sequence[Choice], soon: Choice) -> Wire:
    """Every slot with its state; ``asap`` says whether it can be had as soon as possible."""
    return {
        "items": [_choice(one) for one in slots],
        "asap": soon.state is ChoiceState.FREE,
        "soon": _state(soon),
        "next_cursor": None,
    }


def _choice(one: Choice) -> Wire:
    slot = one.slot
    assert slot is not None, "only one choice has no slot"
    return {
        "slot_id": slot.slot_id,
        "zone_id": slot.zone_id,
        "starts_at": to_wire(slot.window.starts_at),
        "ends_at": to_wire(slot.window.ends_at),
        "cutoff_at": to_wire(slot.cutoff_at),
        "capacity": slot.capacity,
        "left": slot.left,
        **_state(one),
    }


def _state(one: Choice) -> Wire:
    return {"state": one.state.value, "shops": [_obstacle(shop) for shop in one.shops]}


def _obstacle(shop: Obstacle) -> Wire:
    return {
        "shop_id": shop.shop_id,
        "name": shop.name,
        "reason": shop.reason,
        "opens_at": time_of(shop.opens_at),
    }


def rebooking(one: Rebooking) -> Wire:
    return {
        "rebooking_id": one.rebooking_id,
        "order_id": one.order_id,
        "number": one.number,
        "state": "refused" if one.state.value == "released" else one.state.value,
        "by": one.role,
        "asked_at": to_wire(one.asked_at),
        "decided_at": time_of(one.decided_at),
        "from_slot": slot(one.before),
        "slot": slot(one.after) if one.after is not None else _wanted(one),
        "refusal": None if one.refusal is None else one.refusal["code"],
    }


def _wanted(one: Rebooking) -> Wire:
    window = one.window
    return slot(
        Slot(
            slot_id=one.slot_id,
            starts_at=None if window is None else window.starts_at,
            ends_at=None if window is None else window.ends_at,
        )
    )


def slot(item: Slot) -> Wire:
    return {
        "slot_id": item.slot_id or plainly.ASAP,
        "starts_at": time_of(item.starts_at),
        "ends_at": time_of(item.ends_at),
        "promised_at": time_of(item.promised_at),
    }
