"""Commission's journal in memory and on PostgreSQL: one suite for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.application.audit import audit
from services.commission.application.journal import post
from services.commission.application.ports import Journal, Ledger
from services.commission.domain.ledger import Move, Posting
from shared.testing.clock import StoppedClock
from tests.commission.builders import NOON
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.ports.commission import MemoryJournal, MemoryLedger
from tests.simulation.scheduler import Faults, Scheduler

SHOP, BANK, FEES = "payable:shop:shop-1", "cash:bank", "revenue:payout_fee"
PAYOUT = (
    Move(amount=900, debit=SHOP, credit=BANK, kind="payout", note="to account 1234"),
    Move(amount=10, debit=SHOP, credit=FEES, kind="payout_fee", base=900, rate_bp=100),
)


@dataclass(frozen=True, kw_only=True)
class Books:
    """Where a journal is written and read again."""

    journal: Callable[[], AbstractContextManager[Journal]]
    ledger: Callable[[], AbstractContextManager[Ledger]]

    def post(self, *moves: Move, key: str = "payout:1", **more: Any) -> Posting | None:
        with self.journal() as journal:
            return post(
                natural_key=key,
                cause_type="PayoutSent",
                occurred_at=NOON,
                currency="CNY",
                moves=moves or PAYOUT,
                journal=journal,
                clock=StoppedClock(NOON + timedelta(minutes=1)),
                **more,
            )

    def balances(self) -> dict[str, int]:
        with self.ledger() as ledger:
            return {account: amount for account, _, amount in ledger.balances()}


@pytest.fixture(params=["memory", "postgresql"])
def books(request: pytest.FixtureRequest) -> Books:
    if request.param == "memory":
        database = MemoryDatabase("commission", Scheduler(0, Faults()))
        connection = MemoryConnection(database, None)

        @contextmanager
        def of(port: Any) -> Iterator[Any]:
            yield port(connection)

        return Books(journal=lambda: of(MemoryJournal), ledger=lambda: of(MemoryLedger))
    real = request.getfixturevalue("service_database")("commission")

    @contextmanager
    def journal() -> Iterator[Journal]:
        with real.transaction() as transaction:
            yield SqlJournal(transaction.connection)

    @contextmanager
    def ledger() -> Iterator[Ledger]:
        with real.read() as connection:
            yield SqlLedger(connection)

    return Books(journal=journal, ledger=ledger)


def test_a_transaction_that_concerns_no_order_is_posted(books: Books) -> None:
    posting = books.post(rate_plan=1)
    assert posting is not None
    assert (posting.order_id, posting.natural_key, posting.rate_plan) == (None, "journal:payout:1", 1)
    assert books.balances() == {SHOP: 910, BANK: -900, FEES: -10}


def test_the_same_key_again_posts_nothing(books: Books) -> None:
    books.post()
    assert books.post() is None
    assert books.post(Move(amount=5, debit=SHOP, credit=BANK, kind="payout")) is None
    assert books.balances() == {SHOP: 910, BANK: -900, FEES: -10}


def test_another_key_posts_again(books: Books) -> None:
    books.post()
    books.post(key="payout:2")
    assert books.balances() == {SHOP: 1820, BANK: -1800, FEES: -20}


def test_moves_that_cancel_out_post_nothing(books: Books) -> None:
    there = Move(amount=5, debit=SHOP, credit=BANK, kind="payout")
    back = Move(amount=-5, debit=SHOP, credit=BANK, kind="payout")
    assert books.post(there, back) is None
    assert books.balances() == {}


def test_a_transaction_may_name_what_it_takes_back_from(books: Books) -> None:
    first = books.post()
    assert first is not None
    second = books.post(
        Move(amount=-900, debit=SHOP, credit=BANK, kind="payout"),
        key="payout:1:returned",
        reverses=first.transaction_id,
    )
    assert second is not None
    assert {entry.reverses for entry in second.entries} == {first.transaction_id}


def test_the_audit_counts_the_journal_beside_the_orders(books: Books) -> None:
    books.post(key="moved:by-hand")
    with books.ledger() as ledger:
        found = audit(ledger)
    assert found.is_sound, found
    assert found.journal == [(BANK, "CNY", -900), (SHOP, "CNY", 910), (FEES, "CNY", -10)]
    assert found.orphans == []
