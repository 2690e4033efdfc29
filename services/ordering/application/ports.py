"""What the use cases need of the world outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from services.ordering.application.case_ports import Cases, Photos
from services.ordering.application.review_ports import Reviews
from services.ordering.application.shopping_ports import ShoppingLists
from services.ordering.application.slot_ports import Rebookings
from services.ordering.domain.claims import CaseRules
from services.ordering.domain.commands import BasketLine, Notice, PayOrder, ProviderNotice
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.domain.events import RefundHandedBack
from services.ordering.domain.history import Step
from services.ordering.domain.load import Size
from services.ordering.domain.order import Order
from services.ordering.domain.payment import Action, Charge, Payment, ProviderRow, Surplus
from services.ordering.domain.places import DropOff, Slot, Window
from services.ordering.domain.pricing import CampaignDiscount
from services.ordering.domain.provider_refund import ProviderRefundProgress, RefundOutcome, RefundState
from services.ordering.domain.quote import CouponRefusal, Quote, QuotedShop, Shop
from services.ordering.domain.refund import Refund
from shared.kernel.errors import Refusal
from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long things last, and what a delivery costs.

    What peers hold for an order outlasts it by ``hold_grace``, which is longer than a quote is valid: so a
    second attempt to place never relies on a hold that ends before the order does. Shops have
    ``accept_within`` from the payment on (None: as long as they like), customers ``answer_within`` for a
    proposed substitution.
    An order of more than ``cash_maximum`` (minor units) is not paid at the door.
    """

    quote_validity: timedelta
    payment_window: timedelta
    hold_grace: timedelta
    after_sale_window: timedelta
    delivery_fee: DeliveryFeeRule
    accept_within: timedelta | None = None
    answer_within: timedelta = timedelta(minutes=10)
    cases: CaseRules = field(default_factory=CaseRules)
    review_editable_for: timedelta = timedelta(days=7)
    cash_maximum: int = 20_000


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
        """Write what has changed and its history, publish its events, and queue refunds for the provider."""

    def save_charged(
        self, order: Order, payment: Payment, charge: Charge, surplus: Surplus | None = None
    ) -> bool:
        """The same with money that the provider took; False, and nothing is done, when it is on record."""

    def note_courier(
        self,
        order_id: str,
        courier_id: str | None,
        eta: datetime | None,
        rank: int,
        *,
        second: bool = False,
    ) -> None:
        """Remember the newest assignment of the delivery, or of its ``second`` trip, by its rank.

        Raises OrderNotFound.
        """

    def unpaid_since(self, now: datetime, limit: int) -> Sequence[str]: ...

    def to_complete(self, now: datetime, limit: int) -> Sequence[str]:
        """Delivered orders whose after-sale window has closed, and of which no case is going on."""

    def lock_by_substitution(self, substitution_id: str) -> Order | None: ...

    def with_something_due(self, now: datetime, limit: int) -> Sequence[str]:
        """The orders of parts for which the clock has something to do by now, the most overdue first."""

    def steps_of(self, order_id: str) -> Sequence[Step]:
        """The order's history as it was written, oldest first."""

    def refunds_of_command(self, command_id: str) -> Sequence[Refund]: ...

    def refunds_of(self, order_id: str) -> Sequence[Refund]:
        """All refunds of the order, oldest first."""


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

    def add(self, payment: Payment) -> bool:
        """Keep an attempt of an order that is locked; False when one of this id is there."""

    def get(self, payment_id: str) -> Payment | None: ...

    def of_order(self, order_id: str) -> Sequence[Payment]:
        """All attempts, oldest first."""

    def open_of(self, order_id: str) -> Sequence[Payment]: ...

    def refunds_to_send(self, limit: int) -> Sequence[ProviderRefund]:
        """Claim refunds that are not confirmed yet; each is due again after a pause that grows."""

    def refunds_became(self, outcomes: Sequence[RefundOutcome], now: datetime) -> None:
        """Note what a provider says; what is not known, or forbidden by the table of states, is left."""

    def refunds_under_way(self, order_id: str) -> Sequence[ProviderRefundProgress]:
        """How far the order's refunds have come, also of charges that paid for nothing."""

    def refund_backlog(self) -> Mapping[RefundState, tuple[int, datetime]]:
        """How many refunds are in each state but confirmed, and when the oldest of them was asked for."""

    def lock_refund(self, refund_id: str) -> ProviderRefundProgress | None: ...

    def handed_back(self, event: RefundHandedBack) -> None:
        """Confirm the refund that is locked, and publish the event."""


