"""After-sale cases: their written table, whose units they are, and what they pay back."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.ordering.domain import claims
from services.ordering.domain.case import GOING_ON, HOLDS_UNITS, MAY_BECOME, Case, CaseStatus, Party
from services.ordering.domain.claims import CaseRules
from services.ordering.domain.errors import (
    AfterSaleWindowClosed,
    OneShopACase,
    RefundExceedsLine,
    UnitsClaimed,
    WrongState,
)
from services.ordering.domain.order import Order
from services.ordering.domain.refund import COURIER, PLATFORM, SHOP
from shared.kernel.ids import derived_id
from tests.ordering import builders as b

# What a person would say, spelled out once more beside the code's own table.
MOVES = """
open > refunded resending rejected withdrawn overtaken
rejected > appealed refunded resending dismissed withdrawn overtaken
appealed > refunded resending dismissed withdrawn overtaken
resending > resent refunded withdrawn overtaken
resent > resolved appealed refunded overtaken
resolved > appealed
dismissed > appealed
withdrawn > appealed
refunded >
overtaken >
"""
ALLOWED = {
    (start.strip(), goal)
    for start, _, goals in (line.partition(">") for line in MOVES.strip().splitlines())
    for goal in goals.split()
}
RECEIPT = b.NOON + timedelta(minutes=45)
WINDOW = timedelta(days=2)
APPLES, MILK, BREAD = b.LINES[:3]


def a_delivered_order() -> Order:
    order = b.a_paid_order()
    order.deliver(derived_id("delivery", b.ORDER), b.COURIER, RECEIPT, RECEIPT + WINDOW)
    order.recorded.clear()
    return order


def opened(order: Order, *others: Case, **changes: Any) -> Case:
    return claims.open_case(
        order,
        others,
        **{
            "case_id": f"case-{len(others)}",
            "lines": {APPLES: 1},
            "reason": "damaged",
            "words": None,
            "at": RECEIPT + timedelta(hours=1),
            "rules": CaseRules(),
        }
        | changes,
    )


@pytest.mark.parametrize(("start", "goal"), list(product(CaseStatus, CaseStatus)))
def test_a_case_moves_as_the_table_says(start: CaseStatus, goal: CaseStatus) -> None:
    case = opened(a_delivered_order())
    case.status = start
    if (start.value, goal.value) in ALLOWED:
        case.become(goal, by=Party.OPERATOR, at=RECEIPT)
        assert case.status is goal
        assert case.steps[-1].status is goal
        assert type(case.recorded[-1]).__name__ == (
            "AfterSaleCaseChanged" if goal in GOING_ON else "AfterSaleCaseClosed"
        )
    else:
        with pytest.raises(WrongState):
            case.become(goal, by=Party.OPERATOR, at=RECEIPT)
        assert len(case.steps) == 1


def test_the_table_names_every_state_and_whatever_goes_on_can_end() -> None:
    assert set(MAY_BECOME) == set(CaseStatus)
    for status in GOING_ON:
        reached, new = {status}, {status}
        while new:
            new = {goal for start in new for goal in MAY_BECOME[start]} - reached
            reached |= new
        assert CaseStatus.REFUNDED in reached
        assert CaseStatus.OVERTAKEN in MAY_BECOME[status]


def test_a_case_is_opened_after_the_receipt_and_within_the_window_of_rule_21() -> None:
    order = b.a_paid_order()
    with pytest.raises(AfterSaleWindowClosed):
        opened(order)
    order = a_delivered_order()
    assert opened(order, at=RECEIPT).due_at == RECEIPT + timedelta(hours=24)
    assert opened(order, at=RECEIPT + WINDOW - timedelta(milliseconds=1)).status is CaseStatus.OPEN
    with pytest.raises(AfterSaleWindowClosed):
        opened(order, at=RECEIPT + WINDOW)


def test_a_part_that_did_not_arrive_has_no_case() -> None:
    order = b.a_paid_order()
    order.reject(b.STORE_ORDERS[1], "sold-out", b.NOON)
    order.deliver("delivery", b.COURIER, RECEIPT, RECEIPT + WINDOW)
    with pytest.raises(AfterSaleWindowClosed):
        opened(order, lines={BREAD: 1})


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ({APPLES: 4}, RefundExceedsLine),
        ({"no-such-line": 1}, RefundExceedsLine),
        ({APPLES: 1, BREAD: 1}, OneShopACase),
    ],
)
def test_a_case_is_about_goods_of_one_shop_that_are_there(
    lines: dict[str, int], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        opened(a_delivered_order(), lines=lines)


def test_two_cases_never_claim_the_same_unit() -> None:
    order = a_delivered_order()
    first = opened(order, lines={APPLES: 2})
    second = opened(order, first, lines={APPLES: 1, MILK: 1})
    with pytest.raises(UnitsClaimed):
        opened(order, first, second, lines={APPLES: 1})
    second.become(CaseStatus.WITHDRAWN, by=Party.CUSTOMER, at=RECEIPT)
    assert opened(order, first, second, lines={APPLES: 1, MILK: 1}).claimed == {APPLES: 1, MILK: 1}


@pytest.mark.parametrize("status", CaseStatus)
def test_units_that_are_decided_about_or_were_decided_against_are_not_free(status: CaseStatus) -> None:
    order = a_delivered_order()
    first = opened(order, lines={MILK: 1})
    first.status = status
    if status in HOLDS_UNITS:
        with pytest.raises(UnitsClaimed):
            opened(order, first, lines={MILK: 1})
    else:
        opened(order, first, lines={MILK: 1})


@pytest.mark.parametrize("bearer", [SHOP, PLATFORM, COURIER])
def test_a_case_pays_back_the_stored_shares_once_and_says_who_bears_it(bearer: str) -> None:
    """Rule 5: the refund mirrors exactly the stored shares of the lines and quantities."""
    order, alone = a_delivered_order(), a_delivered_order()
    case = opened(order, lines={APPLES: 2, MILK: 1})
    case.fault = bearer
    claims.refund_case(case, order, by=Party.SHOP, at=RECEIPT)
    alone.refund(
        refund_id="x",
        store_order_id=b.STORE_ORDERS[0],
        lines={APPLES: 2, MILK: 1},
        reason="damaged",
        return_delivery_fee=False,
        at=RECEIPT,
    )
    (refund,), (same,) = order.new_refunds, alone.new_refunds
    assert refund.lines == same.lines
    assert (refund.refund_id, refund.borne_by, refund.delivery_fee) == (case.refund_id, bearer, 0)
    assert (case.status, case.refunded, case.borne_by) == (CaseStatus.REFUNDED, same.amount, bearer)
    assert order.recorded[-1].refund.borne_by == bearer  # type: ignore[union-attr]
    with pytest.raises(WrongState):
        claims.refund_case(case, order, by=Party.SHOP, at=RECEIPT)
    assert order.refunded == same.amount


def test_the_delivery_fee_comes_back_only_where_it_is_said() -> None:
    order = a_delivered_order()
    case = opened(order, lines={MILK: 1})
    claims.refund_case(case, order, by=Party.OPERATOR, at=RECEIPT, return_delivery_fee=True)
    assert [refund.delivery_fee for refund in order.new_refunds] == [0, 700]
    assert case.refunded == order.refunded


def refunded_elsewhere(order: Order, lines: dict[str, int], *cases: Case) -> list[Case]:
    order.new_refunds.clear()
    order.refund(
        refund_id=f"refund-{sum(lines.values())}-{order.refunded}",
        store_order_id=b.STORE_ORDERS[0],
        lines=lines,
        reason="bruised",
        return_delivery_fee=False,
        at=RECEIPT,
    )
    return claims.give_way(cases, order, RECEIPT)


def test_a_refund_elsewhere_counts_against_the_oldest_case_about_the_same_goods() -> None:
    order = a_delivered_order()
    old = opened(order, lines={APPLES: 1})
    young = opened(order, old, lines={APPLES: 2, MILK: 1}, at=RECEIPT + timedelta(hours=2))
    assert refunded_elsewhere(order, {APPLES: 2}, young, old) == [old, young]
    assert (old.status, old.due_at) == (CaseStatus.OVERTAKEN, None)
    assert old.steps[-1].by is Party.ELSEWHERE
    assert (young.status, young.claimed) == (CaseStatus.OPEN, {APPLES: 1, MILK: 1})
    claims.refund_case(young, order, by=Party.CLOCK, at=RECEIPT)
    assert order.refunded == order.store(b.STORE_ORDERS[0]).paid


def test_a_case_of_which_nothing_is_left_is_overtaken_and_pays_nothing() -> None:
    order = a_delivered_order()
    case = opened(order, lines={APPLES: 1})
    refunded_elsewhere(order, {APPLES: 3})
    order.new_refunds.clear()
    claims.refund_case(case, order, by=Party.CLOCK, at=RECEIPT)
    assert (case.status, case.refunded, order.new_refunds) == (CaseStatus.OVERTAKEN, 0, [])


def test_an_operator_takes_up_again_only_what_nobody_else_is_about() -> None:
    order = a_delivered_order()
    first = opened(order, lines={MILK: 1})
    first.become(CaseStatus.WITHDRAWN, by=Party.CUSTOMER, at=RECEIPT)
    second = opened(order, first, lines={MILK: 1})
    with pytest.raises(UnitsClaimed):
        claims.require_free(first, order.stores[0], [first, second])
    second.become(CaseStatus.WITHDRAWN, by=Party.CUSTOMER, at=RECEIPT)
    claims.require_free(first, order.stores[0], [first, second])
