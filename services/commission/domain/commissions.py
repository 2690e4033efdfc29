"""What promoters earn on a store order, and what the platform earns on goods that it sources.

Goods whose supplier's cost is known are sold at the platform's account: the supplying shop gets its cost less
the discounts it gave, the rest is the platform's margin, and commissions come out of that margin, line by
line. Other goods are sold at the shop's own account: it owes the take rate and pays the commissions itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.commission.domain import formula, ledger
from services.commission.domain.facts import LinkTerms, OrderFacts, Paid, PaidLine, PaidPart, Sourcing
from services.commission.domain.ledger import Kind, Sheet
from services.commission.domain.promotion import Accrual, AccrualStatus, denial, recruiter_denial
from services.commission.domain.rates import RatePlan
from shared.kernel.ids import derived_id
from shared.kernel.money import rate_of


@dataclass(frozen=True, slots=True)
class Share:
    """A line with what the customer kept of it."""

    line: PaidLine
    paid: int
    platform_discount: int
    sourcing: Sourcing | None

    @property
    def link_id(self) -> str | None:
        return self.line.promotion_link_id if self.sourcing is None else self.sourcing.link_id

    @property
    def worth(self) -> int:
        """What it sells for: the customer's money and what the platform adds."""
        return self.paid + self.platform_discount

    @property
    def cost(self) -> int | None:
        """What its supplier gets: the cost less its own discounts, in proportion to what was kept."""
        if self.sourcing is None or self.sourcing.cost is None:
            return None
        line = self.line
        sold_for = line.paid + line.platform_discount
        cost = max(self.sourcing.cost - (line.goods - sold_for), 0)
        if sold_for <= 0 or self.worth == sold_for:
            return cost
        return (2 * cost * self.worth + sold_for) // (2 * sold_for)

    @property
    def margin(self) -> int:
        return self.worth - (self.cost or 0)

    def whole(self) -> Share:
        """The line before its refunds."""
        return replace(self, paid=self.line.paid, platform_discount=self.line.platform_discount)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Earned:
    """The commission of one link on one store order: who bears it, and how two levels share it."""

    terms: LinkTerms
    rate_bp: int
    base: int
    from_shop: int
    from_margin: int
    shop_formula: str
    margin_formula: str
    full: int
    units: int
    by: str | None
    reason: str | None
    recruiter_reason: str | None

    @property
    def amount(self) -> int:
        return self.from_shop + self.from_margin

    def recruiters(self, commission: int) -> int:
        """The recruiter's part of ``commission``; the promoter keeps what it is not entitled to."""
        return 0 if self.recruiter_reason else rate_of(commission, self.terms.recruiter_bp)


def accrue(
    sheet: Sheet,
    facts: OrderFacts,
    paid: Paid,
    part: PaidPart,
    shares: Sequence[Share],
    plan: RatePlan,
    take: int,
) -> list[Accrual]:
    """Book the margin and the commissions of a store order, and say what each promoter earns by it.

    Pending until it is delivered, frozen until the order is completed. With take rate or supplier's cost
    they never exceed what was sold for.
    """
    is_delivered = facts.delivered is not None and part.store_order_id in facts.delivered.store_order_ids
    if is_delivered:
        _book_margin(sheet, part, [each for each in shares if each.cost is not None])
    left = max(sum(each.worth for each in shares if each.cost is None) - take, 0)
    accruals = []
    for terms in paid.links:
        lines = [each for each in shares if each.link_id == terms.link_id]
        if not lines:
            continue
        earned = _earned(terms, lines, facts, paid, part, plan, left)
        left -= earned.from_shop
        if is_delivered:
            _book(sheet, part, earned, is_released=facts.completed_at is not None)
        accruals += _accruals(facts, part, earned, is_delivered)
    return accruals


def _book_margin(sheet: Sheet, part: PaidPart, sourced: Sequence[Share]) -> None:
    worth, cost = sum(each.worth for each in sourced), sum(each.cost or 0 for each in sourced)
    sheet.move(
        worth - cost,
        debit=ledger.shop_payable(part.shop_id),
        credit=ledger.DISTRIBUTION_MARGIN,
        kind=Kind.MARGIN,
        store_order_id=part.store_order_id,
        base=worth,
        note=formula.equals(
            f"{formula.number(worth)} - {formula.number(cost)}", worth - cost, label="sold less supplied"
        ),
    )


