"""The storefront's promises to others: every event as it goes over the wire, version 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, validate

from services.storefront.domain import events
from services.storefront.domain.reservation import Lines

# A code in the platform's own words, such as a refusal's.
_CODE = re.compile(r"^[a-z]+(-[a-z]+)*$")


@dataclass(frozen=True, kw_only=True)
class Message:
    type: str
    subject: str
    data: Mapping[str, Any]


class Money(Schema):
    amount = fields.Integer(strict=True, required=True)
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


class Area(Schema):
    """A position with two decimals, about a kilometre."""

    lat = fields.Float(required=True)
    lon = fields.Float(required=True)


class Line(Schema):
    listing_id = fields.String(required=True)
    quantity = fields.Integer(strict=True, required=True, validate=validate.Range(min=1))


class ShopOpened(Schema):
    """An operator approved the shop: it may sell from now on."""

    shop_id = fields.String(required=True)
    owner_id = fields.String(required=True)
    category = fields.String(required=True)
    area = fields.Nested(Area, required=True)


class ListingPublished(Schema):
    """A shop began to sell something; ``sourced`` goods are supplied by the platform."""

    listing_id = fields.String(required=True)
    shop_id = fields.String(required=True)
    category = fields.String(required=True)
    price = fields.Nested(Money, required=True)
    sourced = fields.Boolean(required=True)


class ListingChanged(ListingPublished):
    """The listing as it is after a change; a withdrawn one is not on sale."""

    status = fields.String(required=True, validate=validate.OneOf(["published", "withdrawn"]))


class ListingSoldOut(Schema):
    """The last unit on hand was sold."""

    listing_id = fields.String(required=True)
    shop_id = fields.String(required=True)


class StockReserved(Schema):
    """All units of one order are held."""

    order_id = fields.String(required=True)
    lines = fields.List(fields.Nested(Line), required=True)


class StockReleased(StockReserved):
    """The units that were held for an order are free again."""

    reason = fields.String(required=True, validate=validate.Regexp(_CODE))


SCHEMAS: Mapping[str, type[Schema]] = {
    schema.__name__: schema
    for schema in (ShopOpened, ListingPublished, ListingChanged, ListingSoldOut, StockReserved, StockReleased)
}


def to_message(event: events.DomainEvent) -> Message:
    """The event as others read it."""
    subject, data = _body(event)
    return Message(type=type(event).__name__, subject=subject, data=data)


def _body(event: events.DomainEvent) -> tuple[str, dict[str, Any]]:
    match event:
        case events.ShopOpened():
            return event.shop_id, {
                "shop_id": event.shop_id,
                "owner_id": event.owner_id,
                "category": event.category,
                "area": {"lat": event.area.lat, "lon": event.area.lon},
            }
        case events.ListingPublished():
            return event.listing_id, _listing(event)
        case events.ListingChanged():
            return event.listing_id, _listing(event) | {"status": event.status}
        case events.ListingSoldOut():
            return event.listing_id, {"listing_id": event.listing_id, "shop_id": event.shop_id}
        case events.StockReserved():
            return event.order_id, {"order_id": event.order_id, "lines": _lines(event.lines)}
        case events.StockReleased():
            reason = event.reason if _CODE.match(event.reason) else "released"
            data = {"order_id": event.order_id, "reason": reason, "lines": _lines(event.lines)}
            return event.order_id, data


def _listing(event: events.ListingPublished | events.ListingChanged) -> dict[str, Any]:
    return {
        "listing_id": event.listing_id,
        "shop_id": event.shop_id,
        "category": event.category,
        "price": event.price.to_wire(),
        "sourced": event.sourced,
    }


def _lines(lines: Lines) -> list[dict[str, Any]]:
    return [{"listing_id": key, "quantity": quantity} for key, quantity in sorted(lines.items())]
