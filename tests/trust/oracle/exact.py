"""The oracle's own arithmetic of shares and rates, exact, and none of the platform's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from tests.trust.booked_orders import Discount, Fall, Line, Part, Refund
from tests.trust.books import Books
from tests.trust.oracle.case import DONE


def units_paid(line: Line) -> list[int]:
    """What each unit of a line cost: cumulative, so that any number of the first ones is exact."""
    ends = [line.paid * unit // line.quantity for unit in range(line.quantity + 1)]
    return [after - before for before, after in pairwise(ends)]


def units_left(line: Line) -> list[int]:
    """What each unit of a line costs once its price has fallen."""
    worth = units_paid(line)
    for fall in line.falls:
        there = worth[fall.first : fall.first + fall.units]
        for place, taken in enumerate(shared(fall.amount, there), fall.first):
            worth[place] -= taken
    return worth


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """``amount`` by largest remainder; ties go to the first."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, whole) for weight in weights]
    parts = [floor(one) for one in exact]
    by_rest = sorted(range(len(weights)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_rest[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def fall_due(line: Line, fall: Fall) -> int | None:
    """The customer's part of a fall: a proportion of what these units cost, rounded up.

    Nothing where an earlier fall had changed the price of the same units.
    """
    for earlier in line.falls:
        if earlier is fall:
            break
        if earlier.first < fall.first + fall.units and fall.first < earlier.first + earlier.units:
            return None
    paid = sum(units_paid(line)[fall.first : fall.first + fall.units])
    listed = line.unit_price * fall.units
    return ceil(Fraction(fall.goods * paid, listed)) if listed else 0


def half_up(amount: int, basis_points: int) -> int:
    return floor(Fraction(amount * basis_points, 10_000) + Fraction(1, 2))


def of_platform(discounts: Iterable[Discount]) -> int:
    return sum(discount.amount for discount in discounts if discount.funder == "platform")


class Kept:
    """What of a delivered part its shop may keep: all but what refunds took back at its own cost."""

    def __init__(self, part: Part, refunds: Sequence[Refund]) -> None:
        own = [refund for refund in refunds if refund.store_order_id == part.store_order_id]
        self.made_good = sum(refund.goods for refund in own if refund.borne_by != "shop")
        self._lines = {line.line_id: line for line in part.lines}
        self.paid = {line.line_id: line.paid for line in part.lines}
        self.subsidy = {line.line_id: of_platform(line.discounts) for line in part.lines}
        self.goods = {line.line_id: line.unit_price * line.quantity for line in part.lines}
        for refund in own:
            for back in refund.lines if refund.borne_by == "shop" else ():
                self.paid[back.line_id] -= back.amount
                self.subsidy[back.line_id] -= of_platform(back.discounts)
                self.goods[back.line_id] -= back.amount + sum(one.amount for one in back.discounts)

    def worth(self, line_id: str) -> int:
        return self.paid[line_id] + self.subsidy[line_id]

    @property
    def gross(self) -> int:
        return sum(map(self.worth, self.paid))

    def take(self, books: Books, order_id: str, shop_id: str) -> int:
        """The take rate: each rate once, on what was kept, half up, never more than it sold for."""
        plan = books.plans[books.plan_of[order_id]]
        base = {"before_discounts": self.goods.get, "customer_paid": self.paid.get}.get(
            plan.take_rate_base, self.worth
        )
        bases: dict[int, list[int]] = {}
        for line_id, line in self._lines.items():
            rate = plan.by_shop.get(shop_id, plan.by_category.get(line.category, plan.take_rate_bp))
            sums = bases.setdefault(rate, [0, 0])
            sums[0] += base(line_id) or 0
            sums[1] += self.worth(line_id)
        return sum(min(half_up(amount, rate), most) for rate, (amount, most) in bases.items())


def delivered(part: Part) -> bool:
    return part.status in DONE
