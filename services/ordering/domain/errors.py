"""Everything that ordering refuses, as one tree.

NotFound      QuoteNotFound · OrderNotFound · StoreOrderNotFound · PaymentNotFound · UnknownProvider
              LineNotFound · SubstitutionNotFound · CaseNotFound · PhotoNotFound · ReviewNotFound
              ListNotFound · RefundNotFound
Forbidden     NotForThisRole
Conflict      QuoteExpired · QuoteUsed · OrderIdUsed · CommandIdUsed · WrongState · TooLateToCancel
              OrderNotPayable · SubstitutionOpen · AfterSaleWindowClosed · UnitsClaimed · NotReceived
              ReviewTooOld · TooLateToRebook · RebookingRunning · NothingToRebook
Refused       OutOfStock · PromotionCodeUnknown · RefundExceedsLine · NothingToRefund · AmountMismatch
              PriceWouldRise · NotWeighed · NotToBeSubstituted · SubstituteUnfit · OneShopACase
              TooManyPhotos · TooManyLists · MethodNotOffered · TooMuchForCash · PayerNeeded · ForeignTip
Unavailable   HoldsUnavailable · InconsistentAnswer · RebookingPending · ProviderUnavailable
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


class LineNotFound(NotFound):
    code, title = "line-not-found", "There is no such line in this store order"


class SubstitutionNotFound(NotFound):
    code, title = "substitution-not-found", "There is no such substitution"


class UnknownProvider(NotFound):
    code, title = "payment-provider-not-found", "There is no such payment provider"


class RefundNotFound(NotFound):
    code, title = "refund-not-found", "There is no such refund"


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


class SubstitutionOpen(Conflict):
    code, title = "substitution-open", "The customer has not answered a proposed substitution yet"


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


class PriceWouldRise(Refused):
    code, title = (
        "price-would-rise",
        "What was paid for is never made dearer, nor what went back asked for again",
    )


class NotWeighed(Refused):
    code, title = "not-weighed", "This line is not sold by weight, or part of it is other goods by now"


class NotToBeSubstituted(Refused):
    code, title = "not-to-be-substituted", "The customer wants this line refunded when it is missing"


class SubstituteUnfit(Refused):
    code, title = "substitute-unfit", "This cannot take the place of what is missing"


class AmountMismatch(Refused):
    code, title = "amount-mismatch", "The provider names another amount than the payment's"


class MethodNotOffered(Refused):
    code, title = "payment-method-not-offered", "This way to pay is not offered here"


class TooMuchForCash(Refused):
    code, title = "too-much-for-cash", "The order is too large to be paid at the door"


class PayerNeeded(Refused):
    code, title = "payer-needed", "This way to pay needs to know who pays"


class ForeignTip(Refused):
    code, title = "tip-in-another-currency", "The tip is in another currency than the order"


class HoldsUnavailable(Unavailable):
    code, title = "holds-unavailable", "Stock, slot or coupon could not be held in time; nothing was ordered"


class InconsistentAnswer(Unavailable):
    code, title = "inconsistent-answer", "A part of the platform answered with figures that do not add up"


class ProviderUnavailable(Unavailable):
    code, title = "payment-provider-unavailable", "The payment provider does not answer; try again"


class BadSignature(Unauthenticated):
    code, title = "bad-signature", "The notification is not signed by the provider"


class CaseNotFound(NotFound):
    code, title = "case-not-found", "There is no such after-sale case"


class PhotoNotFound(NotFound):
    code, title = "photo-not-found", "There is no such picture, or no longer"


class AfterSaleWindowClosed(Conflict):
    code, title = "after-sale-window-closed", "Cases are opened after the receipt, and not for long"


class UnitsClaimed(Conflict):
    code, title = "units-claimed", "Another case is about these goods"


class OneShopACase(Refused):
    code, title = "one-shop-a-case", "A case is about the goods of one shop; open one for each"


class TooManyPhotos(Refused):
    code, title = "too-many-photos", "There are enough pictures"


class ReviewNotFound(NotFound):
    code, title = "review-not-found", "There is no such review"


class ListNotFound(NotFound):
    code, title = "list-not-found", "There is no such shopping list"


class NotReceived(Conflict):
    code, title = "not-received", "Reviews are written once the goods have come"


class ReviewTooOld(Conflict):
    code, title = "review-too-old", "This review cannot be changed any more"


class TooManyLists(Refused):
    code, title = "too-many-lists", "There are enough shopping lists"
