"""Commission's payees, statements, payouts and reconciliations in memory, and a bank to be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.commission.adapters.reconciliations_sql import rows_of
from services.commission.application.settling_ports import (
    BankAnswer,
    PayeeChange,
    Reconciliation,
    Stranger,
)
from services.commission.contracts.published_settling import to_message
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import Posting
from services.commission.domain.payee import Cycle, Maturity, Payee, PayeeTerms, payee_of
from services.commission.domain.payout import Payout, PayoutStatus
from services.commission.domain.reconciliation import Row, Source
from services.commission.domain.settling_news import SettlingNews
from services.commission.domain.statement import Document, Movement, OrderSummary, Statement, StatementLine
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection


class MemorySettlements:
    """:class:`services.commission.application.settling_ports.Settlements`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection: MemoryConnection = transaction.connection  # type: ignore[assignment]

    def is_closed(self, until: datetime) -> bool:
        return any(closed >= until for closed in self._connection.rows("settlement_run"))

    def close(self, until: datetime, seen: int) -> None:
        if until not in self._connection.rows("settlement_run"):
            self._connection.put("settlement_run", until, seen)

    def strangers(self, settled_before: datetime) -> tuple[list[Stranger], int]:
        last = max(self._connection.rows("settlement_run").values(), default=0)
        first: dict[Payee, datetime] = {}
        seen = last
        for posting, movement in self._movements():
            if movement.entry_id <= last:
                continue
            if movement.posted_at < settled_before:
                seen = max(seen, movement.entry_id)
            payee = payee_of(movement.account, posting.currency)
            if payee is not None:
                first[payee] = min(first.get(payee, movement.posted_at), movement.posted_at)
        return [Stranger(payee=payee, first_at=at) for payee, at in sorted(first.items())], seen

    def meet(self, terms: Iterable[PayeeTerms]) -> None:
        for each in terms:
            if each.payee not in self._connection.rows("payee"):
                self._connection.put("payee", each.payee, each)

    def due(
        self, closings: Mapping[Cycle, datetime], default: Cycle, left_out: Collection[Payee]
    ) -> PayeeTerms | None:
        late = [each for each in self._late(closings, default) if each.payee not in left_out]
        return min(late, key=lambda terms: (terms.settled_until, terms.payee), default=None)

    def is_anybody_late(self, closings: Mapping[Cycle, datetime], default: Cycle) -> bool:
        return bool(self._late(closings, default))

    def _late(self, closings: Mapping[Cycle, datetime], default: Cycle) -> list[PayeeTerms]:
        payees = self._connection.rows("payee").values()
        return [each for each in payees if each.settled_until < closings[each.cycle or default]]

    def terms(self, payee: Payee) -> PayeeTerms | None:
        return self._connection.rows("payee").get(payee)

    def payees(self, after: Payee | None, limit: int, *, only_held: bool = False) -> list[PayeeTerms]:
        known = sorted(self._connection.rows("payee").items())
        return [
            terms
            for payee, terms in known
            if (after is None or payee > after) and (terms.held or not only_held)
        ][:limit]

    def keep(self, terms: PayeeTerms) -> None:
        self._connection.put("payee", terms.payee, terms)

    def note(self, change: PayeeChange) -> None:
        number = len(self._connection.rows("payee_change")) + 1
        self._connection.put("payee_change", number, change)

    def changes(self, payee: Payee, limit: int) -> list[PayeeChange]:
        found = [each for each in self._connection.rows("payee_change").values() if each.payee == payee]
        return found[::-1][:limit]

    def unsettled(self, payee: Payee, since: datetime, until: datetime, maturity: Maturity) -> list[Movement]:
        return [
            movement
            for movement in self._open(payee, since, until)
            if maturity is Maturity.DELIVERY or self._is_mature(movement.order_id, until)
        ]

    def oldest_unsettled(self, payee: Payee, since: datetime, until: datetime) -> datetime | None:
        return min((each.posted_at for each in self._open(payee, since, until)), default=None)

    def facts(self, order_ids: Collection[str]) -> dict[str, OrderFacts]:
        books = self._connection.rows("order_book")
        return {order_id: books[order_id].facts for order_id in sorted(order_ids) if order_id in books}

    def issue(
        self, statement: Statement, lines: Sequence[StatementLine], orders: Sequence[OrderSummary]
    ) -> None:
        document = Document(statement=statement, lines=tuple(lines), orders=tuple(orders))
        stated = self._connection.rows("statement_line")
        taken = [line.movement.entry_id for line in lines if line.movement.entry_id in stated]
        others = self._connection.rows("statement")
        if taken or statement.statement_id in others or not document.adds_up:
            raise ValueError(f"{statement.statement_id} cannot be issued: {taken}")
        before = [one for one in others.values() if one.statement.payee == statement.payee]
        last = max(before, key=lambda one: one.statement.number, default=None)
        expected = (1, 0) if last is None else (last.statement.number + 1, last.statement.closing)
        if (statement.number, statement.opening) != expected:
            raise ValueError(f"{statement.statement_id} does not follow the one before")
        self._connection.put("statement", statement.statement_id, document)
        for line in lines:
            self._connection.put("statement_line", line.movement.entry_id, statement.statement_id)

    def statements(
        self, payee: Payee | None, since: datetime | None, after: tuple[datetime, str] | None, limit: int
    ) -> list[Statement]:
        found = [
            each.statement
            for each in self._connection.rows("statement").values()
            if (payee is None or each.statement.payee == payee)
            and (since is None or each.statement.until > since)
            and (after is None or (each.statement.until, each.statement.statement_id) < after)
        ]
        return sorted(found, key=lambda each: (each.until, each.statement_id), reverse=True)[:limit]

    def document(self, statement_id: str) -> Document | None:
        return self._connection.rows("statement").get(statement_id)

    def held_cash(self, payee: Payee) -> tuple[int, int]:
        sums = dict.fromkeys(payee.accounts, 0)
        for posting, movement in self._movements():
            if movement.account in sums and posting.currency == payee.currency:
                sums[movement.account] += movement.amount
        return -sums.pop(payee.payable), sum(sums.values())

    def announce(self, news: SettlingNews) -> None:
        message = to_message(news)
        self._transaction.publish(
            message.type, message.subject, message.data, partitionkey=message.partitionkey
        )

    def _is_mature(self, order_id: str | None, until: datetime) -> bool:
        if order_id is None:
            return True
        facts = self._connection.rows("order_book")[order_id].facts
        return any(at is not None and at < until for at in (facts.completed_at, facts.cancelled_at))

    def _open(self, payee: Payee, since: datetime, until: datetime) -> Iterator[Movement]:
        stated = self._connection.rows("statement_line")
        for posting, movement in self._movements():
            if (
                movement.account in payee.accounts
                and posting.currency == payee.currency
                and since <= movement.posted_at < until
                and movement.entry_id not in stated
            ):
                yield movement

    def _movements(self) -> Iterator[tuple[Posting, Movement]]:
        links = self._connection.rows("promotion_link")
        number = 0
        for posting in self._connection.rows("ledger_transaction").values():
            for entry in posting.entries:
                number += 1
                heading = entry.heading
                link = links.get(heading.promotion_link_id)
                yield (
                    posting,
                    Movement(
                        entry_id=number,
                        transaction_id=posting.transaction_id,
                        event_type=posting.cause.type,
                        occurred_at=posting.cause.occurred_at,
                        posted_at=posting.posted_at,
                        account=heading.account,
                        kind=heading.kind,
                        amount=entry.amount,
                        order_id=posting.order_id,
                        store_order_id=heading.store_order_id,
                        promotion_link_id=heading.promotion_link_id,
                        promoter_shop_id=link.shop_id if link else None,
                        rate_plan=posting.rate_plan,
                        rate_bp=heading.rate_bp,
                        base=entry.base,
                        note=entry.note,
                        reverses=entry.reverses,
                    ),
                )


