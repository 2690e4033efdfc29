"""What the ledger must say of an order: a pure function of what is known of it and of its rate plan.

Every rate is applied once, to what the customer kept of a store order. So any sequence of refunds, before or
after the delivery, ends on the same amounts as one refund of their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.commission.domain import formula, ledger
from services.commission.domain.facts import LinkTerms, OrderFacts, Paid, PaidPart
from services.commission.domain.ledger import Kind, Sheet
from services.commission.domain.promotion import Accrual, AccrualStatus, denial
from services.commission.domain.rates import RatePlan
from services.commission.domain.take_rate import Kept, Take, kept_of, takes
from shared.kernel.ids import derived_id
from shared.kernel.money import rate_of


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
    sheet.move(paid.total, debit=ledger.CASH, credit=ledger.ORDERS, kind=Kind.PAYMENT)
    for refund in facts.refunds.values():
        sheet.move(
            refund.amount,
            debit=ledger.ORDERS,
            credit=ledger.CASH,
            kind=Kind.REFUND,
            store_order_id=refund.store_order_id,
        )
    left = kept_of(facts, paid, plan)
    delivered = facts.delivered.store_order_ids if facts.delivered else ()
    for part in paid.parts:
        kept = [left[line.line_id] for line in part.lines]
        is_delivered = part.store_order_id in delivered
        taken = takes(part.shop_id, kept, plan)
        take = sum(each.amount for each in taken)
        if is_delivered:
            _settle(part, kept, taken, sheet)
        _accrue(goal, facts, paid, part, kept, plan, is_delivered, take)
    _keep_delivery_fee(facts, paid, sheet)
    if facts.trip is not None:
        trip, pay = facts.trip, plan.courier_pay
        sheet.move(
            pay.of(trip),
            debit=ledger.COURIER_PAY,
            credit=ledger.courier_payable(trip.courier_id),
            kind=Kind.COURIER_PAY,
            note=pay.formula(trip),
        )
    return goal


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


def _accrue(
    goal: Goal,
    facts: OrderFacts,
    paid: Paid,
    part: PaidPart,
    kept: list[Kept],
    plan: RatePlan,
    is_delivered: bool,
    take: int,
) -> None:
    """Book the commissions of a store order: pending until it is delivered, frozen until it is completed.

    The shop that sells pays them; together with the take rate they never exceed what it sold for.
    """
    left = max(sum(each.paid + each.platform_discount for each in kept) - take, 0)
    for terms in paid.links:
        lines = [each for each in kept if each.line.promotion_link_id == terms.link_id]
        reasons = [denial(each.line, part, paid, terms) for each in lines]
        earning = [each for each, reason in zip(lines, reasons, strict=True) if reason is None]
        if not lines:
            continue
        rate = plan.commission_rate(terms.rate_bp)
        base = sum(max(each.paid, 0) for each in earning)
        wanted = rate_of(base, rate)
        amount = min(wanted, left)
        note = formula.rated(formula.number(base), rate, amount, most=left if wanted > left else None)
        left -= amount
        if is_delivered:
            _book_commission(goal.sheet, part, terms, rate, base, amount, note)
        if is_delivered and facts.completed_at is not None:
            goal.sheet.move(
                amount,
                debit=ledger.promoter_frozen(terms.promoter_shop_id),
                credit=ledger.promoter_payable(terms.promoter_shop_id),
                kind=Kind.RELEASE,
                store_order_id=part.store_order_id,
                promotion_link_id=terms.link_id,
            )
        goal.accruals.append(
            Accrual(
                accrual_id=derived_id("accrual", part.store_order_id, terms.link_id),
                order_id=facts.order_id,
                store_order_id=part.store_order_id,
                promotion_link_id=terms.link_id,
                promoter_shop_id=terms.promoter_shop_id,
                status=_status(facts, bool(earning), amount, is_delivered),
                full=rate_of(sum(each.line.paid for each in earning), rate),
                amount=amount,
                rate_bp=rate,
                reason=None if earning else reasons[0],
            )
        )


def _book_commission(
    sheet: Sheet, part: PaidPart, terms: LinkTerms, rate: int, base: int, amount: int, note: str
) -> None:
    sheet.move(
        amount,
        debit=ledger.shop_payable(part.shop_id),
        credit=ledger.promoter_frozen(terms.promoter_shop_id),
        kind=Kind.COMMISSION,
        store_order_id=part.store_order_id,
        rate_bp=rate,
        promotion_link_id=terms.link_id,
        base=base,
        note=note,
    )


def _status(facts: OrderFacts, earns: bool, amount: int, is_delivered: bool) -> AccrualStatus:
    if not earns:
        return AccrualStatus.DENIED
    if amount == 0 and (facts.refunds or is_delivered):
        return AccrualStatus.REVERSED
    if not is_delivered:
        return AccrualStatus.PENDING
    return AccrualStatus.ACCRUED if facts.completed_at is None else AccrualStatus.RELEASED


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
