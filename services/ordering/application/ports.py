"""What the use cases need of the world outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.ordering.domain.commands import BasketLine, PayOrder, ProviderNotice
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.domain.load import Size
from services.ordering.domain.order import Order
from services.ordering.domain.payment import Charge, Payment, Surplus
from services.ordering.domain.places import DropOff, Position, Slot, Window
from services.ordering.domain.pricing import CampaignDiscount
from services.ordering.domain.quote import CouponRefusal, Quote, QuotedShop, Shop
from services.ordering.domain.rebooking import Rebooking
from services.ordering.domain.refund import Refund
from services.ordering.domain.slot_choice import Obstacle, OfferedSlot
from shared.kernel.errors import Refusal


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long things last, and what a delivery costs.

    What peers hold for an order outlasts it by ``hold_grace``, which is longer than a quote is valid: so a
    second attempt to place never relies on a hold that ends before the order does.
    """

    quote_validity: timedelta
    payment_window: timedelta
    hold_grace: timedelta
    after_sale_window: timedelta
    delivery_fee: DeliveryFeeRule


# -- transactions ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Placement:
    """How far the order of a quote has come: placing, placed, refused or released."""

    order_id: str
    quote_id: str
    state: str
    refusal: Mapping[str, Any] | None


class Quotes(Protocol):
    def add(self, quote: Quote) -> Quote:
        """Keep ``quote``, and answer what is kept under its id: the first one stays."""

    def add_unless_reduced(self, quote: Quote, at: datetime) -> Quote | None:
        """The same for a quote without discounts; None when a full reduction runs at its shops.

        Then nothing is kept, since the campaign may take something off.
        """

    def claim(self, quote_id: str, order_id: str, customer_id: str, now: datetime) -> Quote | None:
        """Take the quote for this order; None when it is unknown, another's, expired, settled or taken.

        Claiming again for the same order works until the placement is settled.
        """

    def get(self, quote_id: str) -> tuple[Quote, Placement | None] | None: ...

    def refuse(self, quote_id: str, order_id: str, refusal: Mapping[str, Any]) -> bool:
        """Settle the placement as refused; False when it is settled already."""

    def refuse_abandoned(self, patience: timedelta, limit: int) -> Sequence[Placement]:
        """Refuse what was claimed longer than ``patience`` of wall time ago, and name all that is refused
        and may still be held somewhere."""

    def released(self, order_ids: Sequence[str]) -> None:
        """Nothing is held any more for these refused orders."""

    def forget(self, before: datetime) -> int:
        """Drop quotes that nobody ordered from and that expired before then."""


class Orders(Protocol):
    def add(self, order: Order) -> bool:
        """Keep a placed order and settle its quote; False when the placement was settled otherwise."""

    def lock(self, order_id: str) -> Order | None:
        """The order, which nobody else changes until the transaction ends."""

    def lock_by_store_order(self, store_order_id: str) -> Order | None: ...

    def lock_by_payment(self, payment_id: str) -> tuple[Order, Payment] | None: ...

    def find(self, order_id: str) -> Order | None:
        """The order as it is now, for reading."""

    def save(self, order: Order, payment: Payment | None = None) -> None:
        """Write what has changed, publish its events, and queue refunds for the provider."""

    def save_charged(
        self, order: Order, payment: Payment, charge: Charge, surplus: Surplus | None = None
    ) -> bool:
        """The same with money that the provider took; False, and nothing is done, when it is on record."""

    def note_courier(self, order_id: str, courier_id: str | None, eta: datetime | None, rank: int) -> None:
        """Remember the newest assignment by its rank. Raises OrderNotFound."""

    def unpaid_since(self, now: datetime, limit: int) -> Sequence[str]: ...

    def to_complete(self, now: datetime, limit: int) -> Sequence[str]: ...

    def refunds_of_command(self, command_id: str) -> Sequence[Refund]: ...


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The attempt that is kept under an id (None: it could not be begun), and the order it was meant for."""

    payment: Payment | None
    order_status: str
    order_expires_at: datetime


class Payments(Protocol):
    def start(self, command: PayOrder, now: datetime) -> Attempt | None:
        """Keep an attempt if the order can be paid now; None when the actor has no such order.

        One statement does it all, unless the attempt is known or refused.
        """

    def open_of(self, order_id: str) -> Sequence[Payment]: ...

    def refunds_to_send(self, limit: int) -> Sequence[ProviderRefund]:
        """Claim refunds that are due; unless marked as sent they are due again after a pause."""

    def refunds_sent(self, refund_ids: Sequence[str]) -> None: ...


class Campaigns(Protocol):
    def launched(
        self, campaign_id: str, shop_id: str | None, kind: str, starts_at: datetime, ends_at: datetime
    ) -> None: ...

    def ended(self, campaign_id: str) -> None: ...


class Rebookings(Protocol):
    """Moves of orders to other slots: each is decided once, and what it holds is given back once."""

    def add(self, rebooking: Rebooking) -> None: ...

    def find(self, rebooking_id: str) -> Rebooking | None: ...

    def lock(self, rebooking_id: str) -> Rebooking | None:
        """The move, which nobody else decides until the transaction ends."""

    def of(self, order_id: str) -> Sequence[Rebooking]:
        """All moves of an order, the first one first."""

    def settle(self, rebooking: Rebooking) -> None:
        """Write down what became of a move; the order's slot follows one that was made."""

    def released(self, rebooking_id: str) -> None:
        """Nothing is held any more for a move that was refused."""

    def abandoned(self, patience: timedelta, limit: int) -> Sequence[Rebooking]:
        """Moves that nobody has finished for so long, of wall time; each is looked at again after that."""


