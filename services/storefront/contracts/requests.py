"""Untrusted input, turned into commands or into a refusal that names every field at fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from services.storefront.contracts import paging, plain
from services.storefront.contracts.fields import (
    ActorSchema,
    DropOffSchema,
    Hours,
    MoneySchema,
    PositionSchema,
    SizeSchema,
    identifier,
    latitude,
    load,
    longitude,
    prose,
    whole,
    words,
)
from services.storefront.contracts.plain import MOST_LINES, MOST_OF_A_LINE
from services.storefront.contracts.preparing import PreparationCapacitySchema, PreparationSchema, WindowSchema
from services.storefront.domain import commands, text
from services.storefront.domain.actor import Actor
from services.storefront.domain.listing import ListingStatus
from services.storefront.domain.position import Position
from services.storefront.domain.pricing import WantedLine
from services.storefront.domain.search import Key, Near
from services.storefront.domain.shop import ShopStatus, ShopTerms

Request = Mapping[str, Any]

FARTHEST_SEARCH_M = 50_000


class _OpenShop(Schema):
    actor = fields.Nested(ActorSchema, required=True)
    shop_id = identifier()
    name = words(100, required=True)
    category = words(40, required=True)
    position = fields.Nested(PositionSchema, required=True)
    delivery_radius_m = whole(100, 50_000, load_default=5_000)
    hours = Hours(allow_none=True, load_default=None)
    preparation_minutes = whole(0, 24 * 60, load_default=15)
    preparation_capacity = fields.Nested(PreparationCapacitySchema, allow_none=True, load_default=None)
    accept_minutes = whole(1, 24 * 60, allow_none=True, load_default=None)


class _ChangeShop(Schema):
    actor = fields.Nested(ActorSchema, required=True)
    shop_id = identifier()
    version = whole(1, 2**31, allow_none=True, load_default=None)
    status = fields.Enum(ShopStatus, by_value=True, allow_none=True, load_default=None)
    name = words(100)
    category = words(40)
    position = fields.Nested(PositionSchema)
    delivery_radius_m = whole(100, 50_000)
    hours = Hours(allow_none=True)
    preparation_minutes = whole(0, 24 * 60)
    preparation_capacity = fields.Nested(PreparationCapacitySchema, allow_none=True)
    accept_minutes = whole(1, 24 * 60, allow_none=True)


class _PublishListing(Schema):
    actor = fields.Nested(ActorSchema, required=True)
    listing_id = identifier()
    shop_id = identifier()
    name = words(100, required=True)
    price = fields.Nested(MoneySchema, required=True)
    stock = whole(0, 10**9, required=True)
    unit = words(20, load_default="份")
    category = words(40, allow_none=True, load_default=None)
    description = prose(2_000, load_default="")
    sourced = fields.Boolean(load_default=False)
    unit_grams = whole(1, 100_000, allow_none=True, load_default=None)
    size = fields.Nested(SizeSchema, allow_none=True, load_default=None)


class _ChangeListing(Schema):
    actor = fields.Nested(ActorSchema, required=True)
    listing_id = identifier()
    version = whole(1, 2**31, allow_none=True, load_default=None)
    status = fields.Enum(ListingStatus, by_value=True, allow_none=True, load_default=None)
    name = words(100)
    price = fields.Nested(MoneySchema)
    unit = words(20)
    category = words(40)
    description = prose(2_000)
    unit_grams = whole(1, 100_000, allow_none=True)
    size = fields.Nested(SizeSchema, allow_none=True)


class _SetStock(Schema):
    actor = fields.Nested(ActorSchema, required=True)
    listing_id = identifier()
    stock = whole(0, 10**9, required=True)
    command_id = identifier()


class _Line(Schema):
    listing_id = identifier()
    quantity = whole(1, MOST_OF_A_LINE, required=True)


class _Price(Schema):
    lines = fields.List(fields.Nested(_Line), required=True, validate=validate.Length(1, MOST_LINES))
    drop_off = fields.Nested(DropOffSchema, required=True)
    window = fields.Nested(WindowSchema, allow_none=True, load_default=None)


class _Expected(Schema):
    listing_id = identifier()
    unit_price = fields.Nested(MoneySchema, required=True)


class _Reserve(Schema):
    order_id = identifier()
    expires_at = fields.AwareDateTime(format="iso", required=True)
    lines = fields.List(fields.Nested(_Line), required=True, validate=validate.Length(1, MOST_LINES))
    expected = fields.List(fields.Nested(_Expected), load_default=list)
    preparation = fields.Nested(PreparationSchema, allow_none=True, load_default=None)


class _Goods(Schema):
    listing_ids = fields.List(identifier(), required=True, validate=validate.Length(max=500))


class _Release(Schema):
    order_id = identifier()
    reason = words(100, load_default="released")


class _SearchListings(Schema):
    lat = latitude()
    lon = longitude()
    q = words(50, required=True)
    radius_m = whole(1, FARTHEST_SEARCH_M, load_default=3_000)
    limit = whole(1, 100, load_default=20)
    cursor = fields.String(allow_none=True, load_default=None)


class _Nearby(_SearchListings):
    q = prose(50, allow_none=True, load_default=None)
    category = words(40, allow_none=True, load_default=None)
    open_now = fields.Boolean(load_default=False)


class _Actor(Schema):
    actor = fields.Nested(ActorSchema, required=True)


class _ActorAndShop(_Actor):
    shop_id = identifier()


class _MyShops(_Actor):
    limit = whole(1, 200, load_default=50)
    cursor = fields.String(allow_none=True, load_default=None)


class _Listings(Schema):
    actor = fields.Nested(ActorSchema, allow_none=True, load_default=None)
    shop_id = identifier()
    limit = whole(1, 200, load_default=50)
    cursor = fields.String(allow_none=True, load_default=None)


_OPEN_SHOP, _CHANGE_SHOP, _ACTOR_AND_SHOP = _OpenShop(), _ChangeShop(), _ActorAndShop()
_PUBLISH_LISTING, _CHANGE_LISTING, _SET_STOCK = _PublishListing(), _ChangeListing(), _SetStock()
_PRICE, _RESERVE, _RELEASE, _GOODS = _Price(), _Reserve(), _Release(), _Goods()
_NEARBY, _SEARCH_LISTINGS = _Nearby(), _SearchListings()
_MY_SHOPS, _LISTINGS, _ACTOR = _MyShops(), _Listings(), _Actor()


def open_shop(request: Request) -> commands.OpenShop:
    read = load(_OPEN_SHOP, request)
    return commands.OpenShop(actor=read.pop("actor"), shop_id=read.pop("shop_id"), terms=ShopTerms(**read))


def approve_shop(request: Request) -> commands.ApproveShop:
    return commands.ApproveShop(**load(_ACTOR_AND_SHOP, request))


def change_shop(request: Request) -> commands.ChangeShop:
    read = load(_CHANGE_SHOP, request)
    named = {name: read.pop(name) for name in ("actor", "shop_id", "version", "status")}
    return commands.ChangeShop(**named, changes=read)


def publish_listing(request: Request) -> commands.PublishListing:
    return commands.PublishListing(**load(_PUBLISH_LISTING, request))


def change_listing(request: Request) -> commands.ChangeListing:
    read = load(_CHANGE_LISTING, request)
    named = {name: read.pop(name) for name in ("actor", "listing_id", "version", "status")}
    return commands.ChangeListing(**named, changes=read)


def set_stock(request: Request) -> commands.SetStock:
    return commands.SetStock(**load(_SET_STOCK, request))


def goods(request: Request) -> list[str]:
    return list(load(_GOODS, request)["listing_ids"])


def price(request: Request) -> commands.PriceBasket:
    return plain.price(request) or schematic_price(request)


def schematic_price(request: Request) -> commands.PriceBasket:
    read = load(_PRICE, request)
    return commands.PriceBasket(
        lines=tuple(WantedLine(**line) for line in read["lines"]),
        drop_off=read["drop_off"],
        window=read["window"],
    )


def reserve(request: Request) -> commands.Reserve:
    """Lines of one listing are held together, whichever list they came from."""
    return plain.reserve(request) or schematic_reserve(request)


def schematic_reserve(request: Request) -> commands.Reserve:
    read = load(_RESERVE, request)
    lines: Counter[str] = Counter()
    for line in read["lines"]:
        lines[line["listing_id"]] += line["quantity"]
    return commands.Reserve(
        order_id=read["order_id"],
        expires_at=read["expires_at"],
        lines=dict(lines),
        expected_prices={item["listing_id"]: item["unit_price"] for item in read["expected"]},
        preparation=read["preparation"],
    )


def release(request: Request) -> commands.Release:
    return commands.Release(**load(_RELEASE, request))


def nearby(request: Request) -> Near:
    return _near(load(_NEARBY, request))


def search_listings(request: Request) -> Near:
    return _near(load(_SEARCH_LISTINGS, request))


def _near(read: dict[str, Any]) -> Near:
    return Near(
        place=Position(lat=read["lat"], lon=read["lon"]),
        radius_m=read["radius_m"],
        limit=read["limit"],
        after=paging.decode(read["cursor"], int, str),
        category=read.get("category"),
        words=text.words(read["q"] or ""),
        open_now=read.get("open_now", False),
    )


def my_shops(request: Request) -> tuple[Actor, int, Key | None]:
    read = load(_MY_SHOPS, request)
    return read["actor"], read["limit"], paging.decode(read["cursor"], str)


def listings(request: Request) -> tuple[str, Actor | None, int, Key | None]:
    read = load(_LISTINGS, request)
    return read["shop_id"], read["actor"], read["limit"], paging.decode(read["cursor"], str)


def actor(request: Request) -> Actor:
    known: Actor = load(_ACTOR, request)["actor"]
    return known
