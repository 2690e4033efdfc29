"""What the platform takes of a store order: one amount for each rate, on the base that the plan names.

A rate is applied once to what the customer kept, so refunds in parts end where one refund ends; and it never
takes more than the goods sold for, whatever the base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.commission.domain import formula
from services.commission.domain.facts import OrderFacts, Paid, PaidLine
from services.commission.domain.rates import RatePlan, TakeRateBase
from shared.kernel.money import rate_of, share

_GOODS = {
    TakeRateBase.BEFORE_DISCOUNTS: "goods before discounts",
    TakeRateBase.AFTER_SHOP_DISCOUNT: "goods after the shop's discounts",
    TakeRateBase.CUSTOMER_PAID: "goods as paid",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A line after its refunds; ``delivery_fee`` is its share of the fee that was not given back."""

    line: PaidLine
    paid: int
    platform_discount: int
    goods: int
    delivery_fee: int

    @property
    def worth(self) -> int:
        """What the shop gets for it before anything is taken."""
        return self.paid + self.platform_discount

    def goods_base(self, base: TakeRateBase) -> int:
        if base is TakeRateBase.BEFORE_DISCOUNTS:
            return max(self.goods, 0)
        return max(self.paid if base is TakeRateBase.CUSTOMER_PAID else self.worth, 0)


@dataclass(frozen=True, slots=True)
class Take:
    rate_bp: int
    base: int
    amount: int
    formula: str


def takes(shop_id: str, kept: Sequence[Kept], plan: RatePlan) -> list[Take]:
    """What is taken of the lines of one store order: one sum per rate, rounded once for each."""
    groups: dict[int, list[Kept]] = {}
    for each in kept:
        groups.setdefault(plan.take_rate(shop_id, each.line.category), []).append(each)
    return [_take(rate, lines, plan) for rate, lines in groups.items()]


def _take(rate_bp: int, lines: Sequence[Kept], plan: RatePlan) -> Take:
    goods = sum(each.goods_base(plan.take_rate_base) for each in lines)
    fee = sum(each.delivery_fee for each in lines) if plan.take_rate_on_delivery_fee else 0
    wanted = rate_of(goods + fee, rate_bp)
    most = max(sum(each.worth for each in lines), 0)
    label, base = _GOODS[plan.take_rate_base], formula.number(goods)
    if plan.take_rate_on_delivery_fee:
        label, base = f"{label} and their part of the delivery fee", f"({base} + {formula.number(fee)})"
    return Take(
        rate_bp=rate_bp,
        base=goods + fee,
        amount=min(wanted, most),
        formula=formula.rated(
            base, rate_bp, min(wanted, most), most=most if wanted > most else None, label=label
        ),
    )


@dataclass(slots=True)
class _Taken:
    """What refunds took back of a line; ``goods`` is ``None`` when one of them did not say."""

    paid: int = 0
    platform_discount: int = 0
    goods: int | None = 0


def kept_of(facts: OrderFacts, paid: Paid, plan: RatePlan) -> Mapping[str, Kept]:
    """Every line of the order as it is left after all refunds, by id."""
    taken: dict[str, _Taken] = {}
    for refund in facts.refunds.values():
        for each in () if facts.is_made_good(refund) else refund.lines:
            of_line = taken.setdefault(each.line_id, _Taken())
            of_line.paid += each.amount
            of_line.platform_discount += each.platform_discount
            known = of_line.goods is not None and each.goods is not None
            of_line.goods = (of_line.goods or 0) + (each.goods or 0) if known else None
    fees = _fees_kept(facts, paid) if plan.take_rate_on_delivery_fee else {}
    return {
        line.line_id: _kept(line, taken.get(line.line_id), fees.get(line.line_id, 0))
        for part in paid.parts
        for line in part.lines
    }


def _kept(line: PaidLine, taken: _Taken | None, fee: int) -> Kept:
    if taken is None:
        return Kept(line, line.paid, line.platform_discount, line.goods, fee)
    paid = line.paid - taken.paid
    discount = line.platform_discount - taken.platform_discount
    whole, left = line.paid + line.platform_discount, max(paid + discount, 0)
    # A refund that was heard before goods were noted takes them back in proportion to the money.
    goods = line.goods - taken.goods if taken.goods is not None else _part(line.goods, left, whole)
    return Kept(line, paid, discount, goods, _part(fee, left, whole))


def _part(amount: int, left: int, whole: int) -> int:
    return amount * left // whole if whole > 0 else 0


def _fees_kept(facts: OrderFacts, paid: Paid) -> dict[str, int]:
    """The delivery fee that was not given back, shared as the whole of it was when it was paid."""
    lines = sorted((line for part in paid.parts for line in part.lines), key=lambda line: line.line_id)
    returned = sum(refund.delivery_fee for refund in facts.refunds.values())
    weights = [line.delivery_fee for line in lines]
    left = max(paid.delivery_fee - returned, 0) if any(weights) else 0
    return dict(zip((line.line_id for line in lines), share(left, weights), strict=True))