class Campaigns(Protocol):
    def launched(
        self, campaign_id: str, shop_id: str | None, kind: str, starts_at: datetime, ends_at: datetime
    ) -> None: ...

    def ended(self, campaign_id: str) -> None: ...


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
    def cases(self) -> Cases: ...

    @property
    def photos(self) -> Photos: ...

    @property
    def reviews(self) -> Reviews: ...

    @property
    def lists(self) -> ShoppingLists: ...

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
    """A listing as the storefront sells it now; ``available`` is None where stock is not counted.

    ``unit_grams`` is what a unit weighs about, where it is sold by weight.
    """

    listing_id: str
    shop_id: str
    name: str
    unit: str
    category: str | None
    sourced: bool
    unit_price: int
    available: int | None
    unit_grams: int | None = None
    size: Size | None = None


@dataclass(frozen=True, kw_only=True)
class PricedBasket:
    currency: str
    shops: tuple[Shop, ...]
    listings: Mapping[str, PricedListing]
    links: Mapping[str, PromotionLink]


@dataclass(frozen=True, kw_only=True)
class PromotionLink:
    """``unit_price`` is the promoter's own price, if it set one."""

    link_id: str
    listing_id: str
    unit_price: Money | None = None


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

    def hold_substitute(
        self,
        substitution_id: str,
        listing_id: str,
        *,
        shop_id: str,
        currency: str,
        quantity: int,
        expires_at: datetime,
    ) -> PricedListing:
        """Hold units of a shop's own listing under the substitution's id, and tell what they are.

        Raises what the storefront refuses with, and :class:`SubstituteUnfit` for another shop's listing or
        one in another currency.
        """

    def release_substitute(self, substitution_id: str) -> None:
        """Give them back, as far as the storefront can be reached; the hold ends by itself."""

    def release(self, order_id: str, reason: str, held_at: Sequence[str] | None = None) -> bool:
        """Give back what is held for the order, at these peers or at all; False when one did not confirm."""


# -- the payment provider --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ProviderRefund:
    """Money to pay back of a charge that took ``charged``; ``attempt`` counts from 1."""

    refund_id: str
    charge_id: str
    payment_id: str
    charged: int
    method: str
    amount: int
    currency: str
    reason: str
    attempt: int


class PaymentProvider(Protocol):
    """A system of somebody else: everything may be asked twice and takes effect once."""

    @property
    def refund_takes(self) -> timedelta:
        """How long money is under way once the provider has accepted a refund, at most."""

    def start(self, payment: Payment, expires_in: timedelta, payer: str | None = None) -> Action | None:
        """Begin an attempt; answers what the customer's device has to do. The outcome is notified.

        Raises :class:`PayerNeeded` and :class:`ProviderUnavailable`.
        """

    def close(self, payment_ids: Sequence[str]) -> Sequence[ProviderNotice]:
        """Let no money be taken from now on; answers the charges that were made before."""

    def refund(self, refunds: Sequence[ProviderRefund]) -> Sequence[RefundOutcome]:
        """Pay money back, once for each refund id, and say how far each is."""

    def notices(self, headers: Mapping[str, str], body: str) -> Sequence[Notice]:
        """What a notification says, once the provider's signature over the bytes of ``body`` is verified.

        Raises :class:`BadSignature`, or InvalidInput for what is signed and cannot be read.
        """

    def statement(self, day: date) -> Sequence[ProviderRow]:
        """What the provider itself has on record for a day of UTC, in the order of time."""
