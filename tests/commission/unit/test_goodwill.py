"""A refund that is not the shop's fault costs the shop nothing: the platform bears it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.adapters.facts_json import _refund, refunds_to_json
from services.commission.domain.ledger import CASH, GOODWILL, ORDERS
from services.commission.domain.settlement import goal_of
from shared.kernel.money import share_of_part
from shared.messaging.envelope import Event
from tests.commission.builders import Line, Order, Part, a_plan, a_promoted_order, an_order
from tests.commission.unit.test_settlement import FLORIST, RATES, facts_of, orders, sums

ELSE = ["platform", "courier"]


def refunds_in_parts(order: Order, part: Part, line: Line, count: int, **more: Any) -> list[Event]:
    shares = [
        (
            share_of_part(line.paid, count, step, 1),
            share_of_part(line.platform_discount, count, step, 1),
        )
        for step in range(count)
    ]
    return [order.refund(part, {line.line_id: share}, **more) for share in shares]


@pytest.mark.parametrize("bearer", ELSE)
def test_the_shop_keeps_its_sale_and_the_platform_bears_the_refund(bearer: str) -> None:
    order = an_order()
    before = sums(order.paid(), order.delivered())
    bread = order.parts[1].lines[0]
    after = sums(
        order.paid(),
        order.delivered(),
        order.refund(order.parts[1], {bread.line_id: (600, 0)}, borne_by=bearer),
    )
    assert after == before | {CASH: 8000 - 600, GOODWILL: 600}
    assert ORDERS not in after


def test_a_refund_without_a_bearer_is_the_shops_as_it_always_was() -> None:
    order = an_order()
    bread = order.parts[1].lines[0]
    old, told = (
        sums(order.paid(), order.delivered(), order.refund(order.parts[1], {bread.line_id: (600, 0)}, **more))
        for more in ({}, {"borne_by": "shop"})
    )
    assert old == told
    assert GOODWILL not in old


def test_what_never_arrived_is_no_sale_whoever_was_at_fault() -> None:
    order = an_order()
    refund = order.refund(order.parts[1], borne_by="courier")
    found = sums(order.paid(), refund, order.delivered(order.parts[0]))
    assert "payable:shop:bakery" not in found
    assert GOODWILL not in found
    assert ORDERS not in found


def test_a_delivery_fee_that_comes_back_is_the_platforms_own() -> None:
    order = an_order()
    found = sums(order.paid(), order.delivered(), order.refund(delivery_fee=700, borne_by="platform"))
    assert GOODWILL not in found
    assert "revenue:delivery_fee" not in found


@pytest.mark.parametrize("bearer", ELSE)
def test_a_promoter_keeps_the_commission_of_a_sale_that_stands(bearer: str) -> None:
    order = a_promoted_order("link-1")
    bought = order.parts[0].lines[0]
    events = [
        order.paid(),
        order.delivered(),
        order.completed(),
        order.refund(order.parts[0], {bought.line_id: (800, 0)}, borne_by=bearer),
    ]
    (accrual,) = goal_of(facts_of(*events, links=(FLORIST,)), a_plan()).accruals
    assert accrual.amount == 240


@given(orders(), st.integers(1, 5), RATES, st.sampled_from(ELSE), st.data())
def test_one_and_one_and_one_is_three_and_captured_less_refunded_is_what_all_hold(
    order: Order, count: int, plan: dict[str, Any], bearer: str, data: st.DataObject
) -> None:
    part = data.draw(st.sampled_from(order.parts))
    line = data.draw(st.sampled_from(part.lines))
    at_once = [order.refund(part, {line.line_id: (line.paid, line.platform_discount)}, borne_by=bearer)]
    in_parts = refunds_in_parts(order, part, line, count, borne_by=bearer)
    ends = []
    for refunds in (at_once, in_parts):
        events = data.draw(st.permutations([order.paid(), order.delivered(), order.trip(), *refunds]))
        ends.append(sums(*events, links=(FLORIST,), **plan))
    assert ends[0] == ends[1]
    held = -sum(amount for account, amount in ends[0].items() if account != CASH)
    assert held == ends[0].get(CASH, 0) == order.total - line.paid
    assert ends[0].get(GOODWILL, 0) == line.paid
    untouched = sums(order.paid(), order.delivered(), order.trip(), links=(FLORIST,), **plan)
    payable = {name: sum_ for name, sum_ in untouched.items() if name.startswith(("payable:", "frozen:"))}
    assert payable.items() <= ends[0].items()


def test_who_bears_a_refund_is_kept_and_older_facts_are_read_as_before() -> None:
    order = an_order()
    facts = facts_of(
        order.paid(), order.refund(order.parts[0], borne_by="courier"), order.refund(order.parts[1])
    )
    kept = refunds_to_json(facts.refunds)
    assert {refund_id: _refund(refund_id, row) for refund_id, row in kept.items()} == facts.refunds
    assert [("courier" in row) for row in kept.values()] == [True, False]
    older = ["store-1", 900, 0, [["line-1", 900, 0]]]
    assert _refund("refund-0", older).is_borne_by_shop
