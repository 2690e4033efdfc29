"""Every refusal of commission.

Refusal
├── InvalidInput
│   ├── InvalidRatePlan      a rate plan contradicts itself
│   └── ContradictoryEvent   the figures of an event do not add up
├── Forbidden
│   ├── OperatorsOnly        the caller is no operator
│   └── BooksClosed          the caller is neither operator nor analyst
├── NotFound
│   ├── AccountNotFound      no such account, or not the caller's
│   ├── ShopNotFound         no such shop, or not the caller's
│   ├── ListingNotFound      the listing to promote is not known
│   ├── LinkNotFound         no promotion link has this code
│   ├── EntryNotFound        the ledger has no such entry or order, or not for the caller
│   └── TransactionNotFound  the ledger has no such transaction
├── Conflict
│   ├── LinkExists           the id was used for another link
│   ├── RatePlanExists       the id was used for another plan
│   └── AlreadyReversed      the transaction was reversed for another reason
└── Refused
    ├── ListingNotSourced    only goods that the platform sources are promoted
    ├── OtherCategory        a shop promotes goods of its own category
    ├── OwnGoods             a shop earns nothing by promoting what it sells itself
    ├── RateOutOfBounds      the commission rate is outside the plan's bounds
    ├── RatePlanInThePast    a plan never changes what was already paid for
    ├── NoRatePlan           no plan was in force when the order was paid
    └── FollowsFromFacts     what an order makes necessary is not reversed by hand
"""

from __future__ import annotations

from shared.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused


class InvalidRatePlan(InvalidInput):
    code, title = "invalid-rate-plan", "The rate plan contradicts itself"


class ContradictoryEvent(InvalidInput):
    code, title = "contradictory-event", "The figures of the event do not add up"


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


class ListingNotSourced(Refused):
    code, title = "listing-not-sourced", "Only sourced goods can be promoted"


class OtherCategory(Refused):
    code, title = "other-category", "A shop promotes goods of its own category"


class OwnGoods(Refused):
    code, title = "own-goods", "A shop earns no commission on its own goods"


class RateOutOfBounds(Refused):
    code, title = "rate-out-of-bounds", "The commission rate is outside the rate plan's bounds"


class RatePlanInThePast(Refused):
    code, title = "rate-plan-in-the-past", "A rate plan takes effect now or later"


class NoRatePlan(Refused):
    code, title = "no-rate-plan", "No rate plan was in force"


class FollowsFromFacts(Refused):
    code, title = "follows-from-facts", "What an order makes necessary is not reversed by hand"