def _earned(
    terms: LinkTerms,
    lines: Sequence[Share],
    facts: OrderFacts,
    paid: Paid,
    part: PaidPart,
    plan: RatePlan,
    left: int,
) -> _Earned:
    verdicts = facts.verdicts or {}
    reasons = [verdicts.get((terms.link_id, 1)) or denial(each.line, part, paid, terms) for each in lines]
    earning = [each for each, reason in zip(lines, reasons, strict=True) if reason is None]
    rate_bp = plan.commission_rate(terms.rate_bp)
    from_shop, from_margin = _commission(earning, rate_bp)
    of_shop = sum(max(each.paid, 0) for each in earning if each.cost is None)
    full = sum(_commission([each.whole() for each in earning], rate_bp))
    sources = [each.sourcing for each in lines if each.sourcing is not None]
    return _Earned(
        terms=terms,
        rate_bp=rate_bp,
        base=sum(max(each.paid, 0) for each in earning),
        from_shop=min(from_shop, left),
        from_margin=from_margin,
        shop_formula=formula.rated(
            formula.number(of_shop), rate_bp, min(from_shop, left), most=left if from_shop > left else None
        ),
        margin_formula="; ".join(_of_margin(each, rate_bp) for each in earning if each.cost is not None),
        full=full,
        units=sum(each.sourcing.quantity for each in earning if each.sourcing is not None),
        by=sources[0].by if sources else None,
        reason=None if earning else reasons[0],
        recruiter_reason=verdicts.get((terms.link_id, 2)) or recruiter_denial(part, paid, terms),
    )


def _commission(earning: Iterable[Share], rate_bp: int) -> tuple[int, int]:
    """What the shop bears, rounded once, and what the margin bears, at most each line's own."""
    of_shop, from_margin = 0, 0
    for each in earning:
        if each.cost is None:
            of_shop += max(each.paid, 0)
        else:
            from_margin += min(rate_of(max(each.paid, 0), rate_bp), max(each.margin, 0))
    return rate_of(of_shop, rate_bp), from_margin


def _of_margin(share: Share, rate_bp: int) -> str:
    base, most = max(share.paid, 0), max(share.margin, 0)
    wanted = rate_of(base, rate_bp)
    return formula.rated(
        formula.number(base), rate_bp, min(wanted, most), most=most if wanted > most else None
    )


def _book(sheet: Sheet, part: PaidPart, earned: _Earned, *, is_released: bool) -> None:
    terms = earned.terms
    promoter = terms.promoter_shop_id
    for amount, debit, note in (
        (earned.from_shop, ledger.shop_payable(part.shop_id), earned.shop_formula),
        (earned.from_margin, ledger.DISTRIBUTION_MARGIN, earned.margin_formula),
    ):
        sheet.move(
            amount,
            debit=debit,
            credit=ledger.promoter_frozen(promoter),
            kind=Kind.COMMISSION,
            store_order_id=part.store_order_id,
            rate_bp=earned.rate_bp,
            promotion_link_id=terms.link_id,
            base=earned.base,
            note=note,
        )
    second = earned.recruiters(earned.amount)
    if second and terms.recruiter_shop_id is not None:
        sheet.move(
            second,
            debit=ledger.promoter_frozen(promoter),
            credit=ledger.promoter_frozen(terms.recruiter_shop_id),
            kind=Kind.RECRUITER,
            store_order_id=part.store_order_id,
            rate_bp=terms.recruiter_bp,
            promotion_link_id=terms.link_id,
            base=earned.amount,
            note=formula.rated(formula.number(earned.amount), terms.recruiter_bp, second),
        )
    if is_released:
        for shop_id, amount in ((promoter, earned.amount - second), (terms.recruiter_shop_id, second)):
            if shop_id is not None:
                sheet.move(
                    amount,
                    debit=ledger.promoter_frozen(shop_id),
                    credit=ledger.promoter_payable(shop_id),
                    kind=Kind.RELEASE,
                    store_order_id=part.store_order_id,
                    promotion_link_id=terms.link_id,
                )


def _accruals(facts: OrderFacts, part: PaidPart, earned: _Earned, is_delivered: bool) -> list[Accrual]:
    terms = earned.terms
    second, full_second = earned.recruiters(earned.amount), earned.recruiters(earned.full)
    first = Accrual(
        accrual_id=derived_id("accrual", part.store_order_id, terms.link_id),
        order_id=facts.order_id,
        store_order_id=part.store_order_id,
        promotion_link_id=terms.link_id,
        promoter_shop_id=terms.promoter_shop_id,
        status=_status(facts, earned.reason, earned.amount - second, is_delivered),
        full=earned.full - full_second,
        amount=earned.amount - second,
        rate_bp=earned.rate_bp,
        reason=earned.reason,
        by=earned.by,
        offer_id=terms.offer_id,
        units=earned.units,
    )
    if terms.recruiter_shop_id is None:
        return [first]
    reason = earned.reason or earned.recruiter_reason
    return [
        first,
        replace(
            first,
            accrual_id=derived_id("accrual", part.store_order_id, terms.link_id, "recruiter"),
            promoter_shop_id=terms.recruiter_shop_id,
            status=_status(facts, reason, second, is_delivered),
            full=full_second,
            amount=second,
            rate_bp=terms.recruiter_bp,
            reason=reason,
            level=2,
            units=0,
        ),
    ]


def _status(facts: OrderFacts, reason: str | None, amount: int, is_delivered: bool) -> AccrualStatus:
    if reason is not None:
        return AccrualStatus.DENIED
    if amount == 0 and (facts.refunds or is_delivered):
        return AccrualStatus.REVERSED
    if not is_delivered:
        return AccrualStatus.PENDING
    return AccrualStatus.ACCRUED if facts.completed_at is None else AccrualStatus.RELEASED
