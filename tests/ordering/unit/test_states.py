"""The written tables of states, over all pairs and mixes."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest

from services.ordering.domain import payment, store_order
from services.ordering.domain.errors import WrongState
from services.ordering.domain.order_status import OrderStatus, order_status
from services.ordering.domain.payment import Payment, PaymentStatus
from services.ordering.domain.store_order import StoreStatus
from tests.ordering.builders import NOON, the_stores

# What a person would say, spelled out once more beside the code's own table.
STORE_MOVES = """
awaiting_payment > placed cancelled expired
placed > accepted rejected cancelled picked_up delivered
accepted > ready rejected cancelled picked_up delivered
ready > rejected cancelled picked_up delivered
picked_up > delivered rejected cancelled
delivered > completed
completed >
rejected >
cancelled >
expired >
"""
PAYMENT_MOVES = """
due > succeeded
pending > succeeded failed refunded
failed > succeeded refunded
succeeded > refunded
refunded >
"""


def moves(text: str) -> set[tuple[str, str]]:
    allowed = set()
    for line in text.strip().splitlines():
        start, _, goals = line.partition(">")
        allowed |= {(start.strip(), goal) for goal in goals.split()}
    return allowed


@pytest.mark.parametrize(("start", "goal"), list(product(StoreStatus, StoreStatus)))
def test_a_store_order_moves_as_the_table_says(start: StoreStatus, goal: StoreStatus) -> None:
    store = replace(the_stores()[0], status=start)
    if (start.value, goal.value) in moves(STORE_MOVES):
        assert store.become(goal).status is goal
    else:
        with pytest.raises(WrongState):
            store.become(goal)


@pytest.mark.parametrize(("start", "goal"), list(product(PaymentStatus, PaymentStatus)))
def test_a_payment_moves_as_the_table_says(start: PaymentStatus, goal: PaymentStatus) -> None:
    attempt = Payment(
        payment_id="p",
        order_id="o",
        method="sandbox",
        scenario="success",
        amount=1,
        currency="CNY",
        status=start,
        started_at=NOON,
    )
    if (start.value, goal.value) in moves(PAYMENT_MOVES):
        assert attempt.become(goal).status is goal
    else:
        with pytest.raises(WrongState):
            attempt.become(goal)


def test_the_tables_name_every_state() -> None:
    assert set(store_order.MAY_BECOME) == set(StoreStatus)
    assert set(payment.MAY_BECOME) == set(PaymentStatus)


S = StoreStatus
GONE = (S.REJECTED, S.CANCELLED, S.EXPIRED)
AFTER_PAYMENT = (S.PLACED, S.ACCEPTED, S.READY, S.PICKED_UP, S.DELIVERED, S.COMPLETED)


def expected(first: StoreStatus, second: StoreStatus) -> OrderStatus | None:
    """The status of an order of two parts, decided case by case; None where it cannot come about."""
    pair = {first, second}
    going_on = pair - set(GONE)
    if not going_on:
        return OrderStatus.EXPIRED if pair == {S.EXPIRED} else OrderStatus.CANCELLED
    if going_on == {S.AWAITING_PAYMENT}:
        return OrderStatus.PENDING_PAYMENT
    if S.AWAITING_PAYMENT in going_on:
        return None
    if going_on == {S.PLACED}:
        return OrderStatus.PAID
    if going_on == {S.COMPLETED}:
        return OrderStatus.COMPLETED
    if going_on <= {S.DELIVERED, S.COMPLETED}:
        return OrderStatus.DELIVERED
    return OrderStatus.IN_FULFILMENT


@pytest.mark.parametrize(("first", "second"), list(product(StoreStatus, StoreStatus)))
def test_an_order_is_what_its_parts_are(first: StoreStatus, second: StoreStatus) -> None:
    status = expected(first, second)
    if status is None:
        with pytest.raises(ValueError, match="cannot consist"):
            order_status([first, second])
    else:
        assert order_status([first, second]) is status
        assert order_status([second, first, first]) is status


def test_every_mix_of_paid_and_gone_parts_has_a_status() -> None:
    possible = (*AFTER_PAYMENT, S.REJECTED, S.CANCELLED)
    for size in range(1, len(possible) + 1):
        for mix in combinations(possible, size):
            assert order_status(mix)


def test_an_order_without_parts_has_no_status() -> None:
    with pytest.raises(ValueError, match="cannot consist"):
        order_status([])
