"""Every refusal of commission.

Refusal
├── InvalidInput
│   ├── InvalidRatePlan      a rate plan contradicts itself
│   ├── InvalidOffer         an offer contradicts itself
│   ├── ContradictoryEvent   the figures of an event do not add up
│   ├── FileRefused          a file to reconcile with cannot be read
│   └── BankAccountRefused   this is no reference to a bank account
├── Forbidden
│   ├── OperatorsOnly        the caller is no operator
│   └── BooksClosed          the caller is neither operator nor analyst
├── NotFound
│   ├── AccountNotFound      no such account, or not the caller's
│   ├── ShopNotFound         no such shop, or not the caller's
│   ├── ListingNotFound      the listing to promote is not known
│   ├── OfferNotFound        no such offer, or none for this shop
│   ├── LinkNotFound         no promotion link has this code
│   ├── RatePlanNotFound     no rate plan has this version
│   ├── ContractNotFound     no such subscription or placement, or not the caller's
│   ├── StatementNotFound    no such statement, or not the caller's
│   ├── EntryNotFound        the ledger has no such entry or order, or not for the caller
│   ├── TransactionNotFound  the ledger has no such transaction
│   ├── PayoutNotFound       no such payout, or not the caller's
│   └── ReconciliationNotFound  nothing was reconciled under this id
├── Conflict
│   ├── LinkExists           the id was used for another link
│   ├── RatePlanExists       the id was used for another plan
│   ├── ContractExists       the id was used for another subscription or placement
│   ├── OfferExists          the id was used for another offer
│   ├── OfferChanged         somebody changed the offer since
│   ├── OfferTaken           the offer is exclusive, and another shop has it
│   ├── AlreadyReversed      the transaction was reversed for another reason
│   ├── PayoutState          the payout's state does not allow it
│   └── ReconciliationExists  the id was used for another file
└── Refused
    ├── ListingNotSourced    only goods that the platform sources are promoted
    ├── OtherCategory        a shop promotes goods of its own category
    ├── OwnGoods             a shop earns nothing by promoting what it sells itself
    ├── OfferNotOpen         no offer of the goods is open to this shop now
    ├── RateOutOfBounds      the commission rate is outside the plan's bounds
    ├── PriceOutOfBounds     the price is outside the offer's band
    ├── CircularRecruitment  shops do not recruit themselves or each other
    ├── RatePlanInThePast    a plan never changes what was already paid for
    ├── RatePlanInForce      what was paid under a plan keeps it
    ├── ContractRefused      a subscription or placement contradicts itself
    ├── TooManyOrders        the question is one for the command line
    ├── NoRatePlan           no plan was in force when the order was paid
    ├── FollowsFromFacts     what follows from facts is not reversed by hand
    └── NothingToPayOut      too little is payable, it is held, or nobody knows where to
"""

from __future__ import annotations

from shared.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused


class InvalidRatePlan(InvalidInput):
    code, title = "invalid-rate-plan", "The rate plan contradicts itself"


class ContradictoryEvent(InvalidInput):
    code, title = "contradictory-event", "The figures of the event do not add up"


class InvalidOffer(InvalidInput):
    code, title = "invalid-offer", "The offer contradicts itself"


class OperatorsOnly(Forbidden):
    code, title = "operators-only", "This is open to operators only"


class BooksClosed(Forbidden):
    code, title = "books-closed", "The platform's books are open to operators and analysts only"


class AccountNotFound(NotFound):
    code, title = "account-not-found", "There is no such account"


class ShopNotFound(NotFound):
    code, title = "shop-not-found", "There is no such shop"


class ListingNotFound(NotFound):
    code, title = "listing-not-found", "There is no such listing"


class LinkNotFound(NotFound):
    code, title = "promotion-link-not-found", "There is no such promotion link"


class RatePlanNotFound(NotFound):
    code, title = "rate-plan-not-found", "There is no such rate plan"


class ContractNotFound(NotFound):
    code, title = "contract-not-found", "There is no such subscription or placement"


class OfferNotFound(NotFound):
    code, title = "distribution-offer-not-found", "There is no such offer"


class EntryNotFound(NotFound):
    code, title = "ledger-entry-not-found", "The ledger has no such entry or order"


class TransactionNotFound(NotFound):
    code, title = "ledger-transaction-not-found", "The ledger has no such transaction"


class AlreadyReversed(Conflict):
    code, title = "already-reversed", "The transaction was reversed already"


class LinkExists(Conflict):
    code, title = "promotion-link-exists", "This id already names another promotion link"


class RatePlanExists(Conflict):
    code, title = "rate-plan-exists", "This id already names another rate plan"


class ContractExists(Conflict):
    code, title = "contract-exists", "This id already names another subscription or placement"


class OfferExists(Conflict):
    code, title = "distribution-offer-exists", "This id already names another offer"


class OfferChanged(Conflict):
    code, title = "distribution-offer-changed", "The offer was changed since"


class OfferTaken(Conflict):
    code, title = "distribution-offer-taken", "Another shop promotes these goods exclusively"


class ListingNotSourced(Refused):
    code, title = "listing-not-sourced", "Only sourced goods can be promoted"


class OtherCategory(Refused):
    code, title = "other-category", "A shop promotes goods of its own category"


class OwnGoods(Refused):
    code, title = "own-goods", "A shop earns no commission on its own goods"


class RateOutOfBounds(Refused):
    code, title = "rate-out-of-bounds", "The commission rate is outside the rate plan's bounds"


class OfferNotOpen(Refused):
    code, title = "distribution-offer-not-open", "These goods are not offered to this shop now"


class PriceOutOfBounds(Refused):
    code, title = "price-out-of-bounds", "The price is outside the offer's band"


class CircularRecruitment(Refused):
    code, title = "circular-recruitment", "Shops do not recruit themselves or each other"


class RatePlanInThePast(Refused):
    code, title = "rate-plan-in-the-past", "A rate plan takes effect now or later"


class RatePlanInForce(Refused):
    code, title = "rate-plan-in-force", "Only a plan that is not in force yet can be withdrawn"


class ContractRefused(Refused):
    code, title = "contract-refused", "The subscription or placement contradicts itself"


class TooManyOrders(Refused):
    code, title = "too-many-orders", "These are too many orders for one answer"


class NoRatePlan(Refused):
    code, title = "no-rate-plan", "No rate plan was in force"


class FileRefused(InvalidInput):
    code, title = "file-refused", "The file cannot be read"


class BankAccountRefused(InvalidInput):
    code, title = "bank-account-refused", "This is no reference to a bank account"


class StatementNotFound(NotFound):
    code, title = "statement-not-found", "There is no such statement"


class PayoutNotFound(NotFound):
    code, title = "payout-not-found", "There is no such payout"


class ReconciliationNotFound(NotFound):
    code, title = "reconciliation-not-found", "Nothing was reconciled under this id"


class PayoutState(Conflict):
    code, title = "payout-state", "The payout's state does not allow this"


class ReconciliationExists(Conflict):
    code, title = "reconciliation-exists", "This id already names another reconciliation"


class NothingToPayOut(Refused):
    code, title = "nothing-to-pay-out", "There is nothing to pay out"


class FollowsFromFacts(Refused):
    code, title = "follows-from-facts", "What follows from facts is not reversed by hand"
