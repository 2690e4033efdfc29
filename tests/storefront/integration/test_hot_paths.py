"""What every order goes through stays cheap: counted in statements, not in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from services.storefront.domain.errors import OutOfStock, ReservationReleased
from tests.storefront.builders import Street
from tests.storefront.integration.test_ordering_events import expired, hear, paid, refunded


@contextmanager
def statements(street: Street) -> Iterator[list[str]]:
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(street.database.engine, "before_cursor_execute", see)
    yield seen
    event.remove(street.database.engine, "before_cursor_execute", see)


@pytest.fixture
def stocked(street: Street) -> Street:
    street.open_shop()
    for listing_id in ("apple", "pear"):
        street.list_goods(listing_id, stock=20)
    return street


def test_reserving_takes_one_statement_beside_the_outbox(stocked: Street):
    with statements(stocked) as seen:
        stocked.reserve(apple=2, pear=1)
    assert len(seen) == 2, seen


def test_a_basket_none_of_which_is_left_is_refused_and_leaves_nothing_behind(stocked: Street):
    with pytest.raises(OutOfStock):
        stocked.reserve(apple=21, pear=21)
    stocked.reserve(apple=20)
    assert (stocked.level("apple"), stocked.level("pear")) == ((20, 20), (20, 0))


def test_an_order_given_up_before_takes_nothing(stocked: Street):
    hear(stocked, expired("order"))
    with pytest.raises(ReservationReleased):
        stocked.reserve(apple=2)
    assert stocked.level() == (20, 0)


def test_a_batch_of_payments_takes_two_statements_beside_the_inbox(stocked: Street):
    for number in range(6):
        stocked.reserve(f"order-{number}", apple=2, pear=1)
    with statements(stocked) as seen:
        hear(stocked, *(paid(f"order-{number}", apple=2, pear=1) for number in range(6)))
    assert len(seen) == 3, seen
    assert (stocked.level("apple"), stocked.level("pear")) == ((8, 0), (14, 0))


def test_payments_among_other_news_of_a_batch_move_the_stock_with_them(stocked: Street):
    for number in range(3):
        stocked.reserve(f"order-{number}", apple=2)
    hear(stocked, paid("order-0", apple=2))
    # One gives units back before any payment of the batch is heard of; one was never held at all.
    news = [refunded("order-0", apple=1), paid("order-1", apple=2), expired("order-2"), paid("other", pear=3)]
    hear(stocked, *news)
    assert (stocked.level("apple"), stocked.level("pear")) == ((17, 0), (17, 0))
