"""What the ledger must say of an order: a pure function of what is known of it and of its rate plan.

Every rate is applied once, to what the customer kept of a store order. So any sequence of refunds, before or
after the delivery, ends on the same amounts as one refund of their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.commission.domain import commissions, ledger
from services.commission.domain.at_the_door import book_money, book_tip
from services.commission.domain.commissions import Share
from services.commission.domain.courier_pay import CourierPay
from services.commission.domain.facts import OrderFacts, Paid, PaidPart, Trip
from services.commission.domain.ledger import Heading, Kind, Sheet
from services.commission.domain.promotion import Accrual
from services.commission.domain.rates import RatePlan
from services.commission.domain.take_rate import Kept, Take, kept_of, takes


@dataclass(slots=True)
class Goal:
    """The sums the ledger must show for an order, and the commissions it earns."""

    sheet: Sheet = field(default_factory=Sheet)
    accruals: list[Accrual] = field(default_factory=list)


def goal_of(facts: OrderFacts, plan: RatePlan | None) -> Goal:
    """What must be posted for ``facts``: nothing before the payment is known, then all that is due by now."""
    goal = Goal()
    paid = facts.paid
    if paid is None or plan is None:
        return goal
    sheet = goal.sheet
    book_money(facts, paid, sheet)
    book_tip(facts, paid, sheet)
    for refund in facts.refunds.values():
        # The sale stands where the shop is not at fault: the platform makes good what the customer got back.
        sheet.move(
            refund.amount - refund.delivery_fee - refund.tip if facts.is_made_good(refund) else 0,
            debit=ledger.GOODWILL,
            credit=ledger.ORDERS,
            kind=Kind.COURIER_FAULT if refund.borne_by == "courier" else Kind.GOODWILL,
            store_order_id=refund.store_order_id,
        )
    left = kept_of(facts, paid, plan)
    sourcing = {each.line_id: each for each in paid.sourcing}
    delivered = facts.delivered.store_order_ids if facts.delivered else ()
    for part in paid.parts:
        kept = [left[line.line_id] for line in part.lines]
        is_delivered = part.store_order_id in delivered
        shares = [
            Share(each.line, each.paid, each.platform_discount, sourcing.get(each.line.line_id))
            for each in kept
        ]
        # What the platform sells at its own account owes it a margin in place of the take rate.
        own = [each for each, share in zip(kept, shares, strict=True) if share.cost is None]
        taken = takes(part.shop_id, own, plan)
        if is_delivered:
            _settle(part, kept, taken, sheet)
        take = sum(each.amount for each in taken)
        goal.accruals += commissions.accrue(sheet, facts, paid, part, shares, plan, take)
    _keep_delivery_fee(facts, paid, sheet)
    _pay_couriers(facts, plan.courier_pay, sheet)
    return goal


def _pay_couriers(facts: OrderFacts, pay: CourierPay, sheet: Sheet) -> None:
    """Every trip is a delivery of its own to the rate plan."""
    by_courier: dict[str, list[Trip]] = {}
    for trip in facts.trips:
        by_courier.setdefault(trip.courier_id, []).append(trip)
    for courier_id, trips in by_courier.items():
        sheet.move(
            sum(pay.of(trip) for trip in trips),
            debit=ledger.COURIER_PAY,
            credit=ledger.courier_payable(courier_id),
            kind=Kind.COURIER_PAY,
            note=pay.formula_of(trips),
        )
    spent = sheet.figures.get(Heading(ledger.COURIER_PAY, Kind.COURIER_PAY.value))
    if spent is not None:
        spent.note = pay.formula_of(facts.trips)


def _settle(part: PaidPart, kept: list[Kept], taken: list[Take], sheet: Sheet) -> None:
    """Give a delivered store order to its shop, less what the platform takes of it."""
    shop = ledger.shop_payable(part.shop_id)
    sheet.move(
        sum(each.paid for each in kept),
        debit=ledger.ORDERS,
        credit=shop,
        kind=Kind.SALE,
        store_order_id=part.store_order_id,
    )
    sheet.move(
        sum(each.platform_discount for each in kept),
        debit=ledger.PLATFORM_DISCOUNT,
        credit=shop,
        kind=Kind.PLATFORM_DISCOUNT,
        store_order_id=part.store_order_id,
    )
    for take in taken:
        sheet.move(
            take.amount,
            debit=shop,
            credit=ledger.TAKE_RATE,
            kind=Kind.TAKE_RATE,
            store_order_id=part.store_order_id,
            rate_bp=take.rate_bp,
            base=take.base,
            note=take.formula,
        )


def _keep_delivery_fee(facts: OrderFacts, paid: Paid, sheet: Sheet) -> None:
    """The fee is the platform's once the order is delivered, or is over with all its goods given back."""
    returned = sum(refund.delivery_fee for refund in facts.refunds.values())
    goods_back = facts.refunded - returned >= paid.total - paid.delivery_fee
    if facts.delivered is not None or (facts.cancelled_at is not None and goods_back):
        sheet.move(
            paid.delivery_fee - returned,
            debit=ledger.ORDERS,
            credit=ledger.DELIVERY_FEE,
            kind=Kind.DELIVERY_FEE,
        )
