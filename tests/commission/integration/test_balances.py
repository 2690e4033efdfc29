"""Balances now and in the past: totals of what is sealed, and the rest, say what the entries say."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from linli.cli import app
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.seals_sql import SqlSeals
from services.commission.application import sealing
from services.commission.application.journal import post
from services.commission.domain.errors import AccountNotFound, BooksClosed
from services.commission.domain.ledger import Move
from services.commission.domain.totals import AsOf
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput
from shared.testing.clock import StoppedClock
from tests.commission.builders import a_shop_opened, an_order, merchant, operator
from tests.commission.integration.conftest import Platform

ACCOUNTS = ["cash:provider", "payable:shop:a", "payable:shop:b", "revenue:advertising"]
FIRST = datetime(2026, 1, 29, 20, tzinfo=UTC)


def random_days(platform: Platform, seed: int, transactions: int = 60) -> list[datetime]:
    """Transactions over some days around the end of a month, not in the order of their times; half sealed."""
    chance = random.Random(seed)
    moments = []
    for number in range(transactions):
        moment = FIRST + timedelta(minutes=chance.randrange(5 * 24 * 60))
        moments.append(moment)
        with platform.database.transaction() as tx:
            post(
                natural_key=f"n-{seed}-{number}",
                cause_type="Test",
                occurred_at=moment,
                currency="CNY",
                moves=[
                    Move(
                        amount=chance.randrange(1, 1000),
                        debit=chance.choice(ACCOUNTS[:2]),
                        credit=chance.choice(ACCOUNTS[2:]),
                        kind=chance.choice(["sale", "charge"]),
                    )
                    for _ in range(chance.randrange(1, 4))
                ],
                journal=SqlJournal(tx.connection),
                clock=StoppedClock(moment),
            )
        if chance.random() < 0.1:
            with platform.database.transaction() as tx:
                sealing.seal(seals=SqlSeals(tx.connection), clock=platform.clock, limit=7)
    return moments


def from_entries(platform: Platform, condition: str, **given: Any) -> dict[tuple[str, str], int]:
    rows = platform.rows(
        "SELECT account, kind, sum(amount)::bigint FROM ledger_entry"
        f" WHERE {condition} GROUP BY account, kind ORDER BY 1, 2",
        **given,
    )
    return {(account, kind): int(amount) for account, kind, amount in rows}


@pytest.mark.parametrize("seed", range(5))
def test_a_balance_is_the_sum_of_its_entries_at_any_time(platform: Platform, seed: int) -> None:
    moments = random_days(platform, seed)
    on_the_edge = [FIRST.replace(hour=0) + timedelta(days=day) for day in range(7)]
    with platform.database.read() as connection:
        ledger = SqlLedger(connection)
        for moment in [*moments, *on_the_edge, FIRST - timedelta(days=99), FIRST + timedelta(days=99)]:
            wanted = from_entries(platform, "posted_at < :at", at=moment)
            assert ledger.sums(ACCOUNTS, "CNY", until=moment) == wanted
            by_account: dict[str, int] = {}
            for (account, _), amount in wanted.items():
                by_account[account] = by_account.get(account, 0) + amount
            found = {account: amount for account, _, amount in ledger.balances(as_of=AsOf(before=moment))}
            assert found == by_account
        assert ledger.sums(ACCOUNTS, "CNY") == from_entries(platform, "true")
        assert ledger.balances() == ledger.recounted()


@pytest.mark.parametrize("seed", range(5))
def test_a_balance_is_the_sum_of_its_entries_after_any_entry(platform: Platform, seed: int) -> None:
    random_days(platform, seed)
    ids = [int(row[0]) for row in platform.rows("SELECT entry_id FROM ledger_entry")]
    with platform.database.read() as connection:
        ledger = SqlLedger(connection)
        for entry_id in [0, *random.Random(seed).sample(ids, 25), max(ids)]:
            wanted = from_entries(platform, "entry_id <= :id", id=entry_id)
            assert ledger.sums_as_of(ACCOUNTS, "CNY", AsOf(entry=entry_id)) == wanted


@pytest.mark.parametrize("seed", range(3))
def test_a_period_is_the_sum_of_its_entries(platform: Platform, seed: int) -> None:
    moments = sorted(random_days(platform, seed))
    with platform.database.read() as connection:
        for since, until in (
            (moments[3], moments[30]),
            (moments[20], moments[21]),
            (moments[-1], moments[-1]),
        ):
            wanted = from_entries(
                platform, "posted_at >= :since AND posted_at < :until", since=since, until=until
            )
            assert SqlLedger(connection).sums(ACCOUNTS, "CNY", since, until) == wanted


def test_the_check_finds_totals_that_are_not_the_entries(platform: Platform) -> None:
    random_days(platform, 1, 20)
    platform.service.seal()
    assert platform.is_sound()
    with platform.database.transaction() as tx:
        tx.connection.execute(
            text(
                "UPDATE ledger_total SET debit = debit + 1 WHERE account = 'cash:provider' AND span = 'month'"
            )
        )
    found = platform.service.check(actor=operator())
    assert not found["sound"]
    assert "its totals are not its entries" in found["per_order_mismatches"][0]["problem"]


def test_totals_are_counted_again_from_the_entries(platform: Platform) -> None:
    random_days(platform, 2)
    kept = platform.rows("SELECT * FROM ledger_total ORDER BY 1, 2, 3, 4, 5")
    assert kept
    with platform.database.transaction() as tx:
        tx.connection.execute(text("UPDATE ledger_total SET debit = debit + 1, first_entry = 0"))
    counted = CliRunner().invoke(app, ["ledger", "recount", "--database", platform.database.url])
    assert counted.exit_code == 0, counted.output
    assert f"{len(kept)} totals were counted again." in counted.stdout
    assert platform.rows("SELECT * FROM ledger_total ORDER BY 1, 2, 3, 4, 5") == kept
    assert platform.is_sound()


# -- the trial balance ---------------------------------------------------------------------------------------


def busy(platform: Platform) -> None:
    platform.hears(a_shop_opened("fruit"), a_shop_opened("bakery", category="bakery"))
    for _ in range(2):
        order = an_order()
        platform.hears(order.paid(), order.delivered(), order.trip())
        platform.clock.advance(timedelta(days=1))


def test_the_columns_of_a_trial_balance_add_up(platform: Platform) -> None:
    busy(platform)
    found = platform.service.trial_balance(actor=operator())
    assert found["adds_up"]
    [balance] = found["currencies"]
    assert balance["debit"] == balance["credit"]
    assert {
        line["code"]: (line["accounts"], line["debit"]["amount"], line["credit"]["amount"])
        for line in balance["lines"]
    } == {
        "cash:provider": (1, 16000, 0),
        "liability:orders": (1, 0, 0),
        "payable:courier:*": (1, 0, 1302),
        "payable:shop:*": (2, 0, 14440),
        "revenue:delivery_fee": (1, 0, 1400),
        "revenue:take_rate": (1, 0, 760),
        "expense:courier_pay": (1, 1302, 0),
        "expense:platform_discount": (1, 600, 0),
    }
    assert [line["type"] for line in balance["lines"]] == sorted(
        (line["type"] for line in balance["lines"]),
        key=["asset", "liability", "revenue", "expense"].index,
    )


def test_a_trial_balance_of_the_past_is_what_it_was_then(platform: Platform) -> None:
    busy(platform)
    then = platform.service.trial_balance(actor=operator(), expanded=True)
    now = to_wire(platform.clock.now())
    platform.clock.advance(timedelta(hours=1))
    platform.service.seal()
    order = an_order()
    platform.hears(order.paid())
    again = platform.service.trial_balance(actor=operator(), expanded=True, at=now)
    assert again["currencies"] == then["currencies"]
    assert {"payable:shop:fruit", "payable:shop:bakery"} <= {
        line["code"] for line in again["currencies"][0]["lines"]
    }


def test_the_balance_of_an_account_is_told_at_a_time_and_after_an_entry(platform: Platform) -> None:
    busy(platform)
    service, account = platform.service, "payable:shop:bakery"
    now = service.account_balance(actor=operator(), account=account)
    assert (now["balance"]["amount"], now["natural"]["amount"], now["side"]) == (-3420, 3420, "credit")
    assert {kind: money["amount"] for kind, money in now["by_kind"].items()} == {
        "sale": -3600,
        "take_rate": 180,
    }
    after_first_day = to_wire(platform.clock.now() - timedelta(days=1))
    past = service.account_balance(actor=merchant("bakery"), account=account, at=after_first_day)
    assert past["balance"]["amount"] == -1710
    entry_id = service.entries(actor=operator(), account=account)["items"][0]["entry_id"]
    assert service.account_balance(actor=operator(), account=account, entry_id=entry_id)["balance"] == {
        "amount": -1800,
        "currency": "CNY",
    }


def test_the_trial_balance_is_for_operators_and_analysts(platform: Platform) -> None:
    busy(platform)
    with pytest.raises(BooksClosed):
        platform.service.trial_balance(actor=merchant("bakery"))
    with pytest.raises(AccountNotFound):
        platform.service.account_balance(actor=merchant("fruit"), account="payable:shop:bakery")
    with pytest.raises(InvalidInput):
        platform.service.trial_balance(actor=operator(), at="2026-01-05T00:00:00Z", entry_id=3)
    assert platform.service.trial_balance_csv(actor=operator())["media_type"] == "text/csv"


def test_the_command_writes_a_table_and_csv(platform: Platform) -> None:
    busy(platform)
    run, at = CliRunner(), ["--database", platform.database.url]
    table = run.invoke(app, ["ledger", "trial-balance", *at], env={"COLUMNS": "140"})
    assert table.exit_code == 0, table.output
    assert "Trial balance in CNY" in table.stdout
    written = run.invoke(app, ["ledger", "trial-balance", "--csv", *at]).stdout.splitlines()
    assert written[0] == "code,name,type,accounts,currency,debit,credit"
    assert written[1] == "cash:provider,Payment provider,asset,1,CNY,16000,0"
    assert written[-1] == "total,,,,CNY,17902,17902"
    before = run.invoke(app, ["ledger", "trial-balance", "--at", "2000-01-01T00:00:00Z", *at])
    assert "Nothing is posted yet." in before.stdout
