from __future__ import annotations

from itertools import permutations

import pytest

from services.storefront.domain.reservation import Move, Release, Reservation, Status

LINES = {"apple": 3, "pear": 1}
HELD = Reservation(order_id="order", lines=LINES)
NOTHING = Reservation(order_id="order")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (NOTHING, Status.UNKNOWN),
        (HELD, Status.HELD),
        (HELD.with_payment(None), Status.SOLD),
        (HELD.with_release(Release.ORDER_EXPIRED), Status.RELEASED),
        (HELD.with_release(Release.TIMED_OUT).with_payment(None), Status.SOLD),
        (HELD.with_return("refund", LINES), Status.HELD),
        (NOTHING.with_release(Release.RELEASED_BY_ORDERING), Status.RELEASED),
        (NOTHING.with_payment(LINES), Status.SOLD),
        (NOTHING.with_payment(None), Status.UNKNOWN),
        (NOTHING.with_return("refund", LINES), Status.UNKNOWN),
    ],
)
def test_the_status_follows_from_the_facts(facts, status):
    assert facts.status is status


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (NOTHING, HELD, {"apple": Move(held=3), "pear": Move(held=1)}),
        (HELD, HELD.with_payment(None), {"apple": Move(owned=-3, held=-3), "pear": Move(owned=-1, held=-1)}),
        (HELD, HELD.with_release(Release.TIMED_OUT), {"apple": Move(held=-3), "pear": Move(held=-1)}),
        (HELD, HELD.with_return("refund", LINES), {}),
        (NOTHING, NOTHING.with_release(Release.TIMED_OUT), {}),
        (
            HELD.with_payment(None),
            HELD.with_payment(None).with_return("refund", {"apple": 2}),
            {"apple": Move(owned=2)},
        ),
        (
            HELD.with_release(Release.TIMED_OUT),
            HELD.with_release(Release.TIMED_OUT).with_payment(None),
            {"apple": Move(owned=-3), "pear": Move(owned=-1)},
        ),
    ],
)
def test_the_stock_follows_by_the_difference(before, after, moves):
    assert after.moves_from(before) == moves


def test_facts_in_any_order_lead_to_the_same_reservation():
    facts = [
        lambda known: known.with_payment(LINES),
        lambda known: known.with_release(Release.TIMED_OUT),
        lambda known: known.with_release(Release.ORDER_EXPIRED),
        lambda known: known.with_return("one", {"apple": 1}),
        lambda known: known.with_return("two", {"apple": 1}),
        lambda known: known.with_return("one", {"apple": 1}),
    ]
    ends = []
    for order in permutations(facts):
        known = HELD
        for fact in order:
            known = fact(known)
        ends.append(known)
    assert all(end == ends[0] for end in ends)


def test_every_release_has_a_reason_to_tell():
    assert [release.reason for release in Release] == [
        "timed-out",
        "order-expired",
        "order-cancelled",
        "released-by-ordering",
    ]
