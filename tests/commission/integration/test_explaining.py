"""Explanations and reversals by hand, on a real database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from linli.cli import app
from services.commission.domain.errors import (
    AlreadyReversed,
    EntryNotFound,
    FollowsFromFacts,
    OperatorsOnly,
    TransactionNotFound,
)
from tests.commission.builders import a_shop_opened, an_order, courier, merchant, operator
from tests.commission.integration.conftest import Platform
from tests.commission.integration.test_journal import SHOP, pay_out


def an_order_with_a_refund(platform: Platform) -> str:
    platform.hears(a_shop_opened("fruit"), a_shop_opened("bakery", category="bakery"))
    order = an_order()
    bread = order.parts[1]
    platform.hears(order.paid(), order.delivered(), order.trip())
    platform.hears(order.refund(bread, {bread.lines[0].line_id: (600, 0)}))
    return order.order_id


def words(branches: list[dict[str, Any]]) -> list[str]:
    found = []
    for branch in branches:
        found += [f"{branch['what']} {branch['why'] or ''}", *words(branch["branches"])]
    return found


def test_an_order_is_explained_to_the_cent(platform: Platform) -> None:
    order_id = an_order_with_a_refund(platform)
    told = platform.service.explain(actor=operator(), order_id=order_id)
    assert told["adds_up"], told["checks"]
    amounts = {branch["what"]: branch["amount"]["amount"] for branch in told["branches"]}
    parties = ("Shop fruit", "Shop bakery", "Courier courier-1", "The platform", "Still held for the order")
    assert sum(amounts[party] for party in parties) == amounts["Held where the money is"] == 8000 - 600


def test_a_shop_owner_reads_its_own_part(platform: Platform) -> None:
    order_id = an_order_with_a_refund(platform)
    told = platform.service.explain(actor=merchant("bakery"), order_id=order_id)
    assert told["adds_up"]
    assert "fruit" not in json.dumps(told)
    assert "courier" not in json.dumps(told)
    for stranger in (merchant("florist"), courier()):
        with pytest.raises(EntryNotFound):
            platform.service.explain(actor=stranger, order_id=order_id)


def test_an_entry_is_explained_by_its_transaction_cause_formula_and_what_it_takes_back(
    platform: Platform,
) -> None:
    order_id = an_order_with_a_refund(platform)
    platform.service.seal()
    entries = platform.service.entries(actor=operator(), order_id=order_id)["items"]
    correction = next(e for e in entries if e["reverses"] and e["account"] == "revenue:take_rate")
    told = platform.service.explain(actor=operator(), entry_id=correction["entry_id"])
    said = "\n".join(words(told["branches"]))
    assert told["title"] == f"Entry {correction['entry_id']}: debit on revenue:take_rate (Take rate)"
    assert "Take rate, 5.00 % of -6.00 CNY" in said
    assert "Rate plan 1, first" in said
    assert "caused by RefundIssued" in said
    assert f"Takes back from transaction {correction['reverses']} caused by OrderDelivered" in said
    assert "sealed at position 4" in said
    first = next(e for e in entries if e["transaction_id"] == correction["reverses"])
    said = "\n".join(
        words(platform.service.explain(actor=operator(), entry_id=first["entry_id"])["branches"])
    )
    assert f"Taken back from by transaction {correction['transaction_id']} caused by RefundIssued" in said


def test_a_party_is_told_of_its_own_entries_alone(platform: Platform) -> None:
    order_id = an_order_with_a_refund(platform)
    entries = platform.service.entries(actor=operator(), order_id=order_id)["items"]
    own = next(entry for entry in entries if entry["account"] == "payable:shop:bakery")
    other = next(entry for entry in entries if entry["account"] == "payable:shop:fruit")
    told = platform.service.explain(actor=merchant("bakery"), entry_id=own["entry_id"])
    assert "fruit" not in json.dumps(told)
    with pytest.raises(EntryNotFound):
        platform.service.explain(actor=merchant("bakery"), entry_id=other["entry_id"])
    with pytest.raises(EntryNotFound):
        platform.service.explain(actor=operator(), entry_id=10**9)
    with pytest.raises(EntryNotFound):
        platform.service.explain(actor=operator(), order_id="nothing")


def test_the_command_draws_a_tree(platform: Platform) -> None:
    order_id = an_order_with_a_refund(platform)
    run, at = CliRunner(), ["--database", platform.database.url]
    drawn = run.invoke(app, ["explain", order_id, *at], env={"COLUMNS": "200"})
    assert drawn.exit_code == 0, drawn.output
    assert f"Order {order_id}, CNY" in drawn.stdout
    assert "It adds up:" in drawn.stdout
    as_data = run.invoke(app, ["explain", order_id, "--json", *at])
    assert json.loads(as_data.stdout)["adds_up"] is True
    entry = run.invoke(app, ["explain", "1000000000", *at])
    assert entry.exit_code != 0


# -- a reversal by hand --------------------------------------------------------------------------------------


def the_payout(platform: Platform) -> str:
    assert pay_out(platform)
    [(transaction_id,)] = platform.rows(
        "SELECT transaction_id FROM ledger_transaction WHERE order_id IS NULL"
    )
    return str(transaction_id)


def reverse(platform: Platform, transaction_id: str, reason: str = "sent twice", **actor: Any) -> str:
    found = platform.service.reverse_transaction(
        actor=actor or operator(), transaction_id=transaction_id, reason=reason
    )
    return str(found["transaction_id"])


def test_an_operator_takes_a_transaction_back_once(platform: Platform) -> None:
    payout = the_payout(platform)
    first = reverse(platform, payout)
    assert reverse(platform, payout) == first
    assert platform.sums() == {}
    assert platform.rows(
        "SELECT account, amount, reverses, note FROM ledger_entry"
        " WHERE transaction_id = :id ORDER BY account",
        id=first,
    ) == [
        ("cash:bank", 100, payout, "sent twice (operator-1)"),
        (SHOP, -100, payout, "sent twice (operator-1)"),
    ]
    assert platform.is_sound()


def test_another_reason_is_a_conflict(platform: Platform) -> None:
    payout = the_payout(platform)
    reverse(platform, payout)
    with pytest.raises(AlreadyReversed):
        reverse(platform, payout, "sent to the wrong shop")


def test_a_reversal_by_mistake_is_taken_back_as_well(platform: Platform) -> None:
    payout = the_payout(platform)
    reverse(platform, reverse(platform, payout), "was right after all")
    assert platform.sums() == {"cash:bank": -100, SHOP: 100}


@pytest.mark.parametrize("key", ["payout:1", "netting:1", "guarantee:1:0", "subscription:1:2026-01-01:0"])
def test_what_follows_from_other_facts_is_not_reversed_by_hand(platform: Platform, key: str) -> None:
    assert pay_out(platform, key)
    [(transaction_id,)] = platform.rows("SELECT transaction_id FROM ledger_transaction")
    with pytest.raises(FollowsFromFacts):
        reverse(platform, str(transaction_id))


def test_what_follows_from_an_order_is_not_reversed_by_hand(platform: Platform) -> None:
    platform.hears(an_order().paid())
    [(transaction_id,)] = platform.rows("SELECT transaction_id FROM ledger_transaction")
    with pytest.raises(FollowsFromFacts):
        reverse(platform, str(transaction_id))
    with pytest.raises(TransactionNotFound):
        reverse(platform, "nothing")
    with pytest.raises(OperatorsOnly):
        reverse(platform, str(transaction_id), **merchant("fruit"))
