"""What ordering is asked to do. Every command names who asks and carries the id that makes it idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.ordering.domain.places import DropOff, Position
from services.ordering.domain.provider_refund import RefundOutcome
from shared.kernel.money import Money

OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class Actor:
    account_id: str
    role: str

    @property
    def is_operator(self) -> bool:
        return self.role == OPERATOR


@dataclass(frozen=True, kw_only=True)
class BasketLine:
    line_id: str
    listing_id: str
    quantity: int
    list_name: str | None = None
    if_missing: str = "refund"
    promotion_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class QuoteBasket:
    actor: Actor
    quote_id: str
    lines: tuple[BasketLine, ...]
    drop_off: DropOff
    slot_id: str | None
    coupon_codes: tuple[str, ...] = ()
    tip: Money | None = None


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    actor: Actor
    order_id: str
    quote_id: str
    tip: Money | None = None


@dataclass(frozen=True, kw_only=True)
class PayOrder:
    """``payer`` is how a provider knows who pays, where it has to."""

    actor: Actor
    order_id: str
    payment_id: str
    method: str
    scenario: str
    payer: str | None = None


@dataclass(frozen=True, kw_only=True)
class CancelOrder:
    actor: Actor
    order_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RebookOrder:
    """Move a paid order to another slot; without one, to "as soon as possible"."""

    actor: Actor
    rebooking_id: str
    order_id: str
    slot_id: str | None


@dataclass(frozen=True, kw_only=True)
class AskSlots:
    """Which slots come into question: for a quote, or for a place and so many items of shops."""

    actor: Actor
    quote_id: str | None = None
    place: Position | None = None
    items: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class AcceptStoreOrder:
    actor: Actor
    store_order_id: str
    ready_at: datetime


@dataclass(frozen=True, kw_only=True)
class RejectStoreOrder:
    actor: Actor
    store_order_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReadyStoreOrder:
    """``grams`` tells what lines weigh, where that is said with it."""

    actor: Actor
    store_order_id: str
    grams: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WeighLines:
    """``grams`` maps line ids to what all units that are left weigh together."""

    actor: Actor
    store_order_id: str
    grams: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ReportMissing:
    actor: Actor
    refund_id: str
    store_order_id: str
    line_id: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class ProposeSubstitution:
    """Either a listing of the shop, or something that has a name and a price."""

    actor: Actor
    substitution_id: str
    store_order_id: str
    line_id: str
    quantity: int
    listing_id: str | None
    name: str | None
    unit_price: int | None
    currency: str | None
    photo_url: str | None


@dataclass(frozen=True, kw_only=True)
class AnswerSubstitution:
    actor: Actor
    substitution_id: str
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """``lines`` maps line ids to quantities; None means all that is left. One order id is given."""

    actor: Actor
    refund_id: str
    order_id: str | None
    store_order_id: str | None
    lines: Mapping[str, int] | None
    reason: str
    return_delivery_fee: bool


@dataclass(frozen=True, kw_only=True)
class HandBackRefund:
    actor: Actor
    refund_id: str


@dataclass(frozen=True, kw_only=True)
class ProviderNotice:
    """What a payment provider says has happened to an attempt; ``charge_id`` names the money it took."""

    payment_id: str
    succeeded: bool
    charge_id: str | None
    amount: int
    currency: str


Notice = ProviderNotice | RefundOutcome