class UnitOfWork(Protocol):
    @property
    def quotes(self) -> Quotes: ...

    @property
    def orders(self) -> Orders: ...

    @property
    def payments(self) -> Payments: ...

    @property
    def campaigns(self) -> Campaigns: ...

    @property
    def rebookings(self) -> Rebookings: ...


class Transactions(Protocol):
    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """Everything in the block becomes true together, or nothing does."""

    def single(self) -> AbstractContextManager[UnitOfWork]:
        """Each statement for itself; nothing can be published, and a crash may forget the last second."""

    def single_kept(self) -> AbstractContextManager[UnitOfWork]:
        """Each statement for itself; nothing can be published, and what is answered is never forgotten."""


# -- other services --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PricedListing:
    """A listing as the storefront sells it now; ``available`` is None where stock is not counted."""

    listing_id: str
    shop_id: str
    name: str
    unit: str
    category: str | None
    sourced: bool
    unit_price: int
    available: int | None
    size: Size | None = None


@dataclass(frozen=True, kw_only=True)
class PricedBasket:
    currency: str
    shops: tuple[Shop, ...]
    listings: Mapping[str, PricedListing]
    links: Mapping[str, PromotionLink]


@dataclass(frozen=True, kw_only=True)
class PromotionLink:
    link_id: str
    listing_id: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    discounts: tuple[CampaignDiscount, ...]
    refused: tuple[CouponRefusal, ...]


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Stock, coupons and the slot are held: all of them."""

    zone_id: str
    slot: Slot


@dataclass(frozen=True, kw_only=True)
class NotHeld:
    """Something could not be held. ``final`` when a peer refused; otherwise one did not answer in time.

    ``held_at`` names the peers that hold something, or may.
    """

    refusal: Refusal
    final: bool
    held_at: tuple[str, ...]


class Peers(Protocol):
    def price(
        self, lines: Sequence[BasketLine], drop_off: DropOff, window: Window | None = None
    ) -> PricedBasket:
        """Its shops have to be open now, or in time for the ``window``."""

    def evaluate(
        self, customer_id: str, coupon_codes: Sequence[str], shops: Sequence[QuotedShop], currency: str
    ) -> Evaluation: ...

    def hold(self, quote: Quote, order_id: str, expires_at: datetime) -> Hold | NotHeld:
        """Ask all peers at once; idempotent by ``order_id``."""

    def release(self, order_id: str, reason: str, held_at: Sequence[str] | None = None) -> bool:
        """Give back what is held for the order, at these peers or at all; False when one did not confirm."""


class SlotDesk(Protocol):
    """Slots of couriers at dispatch, and hours of shops at the storefront. Each may refuse."""

    def slot(self, slot_id: str) -> Window:
        """When a slot that takes another order begins and ends."""

    def slots(self, place: Position) -> tuple[Sequence[OfferedSlot], bool]:
        """The slots of a place that are not over, and whether its zone is paused."""

    def obstacles(
        self, items: Mapping[str, int], windows: Sequence[Window]
    ) -> tuple[Sequence[Sequence[Obstacle]], Sequence[Obstacle]]:
        """What keeps these shops from each window, and from "as soon as possible"."""

    def hold_move(self, order_id: str, number: int, items: Mapping[str, int], window: Window | None) -> None:
        """Hold shops' hours for a move beside those that the order has; idempotent by number."""

    def drop_move(self, order_id: str, number: int) -> None: ...

    def move(self, order_id: str, number: int, slot_id: str | None) -> Slot:
        """Give the delivery another slot; idempotent by number, and what was refused stays refused."""


# -- the payment provider --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ProviderRefund:
    refund_id: str
    charge_id: str
    method: str
    amount: int
    currency: str
    reason: str


class PaymentProvider(Protocol):
    """A system of somebody else: everything may be asked twice and takes effect once."""

    def start(self, payment: Payment, expires_in: timedelta) -> None:
        """Begin an attempt; the outcome arrives as a notification."""

    def close(self, payment_ids: Sequence[str]) -> Sequence[ProviderNotice]:
        """Let no money be taken from now on; answers the charges that were made before."""

    def refund(self, refunds: Sequence[ProviderRefund]) -> None:
        """Pay money back, once for each refund id."""
