"""Cases, pictures, reviews and lists in memory are what they are on PostgreSQL: one story, told to both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from services.ordering.adapters.unit_of_work import UnitOfWorkSql
from services.ordering.contracts.message import Message
from services.ordering.domain.case import Case, CaseStatus, Claim, Party, Step
from services.ordering.domain.review import Review, ReviewKind, ReviewPublished
from services.ordering.domain.shopping_list import ListLine, Recurrence, ShoppingList
from shared.kernel.picture import read_picture
from shared.persistence import Database
from shared.testing.pictures import a_jpeg, a_png
from tests.ordering.builders import NOON
from tests.ordering.integration.conftest import Platform, Wire
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.ports.ordering import MemoryUnitOfWork
from tests.simulation.scheduler import Faults, Scheduler

LATER = NOON + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def a_case(order: Wire, number: int, due_at: datetime | None = LATER) -> Case:
    part = order["store_orders"][0]
    line = part["lines"][0]
    claim = Claim(
        line_id=line["line_id"], listing_id=line["listing_id"], name=line["name"], quantity=2, left=1
    )
    return Case(
        case_id=f"case-{number}",
        order_id=order["order_id"],
        store_order_id=part["store_order_id"],
        shop_id=part["shop_id"],
        merchant_id="merchant-1",
        customer_id="customer-1",
        currency="CNY",
        reason="damaged",
        claims=(claim,),
        opened_at=NOON - number * MINUTE,
        status=CaseStatus.OPEN,
        due_at=due_at,
        steps=(Step(at=NOON, by=Party.CUSTOMER, status=CaseStatus.OPEN, words="wet"),),
        photo_ids=("photo-1",),
    )


def a_review(order: Wire, kind: ReviewKind) -> Review:
    part = order["store_orders"][0]
    of_shop = kind is ReviewKind.SHOP
    return Review(
        review_id=f"review-{kind}",
        kind=kind,
        order_id=order["order_id"],
        customer_id="customer-1",
        store_order_id=part["store_order_id"] if of_shop else None,
        shop_id=part["shop_id"] if of_shop else None,
        merchant_id="merchant-1" if of_shop else None,
        courier_id=None if of_shop else "courier-1",
        stars=4,
        words=None,
        written_at=NOON,
    )


def story_of_cases(work: Any, order: Wire) -> list[Any]:
    cases = work.cases
    kept = [a_case(order, number, due_at) for number, due_at in ((2, LATER), (1, NOON), (3, None))]
    for case in kept:
        cases.add(case)
    seen = [cases.find("case-2"), cases.find("nobody"), cases.of_order(order["order_id"])]
    seen += [cases.of_order("another"), cases.due(LATER, 5), cases.due(LATER, 1), cases.due(NOON - MINUTE, 5)]
    moved = cases.find("case-2")
    moved.become(CaseStatus.REJECTED, by=Party.SHOP, at=NOON, due_at=LATER + MINUTE, words="No")
    cases.save(moved)
    paid = cases.find("case-1")
    paid.fault = "courier"
    paid.pay_back(1250, by=Party.CLOCK, at=LATER, words=None)
    cases.save(paid)
    return [*seen, cases.of_order(order["order_id"]), cases.due(LATER + MINUTE, 5)]


def story_of_photos(work: Any, order: Wire) -> list[Any]:
    photos, first, second = work.photos, read_picture(a_jpeg()), read_picture(a_png())
    photos.keep("case-1", "photo-1", "customer-1", first, NOON)
    photos.keep("case-1", "photo-1", "customer-1", second, LATER)
    photos.keep("case-2", "photo-1", "customer-1", second, LATER)
    photos.keep("case-3", "photo-1", "customer-2", second, LATER)
    seen = [photos.of("case-1", "photo-1"), photos.of("case-1", "photo-2")]
    photos.forget_before(LATER)
    seen += [photos.of("case-1", "photo-1"), photos.of("case-2", "photo-1")]
    return [
        *seen,
        photos.forget_of("customer-1"),
        photos.forget_of("customer-1"),
        photos.of("case-3", "photo-1"),
    ]


def story_of_reviews(work: Any, order: Wire) -> list[Any]:
    reviews = work.reviews
    for kind in (ReviewKind.DELIVERY, ReviewKind.SHOP):
        review = a_review(order, kind)
        review.recorded.append(ReviewPublished(review=review, version=1, published_at=NOON))
        reviews.save(review)
    changed = reviews.lock("review-shop")
    changed.change(1, "sour", LATER, timedelta(days=7))
    changed.answer("Sorry", LATER)
    changed.hide("other", LATER)
    reviews.save(changed)
    seen = [reviews.find("review-shop"), reviews.lock("nobody"), reviews.of_order(order["order_id"])]
    return [*seen, reviews.of_order("another")]


def story_of_lists(work: Any, order: Wire) -> list[Any]:
    lists = work.lists
    for number, days in ((2, ("tue",)), (1, ("mon",)), (3, ())):
        made = ShoppingList(
            list_id=f"list-{number}",
            customer_id="customer-1",
            name="for us",
            lines=(ListLine(listing_id="apples", quantity=2, name="Apples"),),
            created_at=NOON + number * MINUTE,
        )
        made.recur(Recurrence(days=days, at=time(20, 0), every_weeks=2) if days else None, NOON)
        lists.save(made)
    seen = [lists.of_customer("customer-1"), lists.of_customer("nobody"), lists.find("list-2")]
    seen += [
        lists.due(NOON + timedelta(days=2), 5),
        lists.due(NOON + timedelta(days=2), 1),
        lists.due(NOON, 5),
    ]
    due = lists.lock("list-1")
    due.remind(NOON + timedelta(days=1))
    lists.save(due)
    lists.delete("list-2")
    return [*seen, lists.find("list-1"), lists.find("list-2"), lists.due(NOON + timedelta(days=2), 5)]


@pytest.mark.parametrize(
    "story",
    [story_of_cases, story_of_photos, story_of_reviews, story_of_lists],
    ids=lambda each: each.__name__,
)
def test_both_tell_the_same_story(
    story: Callable[[Any, Wire], list[Any]], service_database: Callable[[str], Database]
) -> None:
    platform = Platform(service_database("ordering"))
    order = platform.paid()
    told: list[list[Message]] = [[], []]
    memory = MemoryUnitOfWork(MemoryConnection(MemoryDatabase("ordering", Scheduler(0, Faults())), None))
    _publishing(memory, told[0].append)
    with platform.database.transaction() as transaction:
        real = UnitOfWorkSql.over(transaction)
        _publishing(real, told[1].append)
        found = _plain(story(real, order))
    assert _plain(story(memory, order)) == found
    assert told[0] == told[1]
    assert told[0] or story is story_of_photos


def _publishing(work: Any, publish: Callable[[Message], None]) -> None:
    for port in (work.cases, work.reviews, work.lists):
        port._publish = publish


def _plain(seen: Any) -> Any:
    if isinstance(seen, list | tuple):
        return [_plain(each) for each in seen]
    return replace(seen, recorded=[]) if isinstance(seen, Case | Review | ShoppingList) else seen
