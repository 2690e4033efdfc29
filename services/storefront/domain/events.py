"""What has happened in the storefront."""

from __future__ import annotations

from dataclasses import dataclass

from services.storefront.domain.position import Position
from services.storefront.domain.reservation import Lines
from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class ShopOpened:
    """An operator approved the shop; ``area`` is coarse."""

    shop_id: str
    owner_id: str
    category: str
    area: Position


@dataclass(frozen=True, kw_only=True)
class ListingPublished:
    listing_id: str
    shop_id: str
    category: str
    price: Money
    sourced: bool


@dataclass(frozen=True, kw_only=True)
class ListingChanged:
    listing_id: str
    shop_id: str
    category: str
    price: Money
    sourced: bool
    status: str


@dataclass(frozen=True, kw_only=True)
class ListingSoldOut:
    """The last unit on hand was sold."""

    listing_id: str
    shop_id: str


@dataclass(frozen=True, kw_only=True)
class StockReserved:
    order_id: str
    lines: Lines


@dataclass(frozen=True, kw_only=True)
class StockReleased:
    order_id: str
    reason: str
    lines: Lines


DomainEvent = ShopOpened | ListingPublished | ListingChanged | ListingSoldOut | StockReserved | StockReleased
