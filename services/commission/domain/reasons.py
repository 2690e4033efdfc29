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
    Kind.RELEASE.value: "Commission released after the after-sale time",
    Kind.DELIVERY_FEE.value: "Delivery fee",
    Kind.COURIER_PAY.value: "Courier pay",
}


def name_of(kind: str) -> str:
    return _REASONS.get(kind, kind)


def formula(
    kind: str, *, rate_bp: int | None, base: int | None, currency: str, note: str | None, plan: int | None
) -> str:
    """What kind of money it is, and the rate, the base and the plan that gave the amount."""
    words = name_of(kind)
    if rate_bp is not None and base is not None:
        words += f", {rate_bp / 100:.2f} % of {base / 100:.2f} {currency}"
    if note:
        words += f": {note}"
    if plan is not None and (rate_bp is not None or kind == Kind.COURIER_PAY.value):
        words += f" (rate plan {plan})"
    return words
