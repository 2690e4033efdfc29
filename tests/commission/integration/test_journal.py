"""Transactions that concern no order, on a real database and through what people ask of the service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from services.commission.adapters.journal_sql import SqlJournal
from services.commission.application.journal import post
from services.commission.domain.ledger import Move
from tests.commission.builders import NOON, an_order, operator
from tests.commission.integration.conftest import Platform

SHOP = "payable:shop:fruit"


def pay_out(platform: Platform, key: str = "sent:1", amount: int = 100) -> bool:
    with platform.database.transaction() as tx:
        posting = post(
            natural_key=key,
            cause_type="PayoutSent",
            occurred_at=NOON,
            currency="CNY",
            moves=[Move(amount=amount, debit=SHOP, credit="cash:bank", kind="payout", note="to 1234")],
            journal=SqlJournal(tx.connection),
            clock=platform.clock,
        )
    return posting is not None


def test_a_key_is_posted_once_however_many_post_it_at_once(platform: Platform) -> None:
    with ThreadPoolExecutor(8) as threads:
        posted = list(threads.map(lambda _: pay_out(platform), range(8)))
    assert sorted(posted) == [False] * 7 + [True]
    assert platform.sums() == {"cash:bank": -100, SHOP: 100}


def test_entries_and_statements_show_what_concerns_no_order(platform: Platform) -> None:
    pay_out(platform)
    [bank, shop] = sorted(
        platform.service.entries(actor=operator())["items"], key=lambda entry: str(entry["account"])
    )
    assert (bank["account"], shop["account"]) == ("cash:bank", SHOP)
    assert shop["order_id"] is None
    assert shop["rate_plan"] is None
    assert shop["reason"] == "Paid out: to 1234"
    found = platform.service.statement(actor=operator(), account_kind="shop", owner_id="fruit")
    assert [(line["kind"], line["amount"]["amount"]) for line in found["lines"]] == [("payout", -100)]
    assert found["closing"]["amount"] == -100


def test_the_check_adds_the_journal_to_the_orders(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.paid(), order.delivered())
    pay_out(platform)
    found = platform.service.check(actor=operator())
    assert found["sound"], found
    assert found["orphan_orders"] == []
    assert {each["account"]: each["balance"]["amount"] for each in found["journal"]} == {
        "cash:bank": -100,
        SHOP: 100,
    }
