"""What the use cases need of the outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.commission.application.market import Market
from services.commission.domain.announcements import Announcement
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import Posting, Sheet
from services.commission.domain.promotion import Accrual, Listing, PromotionLink, Shop
from services.commission.domain.rates import RatePlan


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenOrder:
    """An order's facts after the newest was added, held by the running transaction.

    ``fresh`` is true when nothing was known of the order before, so nothing can have been posted.
    """

    facts: OrderFacts
    plan: RatePlan | None
    plan_version: int | None
    fresh: bool


class Books(Protocol):
    """The ledger and what it is made from, inside one transaction. Asked for nothing, it does nothing."""

    market: Market

    def add(self, facts: Sequence[OrderFacts]) -> list[OpenOrder]:
        """Add ``facts``, of a different order each, to what is known, lock the orders, and return all of it.

        Orders are locked in the order of their ids.
        """

    def judge(self, verdicts: Mapping[str, Mapping[tuple[str, int], str]]) -> None:
        """Keep what was found against the promoters of orders, by order; what is kept stays."""

    def posted(self, order_ids: Sequence[str]) -> dict[str, Sheet]:
        """What the ledger says of each order that it says anything of."""

    def post(self, postings: Sequence[Posting]) -> None:
        """Write transactions and their entries, for good."""

    def accruals(self, order_ids: Sequence[str]) -> dict[str, dict[str, Accrual]]:
        """By order and id."""

    def keep_accruals(self, accruals: Sequence[tuple[Accrual, str]], at: datetime) -> None:
        """Store accruals as they are now, each with its currency."""

    def announce(self, announcements: Sequence[Announcement], context: object) -> None:
        """Tell the other services, when the transaction commits, as consequences of ``context``."""


class Catalogue(Protocol):
    """Shops and listings as far as commission knows them, promotion links, rate plans."""

    def shop(self, shop_id: str) -> Shop | None: ...

    def shops_of(self, owner_id: str) -> list[str]: ...

    def listing(self, listing_id: str) -> Listing | None: ...

    def keep_shop(self, shop: Shop) -> None: ...

    def keep_listing(self, listing: Listing, sequence: int) -> None:
        """Remember the listing unless a later state of it is known."""

    def add_link(self, link: PromotionLink, at: datetime) -> PromotionLink:
        """Add the link, or return the one that the shop already has for the listing."""

    def link_by_code(self, code: str) -> PromotionLink | None: ...

    def plan_at(self, currency: str, at: datetime) -> tuple[int, RatePlan] | None: ...

    def plan_by_id(self, plan_id: str) -> tuple[int, RatePlan] | None: ...

    def add_plan(self, plan: RatePlan, at: datetime) -> tuple[int, RatePlan]:
        """Add the plan, or return the one that already has its id."""

    def plans(self) -> list[tuple[int, RatePlan]]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryRow:
    """An entry as the read side shows it; amounts are signed, debit positive."""

    entry_id: int
    transaction_id: str
    event_type: str
    occurred_at: datetime
    posted_at: datetime
    account: str
    amount: int
    currency: str
    kind: str
    order_id: str
    store_order_id: str | None
    promotion_link_id: str | None
    rate_plan: int | None
    rate_bp: int | None
    base: int | None
    note: str | None
    reverses: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditedOrder:
    """An order's facts beside the sums that the ledger holds of it, per account."""

    facts: OrderFacts
    plan: RatePlan | None
    ledger: dict[str, int]


class Ledger(Protocol):
    """The read side."""

    def balances(self, prefix: str = "") -> list[tuple[str, str, int]]:
        """(account, currency, signed sum) of the accounts whose names start with ``prefix``."""

    def sums(
        self,
        accounts: list[str],
        currency: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[tuple[str, str], int]:
        """Signed sums per (account, kind) of what was posted in the period."""

    def entries(
        self,
        *,
        accounts: list[str] | None = None,
        order_id: str | None = None,
        currency: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        limit: int,
    ) -> list[EntryRow]:
        """Entries in the order they were written, those after entry ``after``."""

    def unbalanced(self, limit: int) -> list[tuple[str, str, int]]:
        """(transaction, currency, sum) of the transactions that do not sum to zero: there are none."""

    def orphans(self, limit: int) -> list[str]:
        """Orders that the ledger has entries for and no facts."""

    def audited(self) -> Iterator[AuditedOrder]:
        """Every order known, one at a time."""

    def promised(self, shop_id: str, limit: int) -> list[tuple[Accrual, str, datetime]]:
        """The accruals of a promoter shop, newest first, each with its currency and last change."""
