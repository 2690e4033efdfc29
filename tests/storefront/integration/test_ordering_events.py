"""What the storefront makes of ordering's news, in every order and any number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.messaging.envelope import Event
from shared.messaging.inbox import consume
from shared.persistence import Database
from tests.storefront.builders import Street

SUBSCRIPTION = "storefront.from.ordering"
_numbers = count(1)


def event(type: str, order_id: str, **data: Any) -> Event:
    return Event(
        id=f"event-{next(_numbers)}",
        type=type,
        source="ordering",
        subject=order_id,
        time="2026-01-05T10:00:00.000Z",
        version=1,
        sequence=1,
        data={"order_id": order_id} | data,
    )


def lines(quantities: dict[str, int]) -> list[dict[str, Any]]:
    return [{"listing_id": key, "quantity": quantity} for key, quantity in quantities.items()]


def paid(order_id: str, **quantities: int) -> Event:
    return event("OrderPaid", order_id, store_orders=[{"lines": lines(quantities)}])


def refunded(order_id: str, refund_id: str = "refund", *, restock: bool = True, **quantities: int) -> Event:
    return event(
        "RefundIssued",
        order_id,
        refund_id=refund_id,
        store_order_id="store-order",
        restock=restock,
        lines=lines(quantities),
    )


def cancelled(order_id: str, *, was_paid: bool) -> Event:
    return event("OrderCancelled", order_id, was_paid=was_paid, reason="changed my mind")


def answered(substitution_id: str, status: str, **quantities: int) -> Event:
    (listing_id, quantity) = next(iter(quantities.items()))
    return event(
        "SubstitutionAnswered",
        "order-with-a-substitute",
        substitution_id=substitution_id,
        substitute_listing_id=listing_id,
        quantity=quantity,
        status=status,
    )


def substitute_refunded(substitution_id: str, refund_id: str, **quantities: int) -> Event:
    """Of an order's refund, the lines that are of what came in the place of something."""
    named = [line | {"substitution_id": substitution_id} for line in lines(quantities)]
    return event(
        "RefundIssued",
        "order-with-a-substitute",
        refund_id=refund_id,
        store_order_id="store-order",
        restock=True,
        lines=named,
    )


def expired(order_id: str) -> Event:
    return event("OrderExpired", order_id)


def hear(street: Street, *events: Event) -> None:
    def handler(tx, news):
        type(street.service).on_ordering.handle(street.service, tx, news)

    consume(street.database, SUBSCRIPTION, handler, events)


@pytest.fixture
def stocked(street: Street) -> Street:
    street.open_shop()
    for listing_id in ("apple", "pear"):
        street.list_goods(listing_id, stock=10)
    return street


def test_a_payment_turns_held_units_into_sold_ones(stocked: Street):
    stocked.reserve(apple=3, pear=1)
    news = paid("order", apple=3, pear=1)
    hear(stocked, news)
    hear(stocked, news)
    assert (stocked.level("apple"), stocked.level("pear")) == ((7, 0), (9, 0))


def test_selling_the_last_unit_is_told_once(stocked: Street):
    stocked.reserve(apple=10)
    assert stocked.published("ListingSoldOut") == []
    hear(stocked, paid("order", apple=10))
    assert stocked.published("ListingSoldOut") == [{"listing_id": "apple", "shop_id": "fruit"}]


@pytest.mark.parametrize("end", [cancelled("order", was_paid=False), expired("order")])
def test_an_unpaid_end_gives_the_units_back_once(stocked: Street, end: Event):
    stocked.reserve(apple=3)
    hear(stocked, end)
    stocked.clock.advance(timedelta(hours=1))
    stocked.service.expire_reservations()
    stocked.service.release(order_id="order", reason="late")
    assert stocked.level() == (10, 0)
    assert len(stocked.published("StockReleased")) == 1


def test_a_cancelled_paid_order_returns_its_units_with_the_refund_and_only_once(stocked: Street):
    stocked.reserve(apple=3)
    hear(stocked, paid("order", apple=3), cancelled("order", was_paid=True))
    assert stocked.level() == (7, 0)
    refund = refunded("order", apple=3)
    hear(stocked, refund)
    hear(stocked, refunded("order", apple=3))
    assert stocked.level() == (10, 0)


def test_a_substitute_is_held_and_then_sold_and_comes_back_as_itself(stocked: Street):
    """Rule 15: its stock is the substitution's own, and what it replaces is left alone."""
    stocked.reserve("substitution", pear=2)
    assert stocked.level("pear") == (10, 2)
    hear(stocked, answered("substitution", "accepted", pear=2), answered("substitution", "accepted", pear=2))
    assert (stocked.level("pear"), stocked.level("apple")) == ((8, 0), (10, 0))
    hear(stocked, substitute_refunded("substitution", "refund", pear=1))
    assert (stocked.level("pear"), stocked.level("apple")) == ((9, 0), (10, 0))


@pytest.mark.parametrize("status", ["declined", "void"])
def test_a_substitute_that_is_not_taken_is_free_again(stocked: Street, status: str):
    stocked.reserve("substitution", pear=2)
    hear(stocked, answered("substitution", status, pear=2))
    assert stocked.level("pear") == (10, 0)


def test_a_refund_without_restock_returns_nothing(stocked: Street):
    stocked.reserve(apple=3)
    hear(stocked, paid("order", apple=3), refunded("order", restock=False, apple=3))
    assert stocked.level() == (7, 0)


def test_never_more_comes_back_than_was_sold(stocked: Street):
    stocked.reserve(apple=3)
    hear(stocked, paid("order", apple=3))
    hear(stocked, refunded("order", "one", apple=2), refunded("order", "two", apple=2))
    assert stocked.level() == (10, 0)