class MemoryPayouts:
    """:class:`services.commission.application.settling_ports.Payouts`."""

    def __init__(self, connection: Any) -> None:
        self._connection: MemoryConnection = connection

    def payable(self, minimum: int, limit: int) -> list[tuple[PayeeTerms, int]]:
        found = [
            (terms, self.available(payee))
            for payee, terms in sorted(self._connection.rows("payee").items())
            if not terms.held and terms.bank_account is not None and self.open_of(payee) is None
        ]
        return [each for each in found if each[1] >= max(minimum, 1)][:limit]

    def available(self, payee: Payee) -> int:
        return int(self._connection.rows("payee_available").get(payee, 0))

    def add_available(self, payee: Payee, amount: int) -> None:
        self._connection.put("payee_available", payee, self.available(payee) + amount)

    def made(self, payee: Payee) -> int:
        return sum(each.payee == payee for each in self._all())

    def open_of(self, payee: Payee) -> Payout | None:
        return next((each for each in self._all() if each.payee == payee and each.is_open), None)

    def find(self, payout_id: str) -> Payout | None:
        return self._connection.rows("payout").get(payout_id)

    def successor_of(self, payout_id: str) -> Payout | None:
        return next((each for each in self._all() if each.retries == payout_id), None)

    def add(self, payout: Payout) -> None:
        if self.open_of(payout.payee) is not None or payout.payout_id in self._connection.rows("payout"):
            raise ValueError(f"{payout.payout_id} is one payout too many")
        self._connection.put("payout", payout.payout_id, payout)

    def keep(self, payout: Payout) -> None:
        self._connection.put("payout", payout.payout_id, payout)

    def to_tell(self, now: datetime, limit: int) -> list[Payout]:
        told = (PayoutStatus.CREATED, PayoutStatus.SENT)
        found = [each for each in self._all() if each.status in told and each.tell_at <= now]
        return sorted(found, key=lambda each: (each.tell_at, each.payout_id))[:limit]

    def to_retry(self, now: datetime, limit: int) -> list[Payout]:
        payees = self._connection.rows("payee")
        found = [
            each
            for each in self._all()
            if each.status is PayoutStatus.FAILED and each.tell_at <= now and not payees[each.payee].held
        ]
        return sorted(found, key=lambda each: (each.tell_at, each.payout_id))[:limit]

    def listed(
        self,
        payee: Payee | None,
        status: PayoutStatus | None,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Payout]:
        found = [
            each
            for each in self._all()
            if (payee is None or each.payee == payee)
            and (status is None or each.status is status)
            and (after is None or (each.created_at, each.payout_id) < after)
        ]
        return sorted(found, key=lambda each: (each.created_at, each.payout_id), reverse=True)[:limit]

    def _all(self) -> list[Payout]:
        return list(self._connection.rows("payout").values())


