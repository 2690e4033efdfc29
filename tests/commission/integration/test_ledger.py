"""The ledger defends itself: PostgreSQL refuses what would make the books wrong."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.commission.builders import an_order
from tests.commission.integration.conftest import Platform

_TRANSACTION = """
INSERT INTO ledger_transaction
    (transaction_id, natural_key, event_type, order_id, currency, rate_plan, occurred_at, posted_at)
VALUES ('t-1', :key, 'Test', 'o-1', 'CNY', 1, now(), now())
"""
_ENTRIES = """
INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, order_id, posted_at)
SELECT 't-1', account, amount, currency, 'test', 'o-1', now()
FROM unnest(CAST(:accounts AS text[]), CAST(:amounts AS bigint[]), CAST(:currencies AS text[]))
    AS e (account, amount, currency)
"""


def run(platform: Platform, statement: str, **parameters: Any) -> None:
    with platform.database.transaction() as tx:
        tx.connection.execute(text(statement), parameters)


def write(platform: Platform, amounts: list[int], currencies: list[str]) -> None:
    with platform.database.transaction() as tx:
        tx.connection.execute(text(_TRANSACTION), {"key": "event:1"})
        tx.connection.execute(text(_ENTRIES), entries(amounts, currencies))


def entries(amounts: list[int], currencies: list[str]) -> dict[str, Any]:
    accounts = [f"a-{number}" for number in range(len(amounts))]
    return {"accounts": accounts, "amounts": amounts, "currencies": currencies}


def test_a_transaction_that_sums_to_zero_is_written(platform: Platform) -> None:
    write(platform, [5, -3, -2], ["CNY"] * 3)
    assert platform.sums("o-1") == {"a-0": 5, "a-1": -3, "a-2": -2}


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


def test_entries_added_later_must_balance_by_themselves(platform: Platform) -> None:
    write(platform, [5, -5], ["CNY"] * 2)
    with pytest.raises(DBAPIError, match="does not sum to zero"):
        run(platform, _ENTRIES, **entries([7], ["CNY"]))


def test_an_entry_belongs_to_a_transaction(platform: Platform) -> None:
    with pytest.raises(DBAPIError, match="foreign key"):
        run(platform, _ENTRIES, **entries([7, -7], ["CNY"] * 2))


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_transaction", "rate_plan"])
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
