"""How money goes to the wrong party: each function breaks the process that it is called in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any


def substitute_at_list_price() -> None:
    """A cheaper substitute gives back the difference of the list prices, whatever was paid for the line."""
    from services.ordering.domain.lines import Line

    substitute = Line.substitute

    def by_list(self: Line, units: int, unit_price: int, **named: Any) -> Any:
        after, part = substitute(self, units, unit_price, **named)
        fall = after.falls[-1]
        amount = min(fall.goods, self._units().of(fall.first, fall.end)[0])
        none = tuple(replace(discount, amount=0) for discount in part.discounts)
        changed = replace(fall, amount=amount, discounts=(0,) * len(fall.discounts))
        return replace(self, falls=(*self.falls, changed)), replace(part, amount=amount, discounts=none)

    Line.substitute = by_list  # type: ignore[method-assign]


def weighed_difference_kept() -> None:
    """What is lighter than estimated costs what was estimated."""
    from services.ordering.domain.lines import Line

    def stays(self: Line, goods: int) -> Any:
        del goods
        return self, self._price_part(0, (0,) * len(self.discounts))

    Line.fall_to = stays  # type: ignore[method-assign]


def completed_without_cases() -> None:
    """An order is completed when its window has closed, whatever is still argued about."""
    from services.ordering.adapters import orders_sql
    from services.ordering.application import deadlines

    before, after = "  AND NOT EXISTS (SELECT FROM after_sale_case", "ORDER BY completes_at"
    head, tail = orders_sql._TO_COMPLETE.split(before)[0], orders_sql._TO_COMPLETE.split(after)[1]
    if head == orders_sql._TO_COMPLETE:
        raise AssertionError("orders are completed in another way by now")
    orders_sql._TO_COMPLETE = head + after + tail

    def complete_delivered(*, transactions: Any, clock: Any) -> int:
        with transactions.single() as work:
            due = work.orders.to_complete(clock.now(), 100)
        for order_id in due:
            with transactions.begin() as work:
                order = work.orders.lock(order_id)
                if order.status == "delivered":
                    order.complete(clock.now())
                    work.orders.save(order)
        return len(due)

    deadlines.complete_delivered = complete_delivered


def borne_by_ignored() -> None:
    """Whoever is at fault, the shop pays."""
    from services.commission.domain.facts import OrderFacts

    OrderFacts.is_made_good = lambda *_: False  # type: ignore[assignment, method-assign, return-value]


def tip_kept() -> None:
    """The tip goes where the delivery fee goes."""
    from services.commission.domain import ledger, settlement

    def book_tip(facts: Any, paid: Any, sheet: Any) -> None:
        kept = paid.tip - sum(refund.tip for refund in facts.refunds.values())
        if facts.delivered is not None:
            sheet.move(kept, debit=ledger.ORDERS, credit=ledger.DELIVERY_FEE, kind=ledger.Kind.TIP)

    settlement.book_tip = book_tip


def refunded_cash_collected() -> None:
    """The courier owes the whole total, also what was given back before the door."""
    from services.commission.domain import at_the_door

    book = at_the_door._book_collection

    def whole(facts: Any, paid: Any, collected: int, sheet: Any) -> None:
        del collected
        book(facts, paid, paid.total, sheet)

    at_the_door._book_collection = whole


def commission_not_clawed_back() -> None:
    """Promoters earn by what was sold, whatever came back."""
    from services.commission.domain import commissions

    accrue = commissions.accrue

    def of_all(sheet: Any, facts: Any, paid: Any, part: Any, shares: Any, plan: Any, take: int) -> Any:
        return accrue(sheet, facts, paid, part, [share.whole() for share in shares], plan, take)

    commissions.accrue = of_all


def take_rate_of_everything() -> None:
    """The take rate is taken of what was sold, refunded or not."""
    from services.commission.domain.take_rate import Kept

    Kept.goods_base = lambda self, _: self.line.paid + self.line.platform_discount  # type: ignore[method-assign]


def subsidy_stays() -> None:
    """What the platform gave for goods stays with the shop when they go back."""
    from services.commission.domain import settlement

    kept_of = settlement.kept_of

    def with_subsidy(*asked: Any) -> Any:
        return {
            line_id: replace(kept, platform_discount=kept.line.platform_discount)
            for line_id, kept in kept_of(*asked).items()
        }

    settlement.kept_of = with_subsidy
