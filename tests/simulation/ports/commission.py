"""Commission's books, catalogue and ledger, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.commission.application.ports import AuditedOrder, OpenOrder, Promise
from services.commission.contracts.published import to_message
from services.commission.domain.announcements import Announcement
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import Entry, Figure, Posting, Sheet
from services.commission.domain.promotion import Accrual, Listing, PromotionLink, Shop
from services.commission.domain.rates import RatePlan
from services.commission.domain.totals import NOW, AsOf, Span
from shared.messaging.context import WorkContext, current, working_on
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection
from tests.simulation.ports.market import MemoryMarket
from tests.simulation.ports.seals import note_unsealed


@dataclass(frozen=True, kw_only=True)
class Book:
    facts: OrderFacts
    plan_version: int | None


class MemoryBooks:
    """:class:`services.commission.application.ports.Books`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection: MemoryConnection = transaction.connection  # type: ignore[assignment]
        self.market = MemoryMarket(self._connection)

    def add(self, facts: Sequence[OrderFacts]) -> list[OpenOrder]:
        return [self._add(told) for told in sorted(facts, key=lambda each: each.order_id)]

    def _add(self, told: OrderFacts) -> OpenOrder:
        book = self._connection.rows("order_book").get(told.order_id)
        plan = self._plan_for(told)
        known = told if book is None else _both(book.facts, told)
        version = book.plan_version if book is not None and book.plan_version is not None else plan
        self._connection.put("order_book", told.order_id, Book(facts=known, plan_version=version))
        plans = self._connection.rows("rate_plan")
        return OpenOrder(facts=known, plan=plans.get(version), plan_version=version, fresh=book is None)

    def _plan_for(self, told: OrderFacts) -> int | None:
        if told.paid is None or told.currency is None:
            return None
        return in_force(self._connection, told.currency, told.paid.paid_at)

    def judge(self, verdicts: Mapping[str, Mapping[tuple[str, int], str]]) -> None:
        for order_id, found in verdicts.items():
            book = self._connection.rows("order_book")[order_id]
            if book.facts.verdicts is None:
                facts = replace(book.facts, verdicts=dict(found))
                self._connection.put("order_book", order_id, replace(book, facts=facts))

    def posted(self, order_ids: Sequence[str]) -> dict[str, Sheet]:
        entries = self._connection.rows("ledger_entry")
        return {key: _sheet(entries[key]) for key in order_ids if key in entries}

    def post(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            if posting.transaction_id in self._connection.rows("ledger_transaction"):
                raise ValueError(f"transaction {posting.transaction_id} is posted already")
            self._connection.put("ledger_transaction", posting.transaction_id, posting)
            written = self._connection.rows("ledger_entry").get(posting.order_id, ())
            added = tuple((posting.transaction_id, posting.currency, entry) for entry in posting.entries)
            self._connection.put("ledger_entry", posting.order_id, written + added)
            note_unsealed(self._connection, posting)

    def accruals(self, order_ids: Sequence[str]) -> dict[str, dict[str, Accrual]]:
        rows = self._connection.rows("accrual")
        return {key: dict(rows[key]) for key in order_ids if key in rows}

    def keep_accruals(self, accruals: Sequence[tuple[Accrual, str]], at: datetime) -> None:
        for accrual, currency in accruals:
            self._connection.put("accrual_changed", accrual.accrual_id, (currency, at))
            kept = self._connection.rows("accrual").get(accrual.order_id, {})
            self._connection.put("accrual", accrual.order_id, {**kept, accrual.accrual_id: accrual})

    def announce(self, announcements: Sequence[Announcement], context: object) -> None:
        with working_on(context if isinstance(context, WorkContext) else current()):
            for announcement in announcements:
                message = to_message(announcement)
                self._transaction.publish(
                    message.type, message.subject, message.data, partitionkey=message.partitionkey
                )


def _both(known: OrderFacts, told: OrderFacts) -> OrderFacts:
    """What is known stays; what is new is added."""
    return replace(
        known,
        currency=known.currency or told.currency,
        paid=known.paid or told.paid,
        delivered=known.delivered or told.delivered,
        trip=known.trip or told.trip,
        refunds=dict(sorted({**told.refunds, **known.refunds}.items())),
        completed_at=known.completed_at or told.completed_at,
        cancelled_at=known.cancelled_at or told.cancelled_at,
        handed_back=dict(sorted({**told.handed_back, **known.handed_back}.items())),
        earlier_trips=dict(sorted({**told.earlier_trips, **known.earlier_trips}.items())),
    )


def _sheet(entries: Sequence[tuple[str, str, Entry]]) -> Sheet:
    sheet = Sheet()
    for transaction_id, _, entry in entries:
        figure = sheet.figures.setdefault(entry.heading, Figure())
        figure.amount += entry.amount
        if entry.base is not None:
            figure.base = (figure.base or 0) + entry.base
        figure.note = max(filter(None, (figure.note, entry.note)), default=None)
        figure.last = transaction_id
    return sheet


def _by_account(entries: Iterable[tuple[str, str, Entry]]) -> list[tuple[str, str, int]]:
    sums: dict[tuple[str, str], int] = {}
    for _, currency, entry in entries:
        key = entry.heading.account, currency
        sums[key] = sums.get(key, 0) + entry.amount
    return [(account, currency, amount) for (account, currency), amount in sorted(sums.items())]


def in_force(connection: MemoryConnection, currency: str, at: datetime) -> int | None:
    plans = connection.rows("rate_plan")
    withdrawn = connection.rows("rate_plan_withdrawal")
    fits = [
        key
        for key, plan in plans.items()
        if plan.currency == currency and plan.effective_from <= at and key not in withdrawn
    ]
    return max(fits, key=lambda key: (plans[key].effective_from, key), default=None)


class MemoryJournal:
    """:class:`services.commission.application.ports.Journal`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def add(self, posting: Posting) -> bool:
        if posting.transaction_id in self._connection.rows("ledger_transaction"):
            return False
        self._connection.put("ledger_transaction", posting.transaction_id, posting)
        entries = tuple((posting.transaction_id, posting.currency, entry) for entry in posting.entries)
        self._connection.put("journal_entry", posting.transaction_id, entries)
        note_unsealed(self._connection, posting)
        return True


class MemoryCatalogue:
    """:class:`services.commission.application.ports.Catalogue`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def shop(self, shop_id: str) -> Shop | None:
        return self._connection.rows("shop").get(shop_id)

    def shops_of(self, owner_id: str) -> list[str]:
        rows = self._connection.rows("shop")
        return sorted(key for key in rows if rows[key].owner_id == owner_id)

    def listing(self, listing_id: str) -> Listing | None:
        kept = self._connection.rows("listing").get(listing_id)
        return None if kept is None else kept[1]

    def keep_shop(self, shop: Shop) -> None:
        if shop.shop_id not in self._connection.rows("shop"):
            self._connection.put("shop", shop.shop_id, shop)

    def keep_listing(self, listing: Listing, sequence: int) -> None:
        kept = self._connection.rows("listing").get(listing.listing_id)
        if kept is None or kept[0] < sequence:
            self._connection.put("listing", listing.listing_id, (sequence, listing))

    def add_link(self, link: PromotionLink, at: datetime) -> PromotionLink:
        for kept in self._connection.rows("promotion_link").values():
            if kept.link_id == link.link_id or (kept.shop_id, kept.listing_id) == (
                link.shop_id,
                link.listing_id,
            ):
                return kept  # type: ignore[no-any-return]
        self._connection.put("promotion_link", link.link_id, link)
        self._connection.put("promotion_link_made", link.link_id, at)
        return link

    def link_by_code(self, code: str) -> PromotionLink | None:
        rows = self._connection.rows("promotion_link").values()
        return next((link for link in rows if link.code == code), None)

    def plan_at(self, currency: str, at: datetime) -> tuple[int, RatePlan] | None:
        version = in_force(self._connection, currency, at)
        return None if version is None else (version, self._connection.rows("rate_plan")[version])

    def plan_by_id(self, plan_id: str) -> tuple[int, RatePlan] | None:
        rows = self._connection.rows("rate_plan").items()
        return next(((version, plan) for version, plan in rows if plan.plan_id == plan_id), None)

    def plan_by_version(self, version: int) -> RatePlan | None:
        return self._connection.rows("rate_plan").get(version)

    def withdraw_plan(self, version: int, by: str, at: datetime) -> None:
        if version not in self._connection.rows("rate_plan_withdrawal"):
            self._connection.put("rate_plan_withdrawal", version, at)

    def withdrawn(self) -> dict[int, datetime]:
        return dict(self._connection.rows("rate_plan_withdrawal"))

    def add_plan(self, plan: RatePlan, at: datetime) -> tuple[int, RatePlan]:
        known = self.plan_by_id(plan.plan_id)
        if known is None:
            # Version 1 is the plan that a new database comes with.
            version = len(self._connection.rows("rate_plan")) + 2
            self._connection.put("rate_plan", version, plan)
            known = version, plan
        return known

    def plans(self) -> list[tuple[int, RatePlan]]:
        return list(self._connection.rows("rate_plan").items())


class MemoryLedger:
    """What an audit and a promoter read of :class:`services.commission.application.ports.Ledger`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> list[tuple[str, str, int]]:
        assert as_of == NOW, "no past is kept in memory"
        sums: Counter[tuple[str, str]] = Counter()
        for (account, currency, span, _, _), total in self._connection.rows("ledger_total").items():
            if span is Span.MONTH:
                sums[account, currency] += total.debit - total.credit
        for written in self._connection.rows("ledger_unsealed").values():
            for entry in written.entries:
                sums[entry.account, entry.currency] += entry.amount
        return [(*key, amount) for key, amount in sorted(sums.items()) if key[0].startswith(prefix)]

    def recounted(self) -> list[tuple[str, str, int]]:
        return _by_account(self._entries())

    def _entries(self) -> Iterator[tuple[str, str, Entry]]:
        for table in ("ledger_entry", "journal_entry"):
            for entries in self._connection.rows(table).values():
                yield from entries

    def journal(self) -> list[tuple[str, str, int]]:
        posted = self._connection.rows("journal_entry").values()
        return _by_account(entry for entries in posted for entry in entries)

    def sums(
        self,
        accounts: list[str],
        currency: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[tuple[str, str], int]:
        assert since is until is None, "nobody reads sums of a period here"
        sums: dict[tuple[str, str], int] = {}
        for entries in self._connection.rows("ledger_entry").values():
            for _, each, entry in entries:
                if each == currency and entry.heading.account in accounts:
                    key = entry.heading.account, entry.heading.kind
                    sums[key] = sums.get(key, 0) + entry.amount
        return sums

    def promises(self) -> Iterator[Promise]:
        """Worlds have shifts and no contracts; each shift is derived anew."""
        # The shifts' port is made on this module, so it is looked up late.
        from tests.simulation.ports.rates import promises_of_shifts

        return promises_of_shifts(self._connection)

    def unbalanced(self, limit: int) -> list[tuple[str, str, int]]:
        sums: dict[tuple[str, str], int] = {}
        for transaction_id, currency, entry in self._entries():
            key = transaction_id, currency
            sums[key] = sums.get(key, 0) + entry.amount
        return [(*key, amount) for key, amount in sums.items() if amount][:limit]

    def orphans(self, limit: int) -> list[str]:
        books = self._connection.rows("order_book")
        posted = self._connection.rows("ledger_entry")
        return [key for key in posted if key not in books or books[key].facts.paid is None][:limit]

    def promised(self, shop_id: str, limit: int) -> list[tuple[Accrual, str, datetime]]:
        changed = self._connection.rows("accrual_changed")
        found = [
            (accrual, *changed[accrual.accrual_id])
            for kept in self._connection.rows("accrual").values()
            for accrual in kept.values()
            if accrual.promoter_shop_id == shop_id
        ]
        return sorted(found, key=lambda each: (-each[2].timestamp(), each[0].accrual_id))[:limit]

    def audited(self) -> Iterator[AuditedOrder]:
        books = self._connection.rows("order_book")
        for order_id in sorted(books):
            entries = self._connection.rows("ledger_entry").get(order_id, ())
            yield AuditedOrder(
                facts=books[order_id].facts,
                plan=self._connection.rows("rate_plan").get(books[order_id].plan_version),
                ledger=_sheet(entries).by_account(),
            )
