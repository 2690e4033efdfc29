"""Why an entry is the amount that it is, in a sentence, from what is stored with it."""

from __future__ import annotations

from services.commission.domain.ledger import Kind

_REASONS = {
    Kind.PAYMENT.value: "Paid by the customer",
    Kind.REFUND.value: "Given back to the customer",
    Kind.SALE.value: "Goods, as the customer paid for them",
    Kind.PLATFORM_DISCOUNT.value: "Discount that the platform bears",
    Kind.TAKE_RATE.value: "Take rate",
    Kind.COMMISSION.value: "Distribution commission",
    Kind.RECRUITER.value: "Part of a commission for the shop that recruited its promoter",
    Kind.MARGIN.value: "Margin of the platform on goods that it sources",
    Kind.RELEASE.value: "Commission released after the after-sale time",
    Kind.DELIVERY_FEE.value: "Delivery fee",
    Kind.COURIER_PAY.value: "Courier pay",
    Kind.GOODWILL.value: "Given back at the platform's cost",
    Kind.COURIER_FAULT.value: "Given back for a courier's fault, at the platform's cost",
    Kind.TIP.value: "Tip of the customer",
    Kind.CASH_COLLECTED.value: "Collected at the door",
    Kind.CASH_HANDED_BACK.value: "Handed back to the customer",
    Kind.COURIER_GUARANTEE.value: "Guaranteed minimum of a shift",
    Kind.SUBSCRIPTION.value: "Subscription",
    Kind.ADVERTISING.value: "Advertising",
    "payout": "Paid out",
    "payout_fee": "Fee of the payout",
    "cash_netting": "Cash in the courier's hands, set off against pay",
}
# What follows from a rate plan without being a rate of something.
_OF_THE_PLAN = {Kind.COURIER_PAY, Kind.COURIER_GUARANTEE, Kind.SUBSCRIPTION, Kind.ADVERTISING}


def name_of(kind: str) -> str:
    return _REASONS.get(kind) or kind.replace("_", " ").capitalize()


def follows_from_plan(kind: str, rate_bp: int | None) -> bool:
    """Whether a rate plan made the amount, so that its version has to be said."""
    return rate_bp is not None or kind in _OF_THE_PLAN


def formula(
    kind: str, *, rate_bp: int | None, base: int | None, currency: str, note: str | None, plan: int | None
) -> str:
    """What kind of money it is, and the rate, the base and the plan that gave the amount."""
    words = name_of(kind)
    if rate_bp is not None and base is not None:
        words += f", {rate_bp / 100:.2f} % of {base / 100:.2f} {currency}"
    if note:
        words += f": {note}"
    if plan is not None and follows_from_plan(kind, rate_bp):
        words += f" (rate plan {plan})"
    return words
