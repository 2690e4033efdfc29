"""What the platform takes, on which base, and that every entry's formula is true (rules 20, 22, 25)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from services.commission.adapters.facts_json import paid_from_json, paid_to_json
from services.commission.adapters.plan_json import plan_from_json, plan_to_json
from services.commission.contracts.consumed import order_facts
from services.commission.domain import formula
from services.commission.domain.errors import InvalidRatePlan
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import Figure, Kind, Sheet, difference
from services.commission.domain.rates import TakeRateBase
from services.commission.domain.settlement import goal_of
from shared.messaging.envelope import Event
from tests.commission.builders import Line, Order, Part, a_plan, an_order
from tests.commission.formulas import results
from tests.commission.unit.test_settlement import FLORIST, RATES, facts_of, histories, orders, sums

EXPLAINED = {Kind.TAKE_RATE, Kind.COMMISSION, Kind.COURIER_PAY}


def taken(*events: Event, **plan: Any) -> dict[str, tuple[int, int | None, str | None]]:
    """Per shop: amount, base and formula of the take rate."""
    sheet = goal_of(facts_of(*events), a_plan(**plan)).sheet
    return {
        heading.account.rpartition(":")[2]: (figure.amount, figure.base, figure.note)
        for heading, figure in sheet.figures.items()
        if heading.kind == Kind.TAKE_RATE and heading.account.startswith("payable:shop:")
    }


def test_the_base_is_less_the_discounts_that_the_plan_names() -> None:
    order = an_order()
    fruit = {
        base: taken(order.paid(), order.delivered(), take_rate_base=base)["fruit"] for base in TakeRateBase
    }
    assert fruit == {
        TakeRateBase.BEFORE_DISCOUNTS: (300, 6000, "goods before discounts: 6 000 x 5 % = 300"),
        TakeRateBase.AFTER_SHOP_DISCOUNT: (
            290,
            5800,
            "goods after the shop's discounts: 5 800 x 5 % = 290",
        ),
        TakeRateBase.CUSTOMER_PAID: (275, 5500, "goods as paid: 5 500 x 5 % = 275"),
    }


def test_the_delivery_fee_is_shared_by_what_was_paid_and_to_the_cent() -> None:
    order = an_order()
    found = taken(order.paid(), order.delivered(), take_rate_on_delivery_fee=True)
    words = "goods after the shop's discounts and their part of the delivery fee"
    # 7.00 by 55.00 and 18.00: 5.27 and 1.73.
    assert found == {
        "fruit": (316, 6327, f"{words}: (5 800 + 527) x 5 % = 316"),
        "bakery": (99, 1973, f"{words}: (1 800 + 173) x 5 % = 99"),
    }


def test_a_delivery_fee_that_was_given_back_is_no_base() -> None:
    order = an_order()
    events = (order.paid(), order.delivered(), order.refund(delivery_fee=700))
    with_fee = taken(*events, take_rate_on_delivery_fee=True)
    assert {shop: amount for shop, (amount, _, _) in with_fee.items()} == {"fruit": 290, "bakery": 90}


def test_the_share_of_a_line_that_was_given_back_is_no_base() -> None:
    order = an_order()
    events = (order.paid(), order.delivered(), order.refund(order.parts[1]))
    assert "bakery" not in taken(*events, take_rate_on_delivery_fee=True)


def test_a_take_rate_never_exceeds_what_the_goods_sold_for() -> None:
    gift = Order(parts=[Part(shop_id="fruit", lines=[Line(goods=2000, shop_discount=1940)])])
    found = taken(gift.paid(), gift.delivered(), take_rate_base=TakeRateBase.BEFORE_DISCOUNTS)
    assert found["fruit"] == (60, 2000, "goods before discounts: min(2 000 x 5 %, 60) = 60")


def test_shares_of_the_delivery_fee_are_kept_with_the_order() -> None:
    paid = order_facts("OrderPaid", an_order().paid().data).paid
    assert paid is not None
    assert [line.delivery_fee for part in paid.parts for line in part.lines] == [527, 173]
    assert paid_from_json(paid_to_json(paid)) == paid


def test_an_order_written_before_fees_were_shared_reads_the_same() -> None:
    paid = order_facts("OrderPaid", an_order().paid().data).paid
    assert paid is not None
    written = paid_to_json(paid)
    del written["fees"]
    assert paid_from_json(written) == paid


def test_a_refund_that_did_not_note_goods_takes_them_back_in_proportion() -> None:
    order = an_order()
    fruit = order.parts[0].lines[0]
    third = order.refund(order.parts[0], {fruit.line_id: (2750, 150, 100)})
    noted = facts_of(order.paid(), order.delivered(), third)
    refund = next(iter(noted.refunds.values()))
    forgotten = replace(refund, lines=tuple(replace(line, goods=None) for line in refund.lines))
    before = a_plan(take_rate_base=TakeRateBase.BEFORE_DISCOUNTS)
    for facts in (noted, replace(noted, refunds={refund.refund_id: forgotten})):
        assert goal_of(facts, before).sheet.by_account()["revenue:take_rate"] == -(150 + 90)


@given(orders(), RATES)
def test_nothing_earned_on_a_store_order_exceeds_what_it_sold_for(order: Order, plan: dict[str, Any]) -> None:
    found = sums(order.paid(), order.delivered(), links=(FLORIST,), **plan)
    for account, amount in found.items():
        if account.startswith("payable:shop:"):
            assert amount <= 0


@given(orders())
def test_shares_of_the_delivery_fee_add_up_to_it(order: Order) -> None:
    paid = order_facts("OrderPaid", order.paid().data).paid
    assert paid is not None
    shares = [line.delivery_fee for part in paid.parts for line in part.lines]
    assert sum(shares) == order.delivery_fee
    assert min(shares) >= 0


@given(histories(), RATES)
def test_every_amount_that_follows_from_a_rate_is_what_its_formula_says(
    history: tuple[Order, list[Event]], plan: dict[str, Any]
) -> None:
    facts, posted = OrderFacts(order_id=history[0].order_id), Sheet()
    for heard in range(1, len(history[1]) + 1):
        facts = facts_of(*history[1][:heard], links=(FLORIST,))
        goal = goal_of(facts, a_plan(**plan)).sheet
        for entry in difference(goal, posted):
            if entry.heading.kind in EXPLAINED:
                assert entry.note is not None
                *_, said = results(entry.note)
                signed = goal.figures.get(entry.heading, posted.figures.get(entry.heading, Figure()))
                assert entry.amount == (said if signed.amount > 0 else -said)
        posted = goal


def test_a_correction_says_what_it_is_the_difference_of() -> None:
    order = an_order()
    bread = order.parts[1].lines[0]
    before = goal_of(facts_of(order.paid(), order.delivered()), a_plan()).sheet
    third = order.refund(order.parts[1], {bread.line_id: (600, 0)})
    after = goal_of(facts_of(order.paid(), order.delivered(), third), a_plan()).sheet
    (note,) = {e.note for e in difference(after, before) if e.heading.kind == Kind.TAKE_RATE}
    assert note == "goods after the shop's discounts: 1 200 x 5 % = 60; 60 - 90 = -30"
    all_back = goal_of(facts_of(order.paid(), order.delivered(), order.refund(order.parts[1])), a_plan())
    (note,) = {e.note for e in difference(all_back.sheet, before) if e.heading.kind == Kind.TAKE_RATE}
    assert note == "0 - 90 = -90"


@pytest.mark.parametrize(
    ("rate_bp", "text"), [(500, "5 %"), (1250, "12.5 %"), (5, "0.05 %"), (0, "0 %"), (10_000, "100 %")]
)
def test_rates_read_as_percent(rate_bp: int, text: str) -> None:
    assert formula.percent(rate_bp) == text


@pytest.mark.parametrize(("asked", "rate"), [(None, 1000), (100, 500), (700, 700), (9000, 2000)])
def test_a_promoters_rate_stays_within_the_bounds_of_the_plan(asked: int | None, rate: int) -> None:
    assert a_plan(distribution_min_bp=500).commission_rate(asked) == rate


def test_the_usual_commission_is_within_its_bounds() -> None:
    with pytest.raises(InvalidRatePlan, match="bounds"):
        a_plan(distribution_min_bp=1001)


def test_a_plan_that_an_earlier_release_wrote_is_read() -> None:
    written = {
        "take_rate_bp": 500,
        "take_rate_by_category": {},
        "take_rate_by_shop": {},
        "take_rate_base": "after_shop_discount",
        "distribution_bp": 1000,
        "distribution_max_bp": 2000,
        "courier_pay": {"per_drop": 300, "per_extra_pickup": 100, "per_km": 80},
    }
    plan = a_plan()
    assert plan_from_json(plan.plan_id, plan.currency, plan.effective_from, written) == plan
    assert plan_from_json(plan.plan_id, plan.currency, plan.effective_from, plan_to_json(plan)) == plan


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("goods: 2 400 x 5 % = 120", "goods: 24.00 x 5 % = 1.20"),
        ("(1 234 567 + 100) x 12.5 % = 154 333", "(12345.67 + 1.00) x 12.5 % = 1543.33"),
        ("min(2 400 x 5 %, 7) = 7; 7 - 120 = -113", "min(24.00 x 5 %, 0.07) = 0.07; 0.07 - 1.20 = -1.13"),
        ("300 + 3 140 m x 80 / 1 000 m = 551", None),
        ("wrong since 2026 (operator-1)", None),
    ],
)
def test_a_formula_of_a_rate_is_told_in_coins(note: str, told: str | None) -> None:
    assert formula.in_coins(note) == told
