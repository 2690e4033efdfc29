"""The ledger defends itself: PostgreSQL refuses what would make the books wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.commission.domain.chart import CHART, code_of
from tests.commission.builders import an_order
from tests.commission.integration.conftest import Platform

_TRANSACTION = """
INSERT INTO ledger_transaction
    (transaction_id, natural_key, event_type, order_id, currency, rate_plan, occurred_at, posted_at)
VALUES ('t-1', :key, 'Test', 'o-1', 'CNY', 1, now(), now())
"""
_ACCOUNTS = ("cash:provider", "liability:orders", "payable:shop:s-1")
_ENTRIES = """
INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, order_id, posted_at)
SELECT 't-1', account, amount, currency, 'test', 'o-1', now()
FROM unnest(CAST(:accounts AS text[]), CAST(:amounts AS bigint[]), CAST(:currencies AS text[]))
    AS e (account, amount, currency)
"""


def run(platform: Platform, statement: str, **parameters: Any) -> None:
    with platform.database.transaction() as tx:
        tx.connection.execute(text(statement), parameters)


def write(
    platform: Platform, amounts: list[int], currencies: list[str], accounts: Sequence[str] = ()
) -> None:
    with platform.database.transaction() as tx:
        tx.connection.execute(text(_TRANSACTION), {"key": "event:1"})
        tx.connection.execute(text(_ENTRIES), entries(amounts, currencies, accounts))


def entries(amounts: list[int], currencies: list[str], accounts: Sequence[str] = ()) -> dict[str, Any]:
    accounts = accounts or _ACCOUNTS[: len(amounts)]
    return {"accounts": list(accounts), "amounts": amounts, "currencies": currencies}


def test_a_transaction_that_sums_to_zero_is_written(platform: Platform) -> None:
    write(platform, [5, -3, -2], ["CNY"] * 3)
    assert platform.sums("o-1") == {"cash:provider": 5, "liability:orders": -3, "payable:shop:s-1": -2}


@pytest.mark.parametrize(
    ("amounts", "currencies"),
    [([5, -4], ["CNY", "CNY"]), ([5], ["CNY"]), ([5, -5], ["CNY", "EUR"]), ([5, -5, 1], ["CNY"] * 3)],
)
def test_a_transaction_out_of_balance_is_refused(
    platform: Platform, amounts: list[int], currencies: list[str]
) -> None:
    with pytest.raises(DBAPIError, match="does not sum to zero"):
        write(platform, amounts, currencies)
    assert platform.rows("SELECT * FROM ledger_entry") == []


def test_no_entries_are_added_later(platform: Platform) -> None:
    write(platform, [5, -5], ["CNY"] * 2)
    with pytest.raises(DBAPIError, match="or a later one"):
        run(platform, _ENTRIES, **entries([7, -7], ["CNY"] * 2))


@pytest.mark.parametrize(
    "account",
    ["cash:pocket", "payable:shop", "payable:shop:", "payable:friend:f-1", "cash:provider:mine", ""],
)
def test_nothing_stands_on_an_account_that_the_chart_has_not(platform: Platform, account: str) -> None:
    with pytest.raises(DBAPIError, match=f"the chart of accounts has no {account} in CNY"):
        write(platform, [5, -5], ["CNY"] * 2, ["cash:provider", account])
    assert platform.rows("SELECT * FROM ledger_entry") == []


def test_a_currency_is_open_from_its_first_rate_plan_on(platform: Platform) -> None:
    in_euros = _TRANSACTION.replace("'CNY'", "'EUR'")

    def write_euros() -> None:
        with platform.database.transaction() as tx:
            tx.connection.execute(text(in_euros), {"key": "event:1"})
            tx.connection.execute(text(_ENTRIES), entries([5, -5], ["EUR"] * 2))

    with pytest.raises(DBAPIError, match="the chart of accounts has no cash:provider in EUR"):
        write_euros()
    run(
        platform,
        "INSERT INTO rate_plan (plan_id, currency, effective_from, terms, created_at)"
        " SELECT 'euros', 'EUR', effective_from, terms, created_at FROM rate_plan",
    )
    write_euros()
    assert platform.sums("o-1") == {"cash:provider": 5, "liability:orders": -5}


def test_an_account_that_is_added_is_open_at_once(platform: Platform) -> None:
    run(
        platform,
        "INSERT INTO chart_account (code, name, type, normal_side, owner)"
        " VALUES ('payable:landlord:*', 'Due to a landlord', 'liability', 'credit', 'platform')",
    )
    write(platform, [5, -5], ["CNY"] * 2, ["cash:bank", "payable:landlord:l-1"])
    assert platform.sums("o-1") == {"cash:bank": 5, "payable:landlord:l-1": -5}


def test_the_database_has_the_chart_that_the_code_has(platform: Platform) -> None:
    rows = platform.rows("SELECT code, name, type, normal_side, owner FROM chart_account")
    assert {row[0]: row[1:] for row in rows} == {
        account.code: (account.name, account.type.value, account.normal_side.value, account.owner.value)
        for account in CHART
    }


@pytest.mark.parametrize("account", ["cash:provider", "payable:shop:x", "payable:shop:x:y", "a", "a:b:", ""])
def test_the_database_finds_the_code_that_the_code_finds(platform: Platform, account: str) -> None:
    assert platform.rows("SELECT chart_code(:account)", account=account) == [(code_of(account),)]


def test_all_entries_are_of_their_transactions_currency_and_order(platform: Platform) -> None:
    run(
        platform,
        "INSERT INTO rate_plan (plan_id, currency, effective_from, terms, created_at)"
        " SELECT 'euros', 'EUR', effective_from, terms, created_at FROM rate_plan",
    )
    with pytest.raises(DBAPIError, match="another currency or order"):
        write(platform, [5, -5], ["EUR"] * 2)
    with (
        pytest.raises(DBAPIError, match="another currency or order"),
        platform.database.transaction() as tx,
    ):
        tx.connection.execute(text(_TRANSACTION.replace("'o-1'", "'o-2'")), {"key": "event:1"})
        tx.connection.execute(text(_ENTRIES), entries([5, -5], ["CNY"] * 2))


def test_what_a_reversal_takes_back_must_exist(platform: Platform) -> None:
    with pytest.raises(DBAPIError, match="ledger_entry_reverses"), platform.database.transaction() as tx:
        tx.connection.execute(text(_TRANSACTION), {"key": "event:1"})
        reversing = _ENTRIES.replace("posted_at)", "posted_at, reverses)").replace(
            "now()\n", "now(), 'nothing'\n"
        )
        tx.connection.execute(text(reversing), entries([5, -5], ["CNY"] * 2))


def test_an_entry_belongs_to_a_transaction(platform: Platform) -> None:
    with pytest.raises(DBAPIError, match="foreign key"):
        run(platform, _ENTRIES, **entries([7, -7], ["CNY"] * 2))


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_transaction", "rate_plan", "chart_opening"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET currency = 'EUR'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_is_written_is_written_for_good(platform: Platform, table: str, change: str) -> None:
    platform.hears(an_order().paid())
    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        run(platform, change.format(table))


@pytest.mark.parametrize("change", ["UPDATE ledger_entry SET amount = 1", "TRUNCATE ledger_entry"])
def test_the_triggers_hold_even_where_the_rights_were_granted_again(platform: Platform, change: str) -> None:
    platform.hears(an_order().paid())
    with pytest.raises(DBAPIError, match="append-only"):
        run(platform, f"GRANT ALL ON ledger_entry TO CURRENT_USER; {change}")


def test_an_event_is_posted_once(platform: Platform) -> None:
    write(platform, [5, -5], ["CNY"] * 2)
    with pytest.raises(DBAPIError, match="duplicate key"):
        write(platform, [5, -5], ["CNY"] * 2)
