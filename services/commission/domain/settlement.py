"""What the ledger must say of an order: a pure function of what is known of it and of its rate plan.

Every rate is applied once, to what the customer kept of a store order. So any sequence of refunds, before or
after the delivery, ends on the same amounts as one refund of their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.commission.domain import ledger
from services.commission.domain.facts import OrderFacts, Paid, PaidLine, PaidPart
from services.commission.domain.ledger import Kind, Sheet
from services.commission.domain.promotion import Accrual, AccrualStatus, denial
from services.commission.domain.rates import METRES_PER_KM, RatePlan, TakeRateBase
from shared.kernel.ids import derived_id
from shared.kernel.money import rate_of

_BASES = {
    TakeRateBase.AFTER_SHOP_DISCOUNT: "of goods after the shop's discounts, less refunds",
    TakeRateBase.CUSTOMER_PAID: "of what the customer paid for goods, less refunds",
}


@dataclass(slots=True)
class Goal:
    """The sums the ledger must show for an order, and the commissions it earns."""

    sheet: Sheet = field(default_factory=Sheet)
    accruals: list[Accrual] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A line after its refunds."""

    line: PaidLine
    paid: int
    platform_discount: int

    def take_base(self, base: TakeRateBase) -> int:
        if base is TakeRateBase.CUSTOMER_PAID:
            return max(self.paid, 0)
        return max(self.paid + self.platform_discount, 0)


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
    taken_back = _taken_back(facts)
    delivered = facts.delivered.store_order_ids if facts.delivered else ()
    for part in paid.parts:
        kept = [_kept(line, taken_back) for line in part.lines]
        is_delivered = part.store_order_id in delivered
        take = _settle(part, kept, plan, sheet) if is_delivered else _take_rate(part, kept, plan)
        _accrue(goal, facts, paid, part, kept, plan, is_delivered, take)
    _keep_delivery_fee(facts, paid, sheet)
    if facts.trip is not None:
        trip, pay = facts.trip, plan.courier_pay
        sheet.move(
            pay.of(trip),
            debit=ledger.COURIER_PAY,
            credit=ledger.courier_payable(trip.courier_id),
            kind=Kind.COURIER_PAY,
            note=(
                f"{pay.per_drop} per drop-off, {max(trip.pickups - 1, 0)} × {pay.per_extra_pickup} "
                f"for further pickups, {trip.distance_m} m × {pay.per_km} per {METRES_PER_KM} m"
            ),
        )
    return goal


def _taken_back(facts: OrderFacts) -> dict[str, tuple[int, int]]:
    """Per line, the money and the platform's discount that refunds took back."""
    taken: dict[str, tuple[int, int]] = {}
    for refund in facts.refunds.values():
        for line in refund.lines:
            paid, discount = taken.get(line.line_id, (0, 0))
            taken[line.line_id] = (paid + line.amount, discount + line.platform_discount)
    return taken


def _kept(line: PaidLine, taken_back: dict[str, tuple[int, int]]) -> _Kept:
    paid, discount = taken_back.get(line.line_id, (0, 0))
    return _Kept(line, line.paid - paid, line.platform_discount - discount)


def _take_bases(part: PaidPart, kept: list[_Kept], plan: RatePlan) -> dict[int, int]:
    """What each take rate is applied to: one sum per rate, so that it is rounded once per store order."""
    bases: dict[int, int] = {}
    for each in kept:
        rate = plan.take_rate(part.shop_id, each.line.category)
        bases[rate] = bases.get(rate, 0) + each.take_base(plan.take_rate_base)
    return bases


def _take_rate(part: PaidPart, kept: list[_Kept], plan: RatePlan) -> int:
    return sum(rate_of(base, rate) for rate, base in _take_bases(part, kept, plan).items())


def _settle(part: PaidPart, kept: list[_Kept], plan: RatePlan, sheet: Sheet) -> int:
    """Give a delivered store order to its shop, less the take rate, which is returned."""
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
    take = 0
    for rate, base in _take_bases(part, kept, plan).items():
        amount = rate_of(base, rate)
        take += amount
        sheet.move(
            amount,
            debit=shop,
            credit=ledger.TAKE_RATE,
            kind=Kind.TAKE_RATE,
            store_order_id=part.store_order_id,
            rate_bp=rate,
            base=base,
            note=_BASES[plan.take_rate_base],
        )
    return take


def _accrue(
    goal: Goal,
    facts: OrderFacts,
    paid: Paid,
    part: PaidPart,
    kept: list[_Kept],
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
        amount = min(rate_of(base, rate), left)
        left -= amount
        if is_delivered:
            _book_commission(goal.sheet, part, terms.promoter_shop_id, terms.link_id, rate, base, amount)
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
    sheet: Sheet, part: PaidPart, promoter_shop_id: str, link_id: str, rate: int, base: int, amount: int
) -> None:
    sheet.move(
        amount,
        debit=ledger.shop_payable(part.shop_id),
        credit=ledger.promoter_frozen(promoter_shop_id),
        kind=Kind.COMMISSION,
        store_order_id=part.store_order_id,
        rate_bp=rate,
        promotion_link_id=link_id,
        base=base,
        note="of what the customer paid through the link, less refunds"
        + (", as far as the shop has it" if amount < rate_of(base, rate) else ""),
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
