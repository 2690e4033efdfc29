"""Orders that are paid at the door, tips, and the table of what becomes of a refund."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from services.ordering.adapters.orders_sql import _money_back
from services.ordering.domain import provider_refund
from services.ordering.domain.errors import ForeignTip, WrongState
from services.ordering.domain.events import Event, OrderCancelled, OrderDelivered, OrderPaid, RefundIssued
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.provider_refund import RefundState, may_have_been, require_may_become
from services.ordering.domain.quote import tip_in
from shared.kernel.money import Money
from tests.ordering import builders as b
from tests.ordering.unit.test_states import moves

REFUND_MOVES = """
pending > sent confirmed failed
sent > confirmed failed
failed > sent confirmed
to_hand_back > confirmed
confirmed >
"""
AT = b.NOON + timedelta(minutes=45)


def a_cash_order(tip: int = 0) -> Order:
    order = b.an_order(tip=tip)
    order.pay(b.PAYMENT, None, b.NOON, "cash")
    return order


def delivered(order: Order, *refunds: object) -> Order:
    order.deliver("delivery", b.COURIER, AT, AT + timedelta(days=2), refunds)  # type: ignore[arg-type]
    return order


def told(order: Order, kind: type) -> list[Event]:
    return [event for event in order.recorded if isinstance(event, kind)]


@pytest.mark.parametrize(("start", "goal"), list(product(RefundState, RefundState)))
def test_a_refund_moves_as_the_table_says(start: RefundState, goal: RefundState) -> None:
    assert set(provider_refund.MAY_BECOME) == set(RefundState)
    allowed = (start.value, goal.value) in moves(REFUND_MOVES)
    assert (start.value in may_have_been(goal)) is allowed
    if allowed or start is goal:
        require_may_become(start, goal)
    else:
        with pytest.raises(WrongState):
            require_may_become(start, goal)


def test_a_cash_order_goes_to_its_shops_when_its_customer_confirms_it() -> None:
    order = a_cash_order()
    assert (order.status, order.payment_status) == (OrderStatus.PAID, "due")
    assert order.to_collect == order.total
    (paid,) = told(order, OrderPaid)
    assert isinstance(paid, OrderPaid)
    assert paid.method == "cash"


def test_what_is_given_back_before_the_delivery_is_not_collected_and_not_paid_back() -> None:
    order = a_cash_order()
    order.reject(b.STORE_ORDERS[1], "sold-out", b.NOON)
    part = order.store(b.STORE_ORDERS[1])
    assert order.to_collect == order.total - part.paid
    assert _money_back(order, None) == []
    (event,) = told(delivered(order), OrderDelivered)
    assert isinstance(event, OrderDelivered)
    assert event.collected == Money(order.total - part.paid, "CNY")
    assert (order.to_collect, order.payment_status) == (0, "succeeded")


def test_what_is_given_back_after_the_delivery_is_handed_back() -> None:
    order = delivered(a_cash_order())
    order.refund(
        refund_id=b.REFUND,
        store_order_id=b.STORE_ORDERS[0],
        lines={b.LINES[0]: 1},
        reason="bruised",
        return_delivery_fee=False,
        at=AT + timedelta(hours=1),
    )
    (queued,) = _money_back(order, None)
    assert queued["amount"] == order.refunded
    assert queued["charge_id"] == order.charge_id


def test_what_was_given_back_after_the_money_changed_hands_is_handed_back_whenever_it_is_heard_of() -> None:
    """The courier was at the door first; ordering heard of the shop's refund before it heard of that."""
    order = a_cash_order()
    order.refund(
        refund_id=b.REFUND,
        store_order_id=b.STORE_ORDERS[0],
        lines={b.LINES[0]: 1},
        reason="bruised",
        return_delivery_fee=False,
        at=AT + timedelta(seconds=1),
    )
    refunds = tuple(order.new_refunds)
    order.new_refunds.clear()
    (event,) = told(delivered(order, *refunds), OrderDelivered)
    assert isinstance(event, OrderDelivered)
    assert event.collected == Money(order.total, "CNY")
    assert [queued["provider_refund_id"] for queued in _money_back(order, None)] == [b.REFUND]


@pytest.mark.parametrize("reason", ["customer-absent", "lost"])
def test_a_failed_delivery_leaves_nothing_to_be_collected(reason: str) -> None:
    order = a_cash_order(tip=300)
    order.fail_delivery(reason, AT)
    assert order.refunded == order.total
    assert (order.status, order.payment_status, order.to_collect) == (OrderStatus.CANCELLED, "waived", 0)
    assert _money_back(order, None) == []


def test_a_tip_is_part_of_the_total() -> None:
    assert b.an_order(tip=300).total == b.an_order().total + 300


def test_a_tip_comes_back_when_nothing_is_delivered_whoever_is_at_fault() -> None:
    order = b.a_paid_order(tip=300)
    order.fail_delivery("customer-absent", AT)
    assert order.refunded == order.total - order.delivery_fee
    tips = [event.refund.tip for event in order.recorded if isinstance(event, RefundIssued)]
    assert sum(tips) == 300


def test_a_tip_comes_back_when_every_shop_drops_out() -> None:
    order = b.a_paid_order(tip=300)
    for store_order_id in b.STORE_ORDERS:
        order.reject(store_order_id, "sold-out", AT)
    assert order.refunded == order.total
    assert order.payment_status == "refunded"
    assert len(told(order, OrderCancelled)) == 1


def test_a_tip_stays_with_the_courier_who_has_delivered() -> None:
    order = delivered(b.a_paid_order(tip=300))
    order.refund(
        refund_id=b.REFUND,
        store_order_id=None,
        lines=None,
        reason="spoilt",
        return_delivery_fee=True,
        at=AT + timedelta(hours=1),
    )
    assert order.refunded == order.total - 300


def test_a_tip_is_in_the_currency_of_the_order() -> None:
    assert tip_in("CNY", Money(300, "CNY")) == 300
    assert tip_in("CNY", None) == 0
    with pytest.raises(ForeignTip):
        tip_in("CNY", Money(300, "EUR"))
