"""What clients are answered: accounts, shops, orders, deliveries. What is not named here does not leave."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.attempt_shapes import Attempt
from services.gateway.contracts.fields import Id, Instant, Money, Position
from services.gateway.contracts.substitution_shapes import FreeDelivery, ItemList, Substitution


def several(of: type[Schema], name: str) -> type[Schema]:
    """A page of a list."""
    return type(
        name,
        (Schema,),
        {
            "items": fields.List(fields.Nested(of), required=True),
            "next_cursor": fields.String(
                required=True,
                allow_none=True,
                metadata={"description": "Send it as `cursor` for the next page; null at the end."},
            ),
            "__doc__": "A page of a list.",
            "__module__": __name__,
        },
    )


class FieldError(Schema):
    field = fields.String(required=True)
    message = fields.String(required=True)


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    instance = fields.String(required=True, metadata={"description": "The request's correlation id."})
    code = fields.String(required=True, metadata={"description": "Stable, for programs."})
    errors = fields.List(fields.Nested(FieldError), metadata={"description": "The fields at fault."})
    extra = fields.Dict(metadata={"description": "Further facts for programs."})


class AccountDetails(Schema):
    account_id = Id(required=True)
    role = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    registered_at = Instant(required=True)


class TokenPair(Schema):
    access_token = fields.String(required=True)
    refresh_token = fields.String(
        required=True, metadata={"description": "Good for one use; a second use closes the session."}
    )
    token_type = fields.String(required=True, metadata={"examples": ["Bearer"]})
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})


class NewAccount(AccountDetails):
    tokens = fields.Nested(TokenPair, required=True)


class Session(TokenPair):
    account_id = Id(required=True)
    role = fields.String(required=True)


class Shop(Schema):
    shop_id = Id(required=True)
    owner_id = Id()
    name = fields.String(required=True)
    category = fields.String(required=True)
    position = fields.Nested(Position)
    delivery_radius_m = fields.Integer()
    hours = fields.Dict(allow_none=True)
    preparation_minutes = fields.Integer()
    preparation_capacity = fields.Dict(
        allow_none=True,
        metadata={"description": "`per_hour` of the clock, in `orders` or `items` as `counts` says."},
    )
    accept_minutes = fields.Integer(allow_none=True)
    status = fields.String(metadata={"enum": ["pending", "open", "closed"]})
    version = fields.Integer()
    distance_m = fields.Float(metadata={"description": "In a search alone."})
    delivers = fields.Boolean(metadata={"description": "In a search alone: it delivers that far."})


class Listing(Schema):
    listing_id = Id(required=True)
    shop_id = Id(required=True)
    name = fields.String(required=True)
    price = fields.Nested(Money, required=True)
    unit = fields.String()
    category = fields.String(allow_none=True)
    description = fields.String()
    sourced = fields.Boolean()
    unit_grams = fields.Integer(
        allow_none=True, metadata={"description": "What a unit weighs about, if sold by weight."}
    )
    size = fields.Dict(allow_none=True, metadata={"description": "`volume_ml`, `weight_g`, `cold`."})
    status = fields.String()
    stock = fields.Integer()
    reserved = fields.Integer()
    available = fields.Integer()
    version = fields.Integer()
    shop_name = fields.String(metadata={"description": "In a search alone."})
    distance_m = fields.Float(metadata={"description": "In a search alone."})


class Slot(Schema):
    slot_id = fields.String()
    starts_at = Instant(allow_none=True)
    ends_at = Instant(allow_none=True)


class OrderSlot(Slot):
    """A slot, or `asap`; `promised_at` is the time that the customer was told."""

    promised_at = Instant(allow_none=True)


class Discount(Schema):
    campaign_id = fields.String(required=True)
    name = fields.String()
    funder = fields.String(required=True, metadata={"enum": ["shop", "platform"]})
    amount = fields.Nested(Money, required=True)


class QuoteLine(Schema):
    line_id = fields.String(required=True)
    listing_id = Id(required=True)
    name = fields.String(required=True)
    unit = fields.String()
    quantity = fields.Integer(required=True)
    unit_price = fields.Nested(Money, required=True)
    goods = fields.Nested(Money, required=True)
    discounts = fields.List(fields.Nested(Discount))
    paid = fields.Nested(Money, required=True)
    list_name = fields.String(allow_none=True)
    if_missing = fields.String()
    promotion_link_id = fields.String(allow_none=True)
    unit_grams = fields.Integer(allow_none=True, metadata={"description": "What a unit is estimated at."})


class QuoteShop(Schema):
    shop_id = Id(required=True)
    name = fields.String(required=True)
    lines = fields.List(fields.Nested(QuoteLine), required=True)
    goods = fields.Nested(Money, required=True)
    discount = fields.Nested(Money, required=True)
    paid = fields.Nested(Money, required=True)


class RefusedCoupon(Schema):
    code = fields.String(required=True)
    reason = fields.String()


class Quote(Schema):
    """A priced basket: what each line, shop and delivery costs, and until when that holds."""

    quote_id = Id(required=True)
    currency = fields.String(required=True)
    shops = fields.List(fields.Nested(QuoteShop), required=True)
    goods = fields.Nested(Money, required=True)
    discount = fields.Nested(Money, required=True)
    delivery_fee = fields.Nested(Money, required=True)
    free_delivery = fields.Nested(FreeDelivery, allow_none=True)
    tip = fields.Nested(Money)
    total = fields.Nested(Money, required=True)
    lists = fields.List(fields.Nested(ItemList))
    slot = fields.Nested(OrderSlot, allow_none=True)
    refused_coupons = fields.List(fields.Nested(RefusedCoupon))
    expires_at = Instant(required=True)


class OrderLine(Schema):
    line_id = fields.String(required=True)
    listing_id = Id(required=True)
    name = fields.String(required=True)
    unit = fields.String()
    quantity = fields.Integer(required=True)
    unit_price = fields.Nested(Money, required=True)
    goods = fields.Nested(Money, required=True)
    discount = fields.Nested(Money)
    discounts = fields.List(fields.Nested(Discount))
    paid = fields.Nested(Money, required=True)
    refunded_quantity = fields.Integer()
    refunded = fields.Nested(Money)
    list_name = fields.String(allow_none=True)
    if_missing = fields.String()
    promotion_link_id = fields.String(allow_none=True)
    price_fallen = fields.Nested(
        Money, metadata={"description": "What came back because it was lighter or something cheaper came."}
    )
    substituted_quantity = fields.Integer()
    unit_grams = fields.Integer(allow_none=True, metadata={"description": "What a unit was estimated at."})
    grams = fields.Integer(allow_none=True, metadata={"description": "What all units weighed together."})


class StoreOrder(Schema):
    """The part of an order that one shop fulfils."""

    store_order_id = fields.String(required=True)
    order_id = Id(required=True)
    shop_id = Id(required=True)
    shop_name = fields.String()
    slot = fields.Nested(OrderSlot)
    status = fields.String(
        required=True,
        metadata={
            "enum": [
                "awaiting_payment",
                "placed",
                "accepted",
                "ready",
                "picked_up",
                "delivered",
                "completed",
                "rejected",
                "cancelled",
                "expired",
            ]
        },
    )
    reason = fields.String(allow_none=True, metadata={"description": "Why it was rejected or cancelled."})
    placed_at = Instant()
    ready_at = Instant(allow_none=True)
    picked_up_at = Instant(allow_none=True)
    accept_by = Instant(
        allow_none=True, metadata={"description": "Until when the shop has to accept; then it is rejected."}
    )
    goods = fields.Nested(Money)
    discount = fields.Nested(Money)
    paid = fields.Nested(Money)
    refunded = fields.Nested(Money)
    lines = fields.List(fields.Nested(OrderLine))
    lists = fields.List(fields.Nested(ItemList))
    substitutions = fields.List(fields.Nested(Substitution))


class OrderDropOff(Schema):
    lat = fields.Float()
    lon = fields.Float()
    address = fields.String()
    contact = fields.String()


class DeliveryTrip(Schema):
    """What one of two couriers brings of an order, and how far it is."""

    delivery_id = fields.String(required=True)
    courier_id = fields.String(allow_none=True)
    eta = Instant(allow_none=True)
    status = fields.String(required=True)
    choose_by = Instant(allow_none=True)
    store_order_ids = fields.List(fields.String(), required=True)
    handed_over_at = Instant(allow_none=True)


class OrderDelivery(Schema):
    """Of a delivery that was split, `eta` is when the last of it is there."""

    delivery_id = fields.String()
    courier_id = fields.String(allow_none=True)
    eta = Instant(allow_none=True)
    status = fields.String(allow_none=True)
    choose_by = Instant(
        allow_none=True, metadata={"description": "Until when a second try at the door may be chosen."}
    )
    trips = fields.List(
        fields.Nested(DeliveryTrip),
        metadata={"description": "Both, where a second courier brings a part of it; otherwise empty."},
    )


class Order(Schema):
    """What a customer placed and pays as one, over any number of shops."""

    order_id = Id(required=True)
    customer_id = Id()
    status = fields.String(
        required=True,
        metadata={
            "enum": [
                "pending_payment",
                "paid",
                "in_fulfilment",
                "delivered",
                "completed",
                "expired",
                "cancelled",
            ]
        },
    )
    reason = fields.String(allow_none=True, metadata={"description": "Why it was cancelled or expired."})
    placed_at = Instant()
    paid_at = Instant(allow_none=True)
    delivered_at = Instant(allow_none=True)
    currency = fields.String()
    goods = fields.Nested(Money)
    discount = fields.Nested(Money)
    delivery_fee = fields.Nested(Money)
    free_delivery = fields.Nested(FreeDelivery, allow_none=True)
    tip = fields.Nested(Money)
    total = fields.Nested(Money)
    refunded = fields.Nested(Money)
    slot = fields.Nested(OrderSlot, allow_none=True)
    drop_off = fields.Nested(OrderDropOff, allow_none=True)
    zone_id = fields.String(allow_none=True)
    expires_at = Instant(allow_none=True)
    payment_method = fields.String(allow_none=True, metadata={"description": "How it was paid."})
    payment_status = fields.String(
        allow_none=True,
        metadata={"enum": ["pending", "due", "succeeded", "failed", "refunded", "waived", None]},
    )
    to_collect = fields.Nested(Money, metadata={"description": "What is still to be paid at the door."})
    payments = fields.List(fields.Nested(Attempt), metadata={"description": "All attempts, oldest first."})
    delivery = fields.Nested(OrderDelivery, allow_none=True)
    store_orders = fields.List(fields.Nested(StoreOrder))
    lists = fields.List(fields.Nested(ItemList))


ShopPage = several(Shop, "ShopPage")
ListingPage = several(Listing, "ListingPage")
OrderPage = several(Order, "OrderPage")
StoreOrderPage = several(StoreOrder, "StoreOrderPage")