class MemoryReconciliations:
    """:class:`services.commission.application.settling_ports.Reconciliations`."""

    def __init__(self, connection: Any) -> None:
        self._connection: MemoryConnection = connection

    def expected(
        self,
        source: Source,
        since: datetime,
        until: datetime,
        subject_ids: Collection[str],
        method: str | None = None,
    ) -> list[Row]:
        rows = self._bank() if source is Source.BANK else self._payments(method)
        return [row for row in rows if since <= row.at < until or row.subject_id in subject_ids]

    def _payments(self, method: str | None) -> Iterator[Row]:
        for _, book in sorted(self._connection.rows("order_book").items()):
            yield from rows_of(book.facts, method)

    def _bank(self) -> Iterator[Row]:
        payouts = self._connection.rows("payout")
        for posting in self._connection.rows("ledger_transaction").values():
            name, _, payout_id = posting.cause.event_id.partition(":")
            if name == "payout":
                payout = payouts[payout_id.removesuffix(":returned")]
                yield Row(
                    kind="return" if payout_id.endswith(":returned") else "payout",
                    subject_id=payout.payout_id,
                    amount=payout.amount,
                    currency=payout.payee.currency,
                    at=posting.cause.occurred_at,
                )

    def add(self, reconciliation: Reconciliation) -> Reconciliation:
        there = self.find(reconciliation.reconciliation_id)
        if there is None:
            self._connection.put("reconciliation", reconciliation.reconciliation_id, reconciliation)
        return there or reconciliation

    def find(self, reconciliation_id: str) -> Reconciliation | None:
        return self._connection.rows("reconciliation").get(reconciliation_id)

    def listed(self, after: tuple[datetime, str] | None, limit: int) -> list[Reconciliation]:
        found = [
            each
            for each in self._connection.rows("reconciliation").values()
            if after is None or (each.made_at, each.reconciliation_id) < after
        ]
        return sorted(found, key=lambda each: (each.made_at, each.reconciliation_id), reverse=True)[:limit]


@dataclass
class BankOnDemand:
    """:class:`services.commission.application.settling_ports.PayoutProvider`, told what to say."""

    told: dict[str, int] = field(default_factory=dict)
    waiting: list[BankAnswer] = field(default_factory=list)

    def send(self, payouts: Sequence[Payout]) -> None:
        for payout in payouts:
            self.told[payout.payout_id] = self.told.get(payout.payout_id, 0) + 1

    def say(self, payout_id: str, status: PayoutStatus, at: datetime, reason: str | None = None) -> None:
        answer_id = f"answer-{len(self.waiting) + 1}"
        self.waiting.append(
            BankAnswer(answer_id=answer_id, payout_id=payout_id, status=status, at=at, reason=reason)
        )

    def answers(self, limit: int) -> list[BankAnswer]:
        return [each for each in self.waiting if each.answer_id][:limit]

    def heard(self, answer_ids: Sequence[str]) -> None:
        # Their places stay, so that the next answer has an id of its own.
        self.waiting = [
            replace(each, answer_id="") if each.answer_id in answer_ids else each for each in self.waiting
        ]

    def file(self, since: datetime, until: datetime) -> str:
        return ""
