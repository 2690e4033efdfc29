"""What settling and paying out need of the outside, inside one transaction of the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.commission.domain.facts import OrderFacts
from services.commission.domain.payee import Cycle, Maturity, Payee, PayeeTerms
from services.commission.domain.payout import Payout, PayoutStatus
from services.commission.domain.reconciliation import Comparison, Row, Source
from services.commission.domain.settling_news import SettlingNews
from services.commission.domain.statement import Document, Movement, OrderSummary, Statement, StatementLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How the platform settles. ``grace`` is what a period's stragglers are waited for; business time.

    ``stragglers`` is how long, at the longest, an entry that is dated now may take to be seen by others.
    """

    cycle: Cycle
    maturity: Maturity
    grace: timedelta
    stragglers: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranger:
    """A payee that no statement looked at yet, and when the first entry of its was posted."""

    payee: Payee
    first_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PayeeChange:
    """What somebody changed about a payee, and why."""

    payee: Payee
    change: str
    value: str | None
    reason: str
    made_by: str
    made_at: datetime


class Settlements(Protocol):
    """Payees and their statements."""

    def is_closed(self, until: datetime) -> bool:
        """Whether everybody was settled up to ``until``."""

    def close(self, until: datetime, seen: int) -> None:
        """Note that everybody was, and that no payee is unknown of entries up to ``seen``."""

    def strangers(self, settled_before: datetime) -> tuple[list[Stranger], int]:
        """Payees of the ledger that are not known, and up to which entry there are no more of them.

        Entries posted before ``settled_before`` are all there: nobody writes any more that are.
        """

    def meet(self, terms: Iterable[PayeeTerms]) -> None:
        """Know payees from now on; who is known stays as they are."""

    def due(
        self, closings: Mapping[Cycle, datetime], default: Cycle, left_out: Collection[Payee]
    ) -> PayeeTerms | None:
        """A payee settled only until before the closing of their cycle, locked; none that others hold."""

    def is_anybody_late(self, closings: Mapping[Cycle, datetime], default: Cycle) -> bool:
        """Whether somebody is not settled up to the closing of their cycle, held by others or not."""

    def terms(self, payee: Payee) -> PayeeTerms | None:
        """What holds for a payee, locked."""

    def payees(self, after: Payee | None, limit: int, *, only_held: bool = False) -> list[PayeeTerms]: ...

    def keep(self, terms: PayeeTerms) -> None:
        """Store what holds for a payee that is known."""

    def note(self, change: PayeeChange) -> None:
        """Write down for good who changed what."""

    def changes(self, payee: Payee, limit: int) -> list[PayeeChange]:
        """The newest first."""

    def unsettled(self, payee: Payee, since: datetime, until: datetime, maturity: Maturity) -> list[Movement]:
        """Entries posted in the period that are in no statement and matured before ``until``, as posted."""

    def oldest_unsettled(self, payee: Payee, since: datetime, until: datetime) -> datetime | None:
        """When the oldest entry of the period that is in no statement, mature or not, was posted."""

    def facts(self, order_ids: Collection[str]) -> dict[str, OrderFacts]: ...

    def issue(
        self, statement: Statement, lines: Sequence[StatementLine], orders: Sequence[OrderSummary]
    ) -> None:
        """Write a statement for good. Refused where an entry is in another one, or it does not add up."""

    def statements(
        self, payee: Payee | None, since: datetime | None, after: tuple[datetime, str] | None, limit: int
    ) -> list[Statement]:
        """The newest first."""

    def document(self, statement_id: str) -> Document | None: ...

    def held_cash(self, payee: Payee) -> tuple[int, int]:
        """What is payable to the payee by the ledger, and what they hold of others' cash, now."""

    def announce(self, news: SettlingNews) -> None: ...


class Payouts(Protocol):
    """Payouts, and what of their payees' money may be paid out."""

    def payable(self, minimum: int, limit: int) -> list[tuple[PayeeTerms, int]]:
        """Payees with at least ``minimum`` to pay out, an account and no open payout, that nobody holds up.

        Each with what is available: stated, and not paid out. They are locked.
        """

    def available(self, payee: Payee) -> int: ...

    def add_available(self, payee: Payee, amount: int) -> None: ...

    def made(self, payee: Payee) -> int:
        """How many payouts the payee ever had; no more come while the payee is locked."""

    def open_of(self, payee: Payee) -> Payout | None: ...

    def find(self, payout_id: str) -> Payout | None:
        """Locked."""

    def successor_of(self, payout_id: str) -> Payout | None:
        """The payout that was made in place of a failed one, locked."""

    def add(self, payout: Payout) -> None:
        """Raises where the payee has an open payout."""

    def keep(self, payout: Payout) -> None: ...

    def to_tell(self, now: datetime, limit: int) -> list[Payout]:
        """Payouts that the bank is to be told of by now, or again; locked, those of others left out."""

    def to_retry(self, now: datetime, limit: int) -> list[Payout]:
        """Failed payouts whose pause is over and whose payee is not held; locked."""

    def listed(
        self,
        payee: Payee | None,
        status: PayoutStatus | None,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Payout]:
        """The newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BankAnswer:
    """What the bank says of a payout; it may say it more than once, and late."""

    answer_id: str
    payout_id: str
    status: PayoutStatus
    at: datetime
    reason: str | None = None


class PayoutProvider(Protocol):
    """A bank that pays: a foreign system, with no transaction in common."""

    def send(self, payouts: Sequence[Payout]) -> None:
        """Have it pay them; a payout whose id it knows is not paid again."""

    def answers(self, limit: int) -> list[BankAnswer]:
        """What it said and was not yet told that it was heard."""

    def heard(self, answer_ids: Sequence[str]) -> None: ...

    def file(self, since: datetime, until: datetime) -> str:
        """What it paid in the period, as CSV."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """A comparison as it was made."""

    reconciliation_id: str
    source: Source
    method: str | None
    file: str
    digest: str
    since: datetime
    until: datetime
    made_by: str
    made_at: datetime
    comparison: Comparison


class Reconciliations(Protocol):
    """What the books know of money that others moved, and the comparisons made."""

    def expected(
        self,
        source: Source,
        since: datetime,
        until: datetime,
        subject_ids: Collection[str],
        method: str | None = None,
    ) -> list[Row]:
        """What moved by the books from ``since`` up to ``until``, and whatever is about ``subject_ids``.

        Of payments only those by ``method``, where one is given: each provider has a file of its own.
        """

    def add(self, reconciliation: Reconciliation) -> Reconciliation:
        """Keep for good; gives what was kept under the same id, if there is."""

    def find(self, reconciliation_id: str) -> Reconciliation | None: ...

    def listed(self, after: tuple[datetime, str] | None, limit: int) -> list[Reconciliation]:
        """The newest first."""
