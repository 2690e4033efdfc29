"""What customers say of shops and deliveries once their goods have come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.ordering.domain.errors import NotReceived, ReviewTooOld, WrongState
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import StoreStatus
from shared.kernel.ids import derived_id


class ReviewKind(StrEnum):
    SHOP = "shop"
    DELIVERY = "delivery"


# Why an operator hides a review: told to everybody, so codes.
HIDING_REASONS = ("insult", "off-topic", "personal-data", "advertising", "not-a-customer", "other")
MOST_PHOTOS = 6
RECEIVED = frozenset({StoreStatus.DELIVERED, StoreStatus.COMPLETED})


@dataclass(frozen=True, kw_only=True)
class ReviewPublished:
    """``version`` counts from 1; a later one takes the place of the earlier."""

    review: Review
    version: int
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReviewHidden:
    review: Review
    reason: str
    hidden_at: datetime


Event = ReviewPublished | ReviewHidden


@dataclass(kw_only=True)
class Review:
    """One of a shop's part of an order, or one of the order's delivery. ``reply`` is the merchant's, once."""

    review_id: str
    kind: ReviewKind
    order_id: str
    customer_id: str
    store_order_id: str | None
    shop_id: str | None
    merchant_id: str | None
    courier_id: str | None
    stars: int
    words: str | None
    written_at: datetime
    version: int = 1
    changed_at: datetime | None = None
    reply: str | None = None
    replied_at: datetime | None = None
    hidden_for: str | None = None
    photo_ids: tuple[str, ...] = ()
    recorded: list[Event] = field(default_factory=list)

    @property
    def is_hidden(self) -> bool:
        return self.hidden_for is not None

    def change(self, stars: int, words: str | None, at: datetime, editable_for: timedelta) -> None:
        """Say it otherwise; raises :class:`ReviewTooOld` when that is not open any more.

        What an operator has hidden stays hidden.
        """
        if (stars, words) == (self.stars, self.words):
            return
        if at >= self.written_at + editable_for:
            raise ReviewTooOld
        self.stars, self.words, self.changed_at = stars, words, at
        self.version += 1
        self.recorded.append(ReviewPublished(review=self, version=self.version, published_at=at))

    def answer(self, words: str, at: datetime) -> None:
        """The merchant's reply; raises :class:`WrongState` when there is another one."""
        if self.reply == words:
            return
        if self.reply is not None:
            raise WrongState("This review has its answer.")
        self.reply, self.replied_at = words, at

    def hide(self, reason: str, at: datetime) -> None:
        if self.hidden_for is None:
            self.hidden_for = reason
            self.recorded.append(ReviewHidden(review=self, reason=reason, hidden_at=at))


def review_of_shop(
    order: Order, store_order_id: str, *, stars: int, words: str | None, at: datetime
) -> Review:
    """The one review of a part that has come. Raises :class:`NotReceived`."""
    store = order.store(store_order_id)
    if store.status not in RECEIVED:
        raise NotReceived
    return _published(
        Review(
            review_id=review_id(ReviewKind.SHOP, store_order_id),
            kind=ReviewKind.SHOP,
            order_id=order.order_id,
            customer_id=order.customer_id,
            store_order_id=store_order_id,
            shop_id=store.shop_id,
            merchant_id=store.merchant_id,
            courier_id=None,
            stars=stars,
            words=words,
            written_at=at,
        )
    )


def review_of_delivery(order: Order, *, stars: int, words: str | None, at: datetime) -> Review:
    """The one review of an order's delivery. Raises :class:`NotReceived`."""
    if order.delivered_at is None:
        raise NotReceived
    return _published(
        Review(
            review_id=review_id(ReviewKind.DELIVERY, order.order_id),
            kind=ReviewKind.DELIVERY,
            order_id=order.order_id,
            customer_id=order.customer_id,
            store_order_id=None,
            shop_id=None,
            merchant_id=None,
            courier_id=order.delivery.delivered_by or order.delivery.first.courier_id,
            stars=stars,
            words=words,
            written_at=at,
        )
    )


def review_id(kind: ReviewKind, of: str) -> str:
    """The id of the review of a store order, or of an order's delivery: there is one of each."""
    return derived_id("review", kind, of)


def _published(review: Review) -> Review:
    review.recorded.append(ReviewPublished(review=review, version=1, published_at=review.written_at))
    return review
