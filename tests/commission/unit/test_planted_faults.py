"""The laws of rates hold, and find each fault that is planted on purpose."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given

from services.commission.domain import settlement, take_rate
from services.commission.domain.facts import OrderFacts, Paid
from services.commission.domain.ledger import TAKE_RATE, Kind
from services.commission.domain.rates import RatePlan, TakeRateBase
from services.commission.domain.settlement import goal_of
from services.commission.domain.take_rate import Kept, Take
from shared.kernel.money import rate_of, share_of_part
from tests.commission.builders import Line, Order, Part, a_plan
from tests.commission.formulas import results
from tests.commission.unit.test_settlement import facts_of, orders

Law = Callable[[Order], None]


def each_formula_is_true(order: Order) -> None:
    """Half up, once: what the formula says on exact fractions is what was posted."""
    for base in TakeRateBase:
        sheet = goal_of(facts_of(order.paid(), order.delivered()), a_plan(take_rate_base=base)).sheet
        for heading, figure in sheet.figures.items():
            if heading.kind == Kind.TAKE_RATE:
                assert results(figure.note or "") == [abs(figure.amount)]


def each_base_is_the_goods_less_the_discounts_it_names(order: Order) -> None:
    """By the order's own figures, not by the code under test (rule 25)."""
    less: dict[TakeRateBase, Callable[[Line], int]] = {
        TakeRateBase.BEFORE_DISCOUNTS: lambda line: line.goods,
        TakeRateBase.AFTER_SHOP_DISCOUNT: lambda line: line.goods - line.shop_discount,
        TakeRateBase.CUSTOMER_PAID: lambda line: line.paid,
    }
    for base, of in less.items():
        found = goal_of(facts_of(order.paid(), order.delivered()), a_plan(take_rate_base=base)).sheet
        for part in order.parts:
            worth = sum(line.goods - line.shop_discount for line in part.lines)
            wanted = min((Fraction(sum(map(of, part.lines)), 20) + Fraction(1, 2)).__floor__(), worth)
            there = -sum(
                figure.amount
                for heading, figure in found.figures.items()
                if heading.account == TAKE_RATE and heading.store_order_id == part.store_order_id
            )
            assert there == wanted, (base, part.shop_id)


def refunds_in_parts_end_where_one_ends(order: Order) -> None:
    """Rule 22, to the cent, while something is kept."""
    found = []
    for steps in (1, 3):
        refunds = [
            order.refund(
                part,
                {
                    line.line_id: (
                        share_of_part(line.paid // 2, steps, step, 1),
                        share_of_part(line.platform_discount // 2, steps, step, 1),
                        share_of_part(line.shop_discount // 2, steps, step, 1),
                    )
                    for line in part.lines
                },
            )
            for part in order.parts
            for step in range(steps)
        ]
        found.append(
            goal_of(facts_of(order.paid(), order.delivered(), *refunds), a_plan()).sheet.by_account()
        )
    assert found[0] == found[1]


LAWS = [
    each_formula_is_true,
    each_base_is_the_goods_less_the_discounts_it_names,
    refunds_in_parts_end_where_one_ends,
]


@pytest.mark.parametrize("law", LAWS)
def test_the_law_holds_for_any_order(law: Law) -> None:
    given(orders())(law)()


def _half_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        take_rate, "rate_of", lambda amount, rate_bp: round(Fraction(amount * rate_bp, 10_000))
    )


def _wrong_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kept, "goods_base", lambda kept, _: kept.goods)


def _refund_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The take rate of each refund is rounded by itself and taken from that of the whole."""
    real, heard = take_rate.kept_of, []

    def remember(facts: OrderFacts, paid: Paid, plan: RatePlan) -> object:
        heard[:] = [facts]
        return real(facts, paid, plan)

    def takes(shop_id: str, kept: list[Kept], plan: RatePlan) -> list[Take]:
        ids = {each.line.line_id for each in kept}
        whole = sum(each.line.paid + each.line.platform_discount for each in kept)
        back = sum(
            rate_of(sum(line.amount + line.platform_discount for line in refund.lines), 500)
            for refund in heard[0].refunds.values()
            if ids & {line.line_id for line in refund.lines}
        )
        amount = rate_of(whole, 500) - back
        return [Take(rate_bp=500, base=whole, amount=amount, formula="")]

    monkeypatch.setattr(settlement, "kept_of", remember)
    monkeypatch.setattr(settlement, "takes", takes)


@pytest.mark.parametrize(
    ("plant", "law"),
    [
        (_half_even, each_formula_is_true),
        (_half_even, each_base_is_the_goods_less_the_discounts_it_names),
        (_wrong_base, each_base_is_the_goods_less_the_discounts_it_names),
        (_refund_on_its_own, refunds_in_parts_end_where_one_ends),
    ],
)
def test_a_planted_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [Line(goods=1130, shop_discount=2, platform_discount=40), Line(goods=0)]
    order = Order(parts=[Part(shop_id="fruit", lines=lines)])
    law(order)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        law(order)
