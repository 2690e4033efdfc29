"""What is known of one order, in whatever order it was learnt. Amounts are minor units of one currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.kernel.money import share

CASH = "cash"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkTerms:
    """The terms of a promotion link as they stood when the order was paid.

    ``refused`` says why it earns nothing although the order names it.
    """

    link_id: str
    promoter_shop_id: str
    promoter_owner_id: str
    listing_id: str
    rate_bp: int | None
    offer_id: str | None = None
    offer_version: int | None = None
    recruiter_shop_id: str | None = None
    recruiter_owner_id: str | None = None
    recruiter_bp: int = 0
    refused: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sourcing:
    """What was settled at payment about a line of sourced goods: whose sale it is, and what it costs.

    ``by`` says what attributes it (`link`, `click`, `bound`), ``cost`` is what its supplier gets for it
    before the discounts that the supplier bears.
    """

    line_id: str
    quantity: int
    link_id: str | None = None
    by: str | None = None
    cost: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidLine:
    """A line as it was paid for; ``delivery_fee`` is its share of the order's."""

    line_id: str
    listing_id: str
    category: str
    paid: int
    goods: int
    platform_discount: int
    promotion_link_id: str | None = None
    delivery_fee: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidPart:
    """One store order as it was paid for."""

    store_order_id: str
    shop_id: str
    merchant_id: str
    lines: tuple[PaidLine, ...]

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paid:
    customer_id: str
    paid_at: datetime
    total: int
    delivery_fee: int
    parts: tuple[PaidPart, ...]
    links: tuple[LinkTerms, ...] = ()
    zone_id: str | None = None
    sourcing: tuple[Sourcing, ...] = ()
    # The payment that its provider's file knows; not kept of orders paid before there was a need.
    payment_id: str | None = None
    tip: int = 0
    method: str | None = None

    @property
    def is_cash(self) -> bool:
        """Confirmed by the customer, and collected at the door."""
        return self.method == CASH


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """``collected`` is what the courier took at the door."""

    delivered_at: datetime
    store_order_ids: tuple[str, ...]
    courier_id: str | None = None
    collected: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """A courier's finished work for the order. Older rows do not say which delivery it was."""

    courier_id: str
    completed_at: datetime
    pickups: int
    distance_m: int
    zone_id: str | None = None
    delivery_id: str | None = None

    def is_same(self, other: Trip) -> bool:
        if None not in {self.delivery_id, other.delivery_id}:
            return self.delivery_id == other.delivery_id
        return (self.courier_id, self.completed_at) == (other.courier_id, other.completed_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundedLine:
    """What a refund takes back of a line; ``goods`` is its price before discounts, where that was noted."""

    line_id: str
    amount: int
    platform_discount: int
    goods: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund:
    refund_id: str
    store_order_id: str | None
    amount: int
    delivery_fee: int
    lines: tuple[RefundedLine, ...]
    borne_by: str = "shop"
    tip: int = 0
    issued_at: datetime | None = None

    @property
    def is_borne_by_shop(self) -> bool:
        return self.borne_by == "shop"


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedBack:
    """A refund of collected money that is in the customer's hands: from a courier's, or the platform's."""

    amount: int
    courier_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderFacts:
    """Everything heard of one order. Parts may be missing: they were not heard yet, or never happened.

    ``verdicts`` are the reasons for which promoters earn nothing, found once, when their commissions
    accrued: by link and level. ``trip`` is the one that was handed over last, by what dispatch says when all
    was delivered; of a split delivery ``earlier_trips`` are those that it told of before, by delivery.
    """

    order_id: str
    currency: str | None = None
    paid: Paid | None = None
    delivered: Delivered | None = None
    trip: Trip | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    verdicts: Mapping[tuple[str, int], str] | None = None
    handed_back: dict[str, HandedBack] = field(default_factory=dict)
    earlier_trips: dict[str, Trip] = field(default_factory=dict)

    @property
    def trips(self) -> tuple[Trip, ...]:
        """Every trip of the order, once, as they were handed over one after the other."""
        if not self.earlier_trips:
            return () if self.trip is None else (self.trip,)
        trips, last = list(self.earlier_trips.values()), self.trip
        if last is not None:
            trips = [*(trip for trip in trips if not trip.is_same(last)), last]
        return tuple(sorted(trips, key=lambda trip: (trip.completed_at, trip.delivery_id or "")))

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds.values())

    def is_made_good(self, refund: Refund) -> bool:
        """The shop delivered and keeps its sale; what did not arrive is no sale, whoever is at fault."""
        delivered = self.delivered.store_order_ids if self.delivered else ()
        return not refund.is_borne_by_shop and refund.store_order_id in delivered


def with_delivery_fee(parts: Iterable[PaidPart], fee: int) -> tuple[PaidPart, ...]:
    """``parts`` whose lines hold ``fee``, shared by what was paid for each, by largest remainder.

    Ties go to the lower id. Where nothing was paid the prices decide, and where there is none, nothing does.
    """
    parts = tuple(parts)
    lines = sorted((line for part in parts for line in part.lines), key=lambda line: line.line_id)
    if not lines:
        return parts
    weights = [[line.paid for line in lines], [line.goods for line in lines], [1] * len(lines)]
    shares = share(fee, next(each for each in weights if any(each)))
    by_id = dict(zip((line.line_id for line in lines), shares, strict=True))
    return tuple(
        replace(part, lines=tuple(replace(line, delivery_fee=by_id[line.line_id]) for line in part.lines))
        for part in parts
    )
