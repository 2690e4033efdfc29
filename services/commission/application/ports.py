"""What the use cases need of the outside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.commission.application.market import Market
from services.commission.domain.announcements import Announcement
from services.commission.domain.chain import Head, Seal, Written
from services.commission.domain.facts import OrderFacts, Trip
from services.commission.domain.guarantee import Shift
from services.commission.domain.ledger import Posting, Sheet
from services.commission.domain.promotion import Accrual, Listing, PromotionLink, Shop
from services.commission.domain.rates import RatePlan
from services.commission.domain.totals import NOW, AsOf, Total, TotalKey


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


@dataclass(frozen=True, kw_only=True, slots=True)
class TransactionRow:
    """A transaction as the read side shows it."""

    transaction_id: str
    natural_key: str
    event_type: str
    order_id: str | None
    currency: str
    rate_plan: int | None
    occurred_at: datetime
    posted_at: datetime


class Transactions(Protocol):
    """Transactions one by one, for explaining them and for taking them back."""

    def transaction(self, transaction_id: str) -> TransactionRow | None: ...

    def entry(self, entry_id: int) -> EntryRow | None: ...

    def entries_of(self, transaction: TransactionRow) -> list[EntryRow]:
        """In the order in which they were written."""

    def reversals_of(self, transaction_id: str) -> list[TransactionRow]:
        """The transactions that took something back from it, oldest first."""

    def seal_of(self, entries: Sequence[EntryRow]) -> int | None:
        """Where in the chain the transaction of ``entries``, all that it has, is sealed."""

    def plan(self, version: int) -> RatePlan | None: ...

    def book(self, order_id: str) -> AuditedOrder | None:
        """What is known of an order beside what the ledger has of it."""


class Journal(Protocol):
    """Transactions of the ledger that concern no order, inside one transaction of the database."""

    def add(self, posting: Posting) -> bool:
        """Write ``posting`` for good; where its natural key is known write nothing, and return false.

        Two that add the same key at once wait for each other: one of them writes.
        """


class Seals(Protocol):
    """The chain over what was posted and the totals of accounts, inside one transaction of the database."""

    def claim(self) -> bool:
        """Be the one who seals until the transaction ends; false when somebody else is."""

    def head(self) -> Head:
        """The newest seal."""

    def waiting(self, limit: int) -> list[Written]:
        """Transactions that are not sealed, in the order of their first entries."""

    def add(self, seals: Sequence[Seal], totals: Mapping[TotalKey, Total], at: datetime) -> None:
        """Write ``seals`` for good and add ``totals``; what they seal waits no longer."""


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

    def plan_at(self, currency: str, at: datetime) -> tuple[int, RatePlan] | None:
        """The plan in force at that time, of those that were not withdrawn."""

    def plan_by_id(self, plan_id: str) -> tuple[int, RatePlan] | None: ...

    def plan_by_version(self, version: int) -> RatePlan | None: ...

    def withdraw_plan(self, version: int, by: str, at: datetime) -> None:
        """From now on the version is in force at no time; withdrawing it again changes nothing."""

    def withdrawn(self) -> dict[int, datetime]:
        """The versions that were withdrawn, and when."""

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
    order_id: str | None
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What a shift, a period of a contract or a payout calls for, and what is posted for it."""

    what: str
    wanted: int
    posted: int


class Ledger(Protocol):
    """The read side."""

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> list[tuple[str, str, int]]:
        """(account, currency, signed sum) of the accounts whose names start with ``prefix``."""

    def recounted(self) -> list[tuple[str, str, int]]:
        """What :meth:`balances` should say, from the entries alone."""

    def sums(
        self,
        accounts: list[str],
        currency: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[tuple[str, str], int]:
        """Signed sums per (account, kind) of what was posted in the period."""

    def sums_as_of(self, accounts: list[str], currency: str, as_of: AsOf) -> dict[tuple[str, str], int]:
        """Signed sums per (account, kind) as the books stood then."""

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

    def journal(self) -> list[tuple[str, str, int]]:
        """(account, currency, signed sum) of what was posted for no order."""

    def promises(self) -> Iterator[Promise]:
        """Every shift and every period of a contract that something is called for or posted for."""

    def unbalanced(self, limit: int) -> list[tuple[str, str, int]]:
        """(transaction, currency, sum) of the transactions that do not sum to zero: there are none."""

    def orphans(self, limit: int) -> list[str]:
        """Orders that the ledger has entries for and no facts."""

    def audited(self) -> Iterator[AuditedOrder]:
        """Every order known, one at a time."""

    def promised(self, shop_id: str, limit: int) -> list[tuple[Accrual, str, datetime]]:
        """The accruals of a promoter shop, newest first, each with its currency and last change."""


class History(Protocol):
    """Past orders and shifts, for questions about them."""

    def count(self, since: datetime, until: datetime, currency: str) -> int:
        """How many orders were paid in the period."""

    def orders(
        self, since: datetime, until: datetime, currency: str
    ) -> Iterator[tuple[OrderFacts, RatePlan]]:
        """The orders paid in the period with the plan of each, one at a time."""

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        """The shifts that began in the period and are over."""

    def trips(self, shift_id: str, currency: str) -> list[tuple[Trip, RatePlan]]:
        """The deliveries that belong to a shift, each with the plan of its order."""

    def plan_at(self, currency: str, at: datetime) -> RatePlan | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class CourierTrip:
    """A finished delivery with what it pays. Of a split one, the earlier trip says which delivery it was."""

    order_id: str
    courier_id: str
    currency: str
    completed_at: datetime
    pay: int
    earlier_delivery_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftBook:
    """A shift, what its deliveries pay, the plan in force when it began, and what is posted for it so far."""

    shift: Shift
    pay: int
    plan: RatePlan | None
    plan_version: int | None
    guaranteed: int
    postings: int
    last_transaction: str | None


class Shifts(Protocol):
    """Couriers' shifts and deliveries, inside one transaction."""

    def lock(self, courier_ids: Collection[str]) -> None:
        """Let nobody else settle these couriers' shifts until the transaction is over."""

    def keep_trips(self, trips: Sequence[CourierTrip]) -> None:
        """Remember deliveries; one that is known stays as it is."""

    def keep_shift(self, shift: Shift) -> Shift:
        """Add what was told of a shift, and return all that is known of it."""

    def around(self, moments: Collection[tuple[str, datetime]], currency: str) -> list[ShiftBook]:
        """The shifts whose pay depends on what happened to couriers at these moments, sorted by id."""

    def posted(self, shift_id: str, guaranteed: int, transaction_id: str) -> None:
        """From now on ``guaranteed`` is posted for the shift, lastly by that transaction."""
