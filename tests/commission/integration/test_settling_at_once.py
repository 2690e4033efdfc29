"""Several replicas settle and pay at once: every entry is in one statement, every sum is paid once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from services.commission.application import paying_out, settling
from services.commission.domain.ledger import Move
from services.commission.domain.payee import Payee, PayeeKind
from services.commission.domain.payout import BANK
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.commission.desk import Desk, afternoon, on_postgresql

SHOPS = [Payee(PayeeKind.SHOP, f"shop-{number}", "CNY") for number in range(12)]


def test_what_replicas_do_at_once_is_done_once(service_database: Callable[[str], Database]) -> None:
    clock = StoppedClock(afternoon())
    desk = Desk(ports=on_postgresql(service_database("commission")), clock=clock)
    desk.has_account(*SHOPS)
    for number, shop in enumerate(SHOPS):
        desk.posts(shop.key, Move(amount=500 + number, debit=BANK, credit=shop.payable, kind="sale"))
    clock.advance(desk.rules.grace * 6 * 24)

    def settle(_replica: int) -> int:
        return settling.settle_due(desk.books, rules=desk.rules, clock=clock)

    def create(_replica: int) -> int:
        return paying_out.create_due(desk.books, terms=desk.terms, clock=clock)

    with ThreadPoolExecutor(4) as replicas:
        assert sum(replicas.map(settle, range(4))) == len(SHOPS)
        assert sum(replicas.map(create, range(4))) == len(SHOPS)
    # Who came while others had not finished settling leaves the rest to the next time.
    desk.settles()
    documents = desk.statements()
    assert sorted(each.statement.payee for each in documents) == sorted(SHOPS)
    entries = [line.movement.entry_id for each in documents for line in each.lines]
    assert len(entries) == len(set(entries)) == len(SHOPS)
    assert sorted(each.amount for each in desk.payouts()) == [500 + number for number in range(len(SHOPS))]
