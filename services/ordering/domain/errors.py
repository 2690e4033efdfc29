"""Everything that ordering refuses, as one tree.

NotFound      QuoteNotFound · OrderNotFound · StoreOrderNotFound · PaymentNotFound · UnknownProvider
Forbidden     NotForThisRole
Conflict      QuoteExpired · QuoteUsed · OrderIdUsed · CommandIdUsed · WrongState · TooLateToCancel
              OrderNotPayable · TooLateToRebook · RebookingRunning
Refused       OutOfStock · PromotionCodeUnknown · RefundExceedsLine · NothingToRefund · AmountMismatch
Unavailable   HoldsUnavailable · RebookingPending · InconsistentAnswer
Unauthenticated  BadSignature
"""

from __future__ import annotations

from shared.kernel.errors import Conflict, Forbidden, NotFound, Refused, Unauthenticated, Unavailable


class QuoteNotFound(NotFound):
    code, title = "quote-not-found", "There is no such quote"


class OrderNotFound(NotFound):
    code, title = "order-not-found", "There is no such order"


class StoreOrderNotFound(NotFound):
    code, title = "store-order-not-found", "There is no such store order"


class PaymentNotFound(NotFound):
    code, title = "payment-not-found", "There is no such payment"


class UnknownProvider(NotFound):
    code, title = "payment-provider-not-found", "There is no such payment provider"


class NotForThisRole(Forbidden):
    code, title = "not-for-this-role", "Your role may not do this"


class QuoteExpired(Conflict):
    code, title = "quote-expired", "The quote has expired; ask for a new one"


class QuoteUsed(Conflict):
    code, title = "quote-used", "Another order was made from this quote"


class OrderIdUsed(Conflict):
    code, title = "order-id-used", "This order id belongs to another quote"


class CommandIdUsed(Conflict):
    code, title = "command-id-used", "This id belongs to another command"


class WrongState(Conflict):
    code, title = "wrong-state", "The present state does not allow this"


class TooLateToCancel(Conflict):
    code, title = "too-late-to-cancel", "A courier has already collected goods of this order"


class OrderNotPayable(Conflict):
    code, title = "order-not-payable", "This order cannot be paid any more"


class TooLateToRebook(Conflict):
    code, title = "too-late-to-rebook", "A courier has already collected goods of this order"


class RebookingRunning(Conflict):
    code, title = "rebooking-running", "The order is being moved to another slot already"


class NothingToRebook(Conflict):
    code, title = "nothing-to-rebook", "The order has this slot already"


class RebookingPending(Unavailable):
    code, title = (
        "rebooking-pending",
        "The move is not finished yet; ask again, or it ends by itself",
    )


class OutOfStock(Refused):
    code, title = "out-of-stock", "There is not enough left"


class PromotionCodeUnknown(Refused):
    code, title = "promotion-code-unknown", "There is no such promotion code"


class RefundExceedsLine(Refused):
    code, title = "refund-exceeds-line", "More is asked back than is left"


class NothingToRefund(Refused):
    code, title = "nothing-to-refund", "Nothing is left that could be refunded"


class AmountMismatch(Refused):
    code, title = "amount-mismatch", "The provider names another amount than the payment's"


class HoldsUnavailable(Unavailable):
    code, title = "holds-unavailable", "Stock, slot or coupon could not be held in time; nothing was ordered"


class InconsistentAnswer(Unavailable):
    code, title = "inconsistent-answer", "A part of the platform answered with figures that do not add up"


class BadSignature(Unauthenticated):
    code, title = "bad-signature", "The notification is not signed by the provider"
