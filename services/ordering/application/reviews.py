"""Reviews of shops and deliveries: one each an order, written once the goods have come."""

from __future__ import annotations

from datetime import datetime

from services.ordering.application.ports import Rules, Transactions, UnitOfWork
from services.ordering.domain.case_commands import KeepPicture
from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import (
    NotForThisRole,
    OrderNotFound,
    ReviewNotFound,
    StoreOrderNotFound,
    TooManyPhotos,
)
from services.ordering.domain.order import Order
from services.ordering.domain.review import (
    MOST_PHOTOS,
    Review,
    ReviewKind,
    review_id,
    review_of_delivery,
    review_of_shop,
)
from services.ordering.domain.review_commands import (
    AnswerReview,
    HideReview,
    ReviewDelivery,
    ReviewShop,
)
from services.ordering.domain.seeing import seen_order
from shared.kernel.clock import Clock
from shared.kernel.picture import Picture, read_picture


def of_shop(command: ReviewShop, *, transactions: Transactions, clock: Clock, rules: Rules) -> Review:
    """Say how a shop's part was, or say it otherwise for as long as that is open."""
    with transactions.begin() as work:
        order = work.orders.lock_by_store_order(command.store_order_id)
        if order is None or order.customer_id != command.actor.account_id:
            raise StoreOrderNotFound
        known = work.reviews.lock(review_id(ReviewKind.SHOP, command.store_order_id))
        at = clock.now()
        review = known or review_of_shop(
            order, command.store_order_id, stars=command.stars, words=command.words, at=at
        )
        return _kept(work, review, command, at, rules)


def of_delivery(command: ReviewDelivery, *, transactions: Transactions, clock: Clock, rules: Rules) -> Review:
    """Say how the delivery was, or say it otherwise for as long as that is open."""
    with transactions.begin() as work:
        order = work.orders.lock(command.order_id)
        if order is None or order.customer_id != command.actor.account_id:
            raise OrderNotFound
        known = work.reviews.lock(review_id(ReviewKind.DELIVERY, command.order_id))
        at = clock.now()
        review = known or review_of_delivery(order, stars=command.stars, words=command.words, at=at)
        return _kept(work, review, command, at, rules)


def answer(command: AnswerReview, *, transactions: Transactions, clock: Clock) -> Review:
    """The merchant's answer, once; the same words again change nothing."""
    with transactions.begin() as work:
        review = work.reviews.lock(command.review_id)
        if review is None or review.merchant_id != command.actor.account_id:
            raise ReviewNotFound
        review.answer(command.words, clock.now())
        work.reviews.save(review)
    return review


def hide(command: HideReview, *, transactions: Transactions, clock: Clock) -> Review:
    """An operator takes a review out of sight and out of the average. It stays hidden when it is changed."""
    if not command.actor.is_operator:
        raise NotForThisRole("Only operators hide reviews.")
    with transactions.begin() as work:
        review = work.reviews.lock(command.review_id)
        if review is None:
            raise ReviewNotFound
        review.hide(command.reason, clock.now())
        work.reviews.save(review)
    return review


def keep_picture(command: KeepPicture, *, transactions: Transactions, clock: Clock) -> Picture:
    """Keep a picture with a review of one's own; the same ``photo_id`` is the same picture."""
    picture = read_picture(command.content)
    with transactions.begin() as work:
        review = work.reviews.lock(command.owner_id)
        if review is None or review.customer_id != command.actor.account_id:
            raise ReviewNotFound
        if command.photo_id not in review.photo_ids:
            if len(review.photo_ids) >= MOST_PHOTOS:
                raise TooManyPhotos(f"{MOST_PHOTOS} pictures are enough.")
            review.photo_ids = (*review.photo_ids, command.photo_id)
            work.photos.keep(review.review_id, command.photo_id, review.customer_id, picture, clock.now())
            work.reviews.save(review)
    return picture


def seen(review_id: str, actor: Actor | None, *, transactions: Transactions) -> Review:
    """A review for whoever may look at its pictures: everybody, unless it is hidden."""
    with transactions.single() as work:
        found = work.reviews.find(review_id)
    mine = actor is not None and found is not None and found.customer_id == actor.account_id
    operates = actor is not None and actor.is_operator
    if found is None or (found.is_hidden and not (mine or operates)):
        raise ReviewNotFound
    if found.kind is ReviewKind.DELIVERY and not (mine or operates):
        raise ReviewNotFound
    return found


def of_order(order: Order | None, actor: Actor, *, transactions: Transactions) -> list[Review]:
    """The reviews of an order, for its customer and operators."""
    seen = seen_order(order, actor)
    with transactions.single() as work:
        return list(work.reviews.of_order(seen.order_id))


def _kept(
    work: UnitOfWork, review: Review, said: ReviewShop | ReviewDelivery, at: datetime, rules: Rules
) -> Review:
    review.change(said.stars, said.words, at, rules.review_editable_for)
    work.reviews.save(review)
    return review
