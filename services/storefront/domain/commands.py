"""What the storefront can be told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.storefront.domain.actor import Actor
from services.storefront.domain.listing import ListingStatus, ListingTerms, Size
from services.storefront.domain.position import Position
from services.storefront.domain.preparation import Window
from services.storefront.domain.pricing import WantedLine
from services.storefront.domain.reservation import Lines
from services.storefront.domain.shop import ShopStatus, ShopTerms
from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class OpenShop:
    actor: Actor
    shop_id: str
    terms: ShopTerms


@dataclass(frozen=True, kw_only=True)
class ApproveShop:
    actor: Actor
    shop_id: str


@dataclass(frozen=True, kw_only=True)
class ChangeShop:
    """``changes`` holds fields of :class:`ShopTerms` by name; what it lacks stays as it is."""

    actor: Actor
    shop_id: str
    version: int | None
    changes: Mapping[str, Any]
    status: ShopStatus | None


@dataclass(frozen=True, kw_only=True)
class PublishListing:
    """Without a category the listing takes its shop's."""

    actor: Actor
    listing_id: str
    shop_id: str
    name: str
    price: Money
    stock: int
    unit: str
    category: str | None
    description: str
    sourced: bool
    unit_grams: int | None = None
    size: Size | None = None

    def terms(self, shop_category: str) -> ListingTerms:
        return ListingTerms(
            name=self.name,
            price=self.price,
            category=self.category or shop_category,
            unit=self.unit,
            description=self.description,
            sourced=self.sourced,
            unit_grams=self.unit_grams,
            size=self.size,
        )


@dataclass(frozen=True, kw_only=True)
class ChangeListing:
    """``changes`` holds fields of :class:`ListingTerms` by name; what it lacks stays as it is."""

    actor: Actor
    listing_id: str
    version: int | None
    changes: Mapping[str, Any]
    status: ListingStatus | None


@dataclass(frozen=True, kw_only=True)
class SetStock:
    """The merchant counted ``stock`` units, held ones included; ``command_id`` makes it happen once."""

    actor: Actor
    listing_id: str
    stock: int
    command_id: str


@dataclass(frozen=True, kw_only=True)
class PriceBasket:
    lines: tuple[WantedLine, ...]
    drop_off: Position
    window: Window | None = None


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What shops are to prepare: how many items each, to be brought in the ``window`` (none: soon)."""

    items: Mapping[str, int] = field(default_factory=dict)
    window: Window | None = None


@dataclass(frozen=True, kw_only=True)
class Reserve:
    """Hold ``lines`` for an order until ``expires_at``, at the prices its customer was shown."""

    order_id: str
    expires_at: datetime
    lines: Lines
    expected_prices: Mapping[str, Money]
    preparation: Preparation | None = None


@dataclass(frozen=True, kw_only=True)
class MovePreparation:
    """Hold places in other hours, too; ``number`` counts an order's moves."""

    order_id: str
    number: int
    preparation: Preparation


@dataclass(frozen=True, kw_only=True)
class DropMove:
    order_id: str
    number: int


@dataclass(frozen=True, kw_only=True)
class AskWindows:
    """In which of the ``windows`` can these shops prepare so many items each?"""

    items: Mapping[str, int]
    windows: tuple[Window, ...]


@dataclass(frozen=True, kw_only=True)
class RecordMove:
    """An order moved to other hours for good; ``shop_ids`` are those that still have a part in it."""

    order_id: str
    number: int
    shop_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RecordRejection:
    """A shop dropped out of an order."""

    order_id: str
    shop_id: str


@dataclass(frozen=True, kw_only=True)
class Release:
    order_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """An order was paid; ``lines`` where the message tells them."""

    order_id: str
    lines: Lines | None


@dataclass(frozen=True, kw_only=True)
class RecordExpiry:
    order_id: str


@dataclass(frozen=True, kw_only=True)
class RecordCancellation:
    """A cancelled order that was paid keeps its units sold: its refunds say what comes back."""

    order_id: str
    was_paid: bool


@dataclass(frozen=True, kw_only=True)
class RecordReturn:
    """Units of a paid order come back to the shelf, once per ``return_id``."""

    order_id: str
    return_id: str
    lines: Lines
