"""Checks of the rules of money, each against figures that were computed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tests.trust.mutants.broken import Broken

_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def substitute() -> None:
    """Three for 12.00, sold at 10.00: of a substitute that is 1.00 cheaper 0.84 go back."""
    from tests.ordering.builders import a_line, by_platform

    line = a_line(0, "fruit", 3, 400, by_platform(200))
    _, part = line.substitute(1, 300, substitution_id="s", listing_id=None)
    if part.amount != 84:
        raise Broken(f"a substitute gave back {part.amount}, its share of the difference is 84")


def weight() -> None:
    """Three for 12.00, sold at 10.00: 3.00 of the list price less are 2.50 of what was paid."""
    from tests.ordering.builders import a_line, by_platform

    line = a_line(0, "fruit", 3, 400, by_platform(200), unit_grams=500)
    _, part = line.fall_to(900)
    if part.amount != 250:
        raise Broken(f"what was lighter gave back {part.amount}, its share is 250")


def completion() -> None:
    """An order with a case that goes on stays delivered."""
    from services.ordering.application import deadlines
    from tests.ordering.builders import a_paid_order

    order = a_paid_order()
    order.deliver("delivery", "courier", _NOON, _NOON)
    case = SimpleNamespace(is_going_on=True)
    work = SimpleNamespace(
        orders=SimpleNamespace(
            to_complete=lambda *_: [order.order_id], lock=lambda _: order, save=lambda _: None
        ),
        cases=SimpleNamespace(of_order=lambda _: [case]),
    )

    @contextmanager
    def begin() -> Iterator[Any]:
        yield work

    transactions: Any = SimpleNamespace(single=begin, begin=begin)
    clock: Any = SimpleNamespace(now=lambda: _NOON + timedelta(days=9))
    deadlines.complete_delivered(transactions=transactions, clock=clock)
    if order.status != "delivered":
        raise Broken("an order was completed while a case was going on")


def goodwill() -> None:
    _balance(_delivered(borne_by="platform"), "expense:goodwill", 250)


def tip() -> None:
    _balance(_delivered(), "payable:courier:courier-1", -50)


def door() -> None:
    """What went back before the door is not collected: the courier has the rest."""
    cash = _delivered(method="cash", collected=1_100)
    _balance(cash, "cash:courier:courier-1", 1_100)


def claw_back() -> None:
    """10 % of the 7.50 that the customer kept."""
    _balance(_delivered(), "frozen:promoter:florist", -75)


def take() -> None:
    """5 % of the 9.00 that the shop sold for after the refund."""
    _balance(_delivered(), "revenue:take_rate", -45)


def subsidy() -> None:
    """Of the platform's 2.00 a quarter comes back with the goods."""
    _balance(_delivered(), "expense:platform_discount", 150)


def _delivered(borne_by: str = "shop", method: str = "sandbox", collected: int = 0) -> Any:
    """Four units for 12.00, sold at 10.00 with 2.00 of the platform's; one went back."""
    from services.commission.domain import facts

    line = facts.PaidLine(
        line_id="line-1",
        listing_id="listing-1",
        category="fruit",
        paid=1_000,
        goods=1_200,
        platform_discount=200,
        promotion_link_id="link-1",
    )
    part = facts.PaidPart(store_order_id="part-1", shop_id="grocer", merchant_id="owner-1", lines=(line,))
    link = facts.LinkTerms(
        link_id="link-1",
        promoter_shop_id="florist",
        promoter_owner_id="owner-2",
        listing_id="listing-1",
        rate_bp=1_000,
    )
    refund = facts.Refund(
        refund_id="refund-1",
        store_order_id="part-1",
        amount=250,
        delivery_fee=0,
        lines=(facts.RefundedLine(line_id="line-1", amount=250, platform_discount=50, goods=300),),
        borne_by=borne_by,
    )
    return facts.OrderFacts(
        order_id="order-1",
        currency="CNY",
        paid=facts.Paid(
            customer_id="customer-1",
            paid_at=_NOON,
            total=1_350,
            delivery_fee=300,
            parts=(part,),
            links=(link,),
            tip=50,
            method=method,
        ),
        delivered=facts.Delivered(
            delivered_at=_NOON, store_order_ids=("part-1",), courier_id="courier-1", collected=collected
        ),
        refunds={"refund-1": refund},
    )


def _balance(found: Any, account: str, due: int) -> None:
    from services.commission.domain.settlement import goal_of
    from tests.commission.builders import a_plan

    there = goal_of(replace(found), a_plan()).sheet.by_account().get(account, 0)
    if there != due:
        raise Broken(f"{account} has {there}, {due} is right")


MONEY_CHECKS: Mapping[str, Callable[[], None]] = {
    check.__name__: check
    for check in (substitute, weight, completion, goodwill, tip, door, claw_back, take, subsidy)
}