def test_a_payment_heard_after_the_hold_ran_out_still_sells_the_units(stocked: Street):
    stocked.reserve(apple=3)
    stocked.clock.advance(timedelta(hours=1))
    stocked.service.expire_reservations()
    hear(stocked, paid("order", apple=3))
    assert stocked.level() == (7, 0)


def test_units_sold_twice_by_a_late_payment_are_made_good_by_the_next_that_come_free(stocked: Street):
    stocked.reserve("late", apple=10)
    stocked.clock.advance(timedelta(hours=1))
    stocked.service.expire_reservations()
    stocked.reserve("other", apple=8)
    hear(stocked, paid("late", apple=10))
    assert stocked.level() == (8, 8)
    stocked.service.release(order_id="other", reason="changed my mind")
    assert stocked.level() == (0, 0)


def test_an_event_that_is_not_as_promised_is_put_aside_and_the_next_one_is_taken_in(stocked: Street):
    stocked.reserve(apple=3)
    hear(stocked, event("OrderPaid", "order"), paid("order", apple=3))
    assert stocked.level() == (7, 0)
    with stocked.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox_retry").scalar() == 1


@dataclass(frozen=True)
class Story:
    """What one order holds at the start, and what ordering will say of it."""

    order_id: str
    held: dict[str, int]
    news: tuple[Event, ...]


def _story(order_id: str, kind: str) -> Story:
    held = {"apple": 2, "pear": 3}
    news = {
        "paid": (paid(order_id, **held),),
        "expired": (expired(order_id), expired(order_id)),
        "cancelled": (cancelled(order_id, was_paid=False), expired(order_id)),
        "cancelled paid": (
            paid(order_id, **held),
            cancelled(order_id, was_paid=True),
            refunded(order_id, f"{order_id}-all", **held),
        ),
        "partly refunded": (
            paid(order_id, **held),
            refunded(order_id, f"{order_id}-1", apple=1),
            refunded(order_id, f"{order_id}-2", apple=1, pear=1),
            refunded(order_id, f"{order_id}-3", restock=False, pear=2),
        ),
        "late success": (
            expired(order_id),
            paid(order_id, **held),
            refunded(order_id, f"{order_id}-x", **held),
        ),
        "substituted": (
            answered(order_id, "accepted", apple=2),
            substitute_refunded(order_id, f"{order_id}-z", apple=1),
        ),
        "not substituted": (answered(order_id, "declined", apple=2),),
        "never held": (paid(order_id, apple=4), refunded(order_id, f"{order_id}-y", apple=1)),
    }[kind]
    if "substituted" in kind:
        held = {"apple": 2}
    return Story(order_id, {} if kind == "never held" else held, news)


KINDS = [
    *("paid", "expired", "cancelled", "cancelled paid", "partly refunded", "late success", "never held"),
    *("substituted", "not substituted"),
]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Story], list[list[Event]], bool]:
    """Stories, and their news shuffled, repeated and cut into batches; whether the timer ran before."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    stories = [_story(f"order-{index}", kind) for index, kind in enumerate(kinds)]
    news = [item for story in stories for item in story.news]
    repeated = draw(st.lists(st.sampled_from(news), max_size=5))
    arrivals = draw(st.permutations(news + repeated))
    cuts = draw(st.lists(st.integers(0, len(arrivals)), max_size=3).map(sorted))
    batches = [arrivals[a:b] for a, b in zip([0, *cuts], [*cuts, len(arrivals)], strict=True)]
    return stories, [batch for batch in batches if batch], draw(st.booleans())


@given(delivery=deliveries())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_order_and_any_repetition_end_in_the_same_state(service_database, delivery):
    stories, batches, timer_first = delivery
    straight = [[item for story in stories for item in story.news]]
    expected = _state_after(service_database, stories, straight, timer_first=False)
    assert _state_after(service_database, stories, batches, timer_first=timer_first) == expected
    for stock, reserved, short in expected[0].values():
        assert min(stock, reserved, short) >= 0


def _state_after(
    service_database: Callable[[str], Database],
    stories: Sequence[Story],
    batches: Sequence[Sequence[Event]],
    *,
    timer_first: bool,
) -> tuple[dict[str, tuple[int, int, int]], dict[str, tuple[Any, ...]]]:
    """Levels and reservations after the stories were held and the batches heard.

    Every story ends its order, so a hold that the timer gave back meanwhile leaves no trace but its reason.
    """
    street = Street(service_database("storefront"))
    with street.database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "TRUNCATE reservation, stock_level, listing, shop, inbox, outbox CASCADE"
        )
    street.open_shop()
    for listing_id in ("apple", "pear"):
        street.list_goods(listing_id, stock=20)
    for story in stories:
        if story.held:
            street.reserve(story.order_id, **story.held)
    if timer_first:
        street.clock.advance(timedelta(hours=1))
        street.service.expire_reservations()
    for batch in batches:
        hear(street, *batch)
    with street.database.read() as connection:
        parked = connection.exec_driver_sql("SELECT count(*) FROM inbox_retry").scalar()
        assert parked == 0
        levels = connection.exec_driver_sql("SELECT listing_id, stock, reserved, short FROM stock_level")
        reservations = connection.exec_driver_sql(
            "SELECT order_id, status, lines, paid, nullif(release, 1), returns FROM reservation"
        )
        return (
            {row[0]: (row[1], row[2], row[3]) for row in levels},
            {row[0]: tuple(row[1:]) for row in reservations},
        )
