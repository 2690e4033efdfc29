"""Statements, payouts and reconciliations as the service answers them, and what its database refuses."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.commission.domain.errors import (
    AccountNotFound,
    BooksClosed,
    FileRefused,
    NothingToPayOut,
    OperatorsOnly,
    StatementNotFound,
)
from services.commission.domain.payee import Maturity
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput
from tests.commission.builders import (
    Order,
    a_listing_published,
    a_promoted_order,
    a_shop_opened,
    an_order,
    courier,
    merchant,
    operator,
)
from tests.commission.integration.conftest import Platform

_REFUSED = "never changes|at once|does not add up|append-only|permission denied"
SHOP = {"payee_kind": "shop", "payee_id": "bakery"}


def amount(money: dict[str, Any]) -> int:
    return int(money["amount"])


@pytest.fixture
def town(platform: Platform) -> Platform:
    """The fruit shop and the bakery, settled at delivery."""
    platform.hears(a_shop_opened("fruit"), a_shop_opened("bakery", category="bakery"))
    settle_at(platform, Maturity.DELIVERY)
    return platform


def settle_at(platform: Platform, maturity: Maturity) -> None:
    given = platform.service.settings
    platform.service.settings = replace(given, rules=replace(given.rules, maturity=maturity))


def delivered(platform: Platform) -> Order:
    order = an_order()
    platform.hears(order.paid(), order.delivered(), order.trip())
    return order


def next_day(platform: Platform) -> None:
    """A day later, settled, and paid out as far as the bank answers."""
    platform.clock.advance(timedelta(days=1))
    platform.service.settle_due()
    pay(platform)


def pay(platform: Platform) -> None:
    for _ in range(2):
        platform.service.pay_out()


def has_account(platform: Platform, reference: str = "icbc-ref-6222000011112345", **payee: str) -> None:
    platform.service.change_payee(
        actor=operator(), **(SHOP | payee), action="bank_account", value=reference, reason="as agreed"
    )


def statements(platform: Platform, **payee: str) -> list[dict[str, Any]]:
    """The oldest first."""
    found = platform.service.issued_statements(actor=operator(), **(SHOP | payee))["items"]
    return list(reversed(found))


def test_a_shop_owner_reads_from_a_statement_why_an_amount_is_what_it_is(platform: Platform) -> None:
    """Per order: goods, who paid which discount, take rate = base x rate, commission to whom, refunds."""
    platform.hears(
        a_shop_opened("sourced", owner_id="operator-1"),
        a_shop_opened("florist"),
        a_listing_published("rare-fruit", "sourced"),
    )
    settle_at(platform, Maturity.DELIVERY)
    link = platform.service.create_promotion_link(
        actor=merchant("florist"), link_id="link-1", shop_id="florist", listing_id="rare-fruit"
    )
    order = a_promoted_order(link["link_id"])
    order.parts[0].lines[0].platform_discount = 200
    platform.hears(order.paid(), order.delivered())
    line = order.parts[0].lines[0]
    platform.hears(order.refund(order.parts[0], {line.line_id: (700, 66)}))
    next_day(platform)
    (head,) = statements(platform, payee_id="sourced")
    found = platform.service.issued_statement(actor=operator(), statement_id=head["statement_id"])
    (summary,) = found["orders"]
    assert {
        name: amount(summary[name]) for name in ("goods", "shop_discount", "platform_discount", "paid")
    } == {
        "goods": 2400,
        "shop_discount": 0,
        "platform_discount": 200,
        "paid": 2200,
    }
    assert (amount(summary["refunded"]), amount(summary["platform_discount_returned"])) == (700, 66)
    told = {(each["kind"], amount(each["amount"])): each["formula"] for each in found["lines"]}
    assert told == {
        ("sale", 2200): "Goods, as the customer paid for them",
        ("platform_discount", 200): "Discount that the platform bears",
        ("take_rate", -120): (
            "Take rate: goods after the shop's discounts: 24.00 x 5 % = 1.20 CNY (rate plan 1)"
        ),
        ("distribution_commission", -220): (
            "Distribution commission to shop florist: 22.00 x 10 % = 2.20 CNY (rate plan 1)"
        ),
        ("sale", -700): "Correction after RefundIssued: Goods, as the customer paid for them",
        ("platform_discount", -66): "Correction after RefundIssued: Discount that the platform bears",
        ("take_rate", 38): (
            "Correction after RefundIssued: Take rate: goods after the shop's discounts: 16.34 x 5 % = 0.82;"
            " 0.82 - 1.20 = -0.38 CNY (rate plan 1)"
        ),
        ("distribution_commission", 70): (
            "Correction after RefundIssued: Distribution commission to shop florist: 15.00 x 10 % = 1.50;"
            " 1.50 - 2.20 = -0.70 CNY (rate plan 1)"
        ),
    }
    assert amount(found["opening"]) + sum(told_amount for _, told_amount in told) == amount(found["closing"])
    assert amount(found["closing"]) == -platform.sums()["payable:shop:sourced"]


def test_a_promoter_is_settled_once_the_commission_is_released(platform: Platform) -> None:
    """Rule 21; and what another shop sold is not told to the one that promoted it."""
    platform.hears(
        a_shop_opened("sourced", owner_id="operator-1"),
        a_shop_opened("florist"),
        a_listing_published("rare-fruit", "sourced"),
    )
    platform.service.create_promotion_link(
        actor=merchant("florist"), link_id="link-1", shop_id="florist", listing_id="rare-fruit"
    )
    order = a_promoted_order("link-1")
    platform.hears(order.paid(), order.delivered())
    next_day(platform)
    promoter = {"payee_kind": "promoter", "payee_id": "florist"}
    assert statements(platform, **promoter) == []
    platform.hears(order.completed())
    next_day(platform)
    (head,) = statements(platform, **promoter)
    assert amount(head["closing"]) == 240
    found = platform.service.issued_statement(actor=merchant("florist"), statement_id=head["statement_id"])
    assert found["orders"] == []


def test_a_statement_comes_as_csv_and_as_pdf(town: Platform) -> None:
    delivered(town)
    next_day(town)
    (head,) = statements(town)
    asked = {"actor": merchant("bakery"), "statement_id": head["statement_id"], "title": "老王面包店"}
    told = town.service.statement_as_csv(**asked)
    assert told["media_type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(base64.b64decode(told["content"]).decode("utf-8-sig"))))
    facts = {row[0]: row[1] for row in rows if len(row) == 2}
    assert (facts["title"], facts["opening"], facts["closing"]) == ("老王面包店", "0.00", "17.10")
    assert facts["until"] == "2026-01-06T00:00:00+08:00"
    begin = next(number for number, row in enumerate(rows) if row and row[0] == "entry_id")
    lines = [dict(zip(rows[begin], row, strict=True)) for row in rows[begin + 1 : begin + 3]]
    assert [(line["kind"], line["amount"]) for line in lines] == [("sale", "18.00"), ("take_rate", "-0.90")]
    drawn = town.service.statement_as_pdf(**asked)
    assert drawn["media_type"] == "application/pdf"
    content = base64.b64decode(drawn["content"])
    assert content.startswith(b"%PDF-")
    assert b"STSong-Light" in content
    assert town.service.statement_as_pdf(**asked) == drawn


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE statement SET closing = closing, opening = opening",
        "DELETE FROM statement",
        "UPDATE statement_line SET formula = 'because'",
        "DELETE FROM statement_line",
        "UPDATE statement_order SET refunded = 0",
        "TRUNCATE statement_line",
        # Two that cancel out, so that every sum still holds.
        "INSERT INTO statement_line SELECT entry_id, (SELECT max(statement_id) FROM statement), 'more'"
        " FROM ledger_entry WHERE NOT starts_with(account, 'payable') ORDER BY entry_id LIMIT 2",
        "INSERT INTO statement_order SELECT statement_id, 'another', order_id, paid_at, delivered_at, goods,"
        " shop_discount, platform_discount, paid, refunded, discount_returned FROM statement_order LIMIT 1",
        "INSERT INTO statement SELECT 'another', payee_kind, payee_id, currency, number + 1, cycle, since,"
        " until, issued_at, closing, earned, paid_out, closing + earned - paid_out, sums, line_count,"
        " order_count FROM statement LIMIT 1",
        "DELETE FROM payee_change",
    ],
)
def test_the_database_refuses_whatever_would_change_an_issued_statement(
    town: Platform, statement: str
) -> None:
    delivered(town)
    next_day(town)
    has_account(town)
    before = town.rows("SELECT * FROM statement"), town.rows("SELECT * FROM statement_line")
    with pytest.raises(DBAPIError, match=_REFUSED), town.database.transaction() as tx:
        tx.connection.exec_driver_sql(statement)
    assert (town.rows("SELECT * FROM statement"), town.rows("SELECT * FROM statement_line")) == before


def test_statements_are_settled_after_the_after_sale_window_unless_set_otherwise(platform: Platform) -> None:
    platform.hears(a_shop_opened("bakery"))
    order = delivered(platform)
    next_day(platform)
    assert statements(platform) == []
    platform.hears(order.completed())
    platform.clock.advance(timedelta(days=7))
    next_day(platform)
    assert amount(statements(platform)[0]["closing"]) == 1710


@pytest.mark.parametrize("scenario", ["success", "double", "late", "silent"])
def test_however_the_bank_answers_a_payout_is_booked_once(town: Platform, scenario: str) -> None:
    has_account(town, f"sandbox-{scenario}-0001")
    delivered(town)
    next_day(town)
    town.clock.advance(timedelta(hours=2))
    for _ in range(3):
        pay(town)
        town.clock.advance(timedelta(minutes=20))
    (payout,) = town.service.payouts(actor=merchant("bakery"), **SHOP)["items"]
    assert (payout["status"], amount(payout["amount"])) == ("confirmed", 1710)
    assert payout["bank_account"] == "••••0001"
    assert town.is_sound()
    assert "payable:shop:bakery" not in town.sums()
    assert town.sums()["cash:bank"] == -1710
    assert len(town.published("PayoutConfirmed")) == 1
    assert town.is_sound()


def test_an_account_that_refuses_is_tried_three_times_and_then_held(town: Platform) -> None:
    has_account(town, "sandbox-failure-0001")
    delivered(town)
    next_day(town)
    for _ in range(4):
        pay(town)
        town.clock.advance(timedelta(minutes=20))
    found = town.service.payouts(actor=operator(), **SHOP)["items"]
    assert [(each["status"], each["attempt"]) for each in found] == [
        ("failed", 3),
        ("retried", 2),
        ("retried", 1),
    ]
    payee = town.service.payee(actor=operator(), **SHOP)
    assert (payee["held"], payee["reason"], amount(payee["available"])) == (True, "payouts-fail", 1710)
    assert len(town.published("PayoutFailed")) == 3


def test_the_banks_own_file_reconciles_with_the_books(town: Platform) -> None:
    has_account(town)
    has_account(town, "sandbox-returned-0001", payee_id="fruit")
    delivered(town)
    next_day(town)
    town.clock.advance(timedelta(days=1, hours=1))
    pay(town)
    period = {
        "since": to_wire(town.clock.now() - timedelta(days=4)),
        "until": to_wire(town.clock.now() + timedelta(days=1)),
    }
    told = town.service.bank_file(actor=operator(), **period)
    content = base64.b64decode(told["content"]).decode()
    assert len(content.splitlines()) == 1 + 3
    found = town.service.reconcile(
        actor=operator(), reconciliation_id="bank-1", source="bank", content=content, **period
    )
    assert (found["clean"], found["rows"], found["matched"]) == (True, 3, 3)
    kept = town.service.reconciliation(actor=operator(), reconciliation_id="bank-1")
    assert kept == found
    (listed,) = town.service.reconciliations(actor=operator())["items"]
    assert listed["made_by"] == "operator-1"
    without_a_line = "\n".join(content.splitlines()[:-1]) + "\n"
    wrong = town.service.reconcile(
        actor=operator(), reconciliation_id="bank-2", source="bank", content=without_a_line, **period
    )
    assert wrong["problems"] == {"missing_in_file": 1}


def test_what_is_posted_for_a_payout_that_no_bank_confirmed_is_found(town: Platform) -> None:
    has_account(town)
    delivered(town)
    next_day(town)
    town.clock.advance(timedelta(hours=2))
    pay(town)
    (payout,) = town.service.payouts(actor=merchant("bakery"), **SHOP)["items"]
    assert (payout["status"], town.is_sound()) == ("confirmed", True)
    with town.database.transaction() as tx:
        tx.connection.execute(text("UPDATE payout SET status = 'failed'"))
    found = town.service.check(actor=operator())
    assert not found["sound"]
    assert [each["problem"] for each in found["per_order_mismatches"]] == [
        f"payout {payout['payout_id']} is not what its facts call for"
    ]


def test_a_payout_can_be_asked_for_and_the_same_id_is_the_same_payout(town: Platform) -> None:
    delivered(town)
    next_day(town)
    asked = {"actor": merchant("bakery"), **SHOP, "payout_id": "payout-1"}
    with pytest.raises(NothingToPayOut):
        town.service.request_payout(**asked)
    has_account(town)
    first = town.service.request_payout(**asked)
    assert (first["status"], amount(first["amount"])) == ("created", 1710)
    assert town.service.request_payout(**asked) == first
    with pytest.raises(NothingToPayOut):
        town.service.request_payout(**(asked | {"payout_id": "payout-2"}))


def test_money_is_seen_by_its_owner_and_changed_by_operators_alone(town: Platform) -> None:
    delivered(town)
    next_day(town)
    (head,) = statements(town)
    service, rival = town.service, merchant("fruit")
    with pytest.raises(StatementNotFound):
        service.issued_statement(actor=rival, statement_id=head["statement_id"])
    with pytest.raises(StatementNotFound):
        service.statement_as_pdf(actor=courier(), statement_id=head["statement_id"])
    for question in (service.issued_statements, service.payouts, service.payee):
        with pytest.raises(AccountNotFound):
            question(actor=rival, **SHOP)
    with pytest.raises(AccountNotFound):
        service.request_payout(actor=rival, **SHOP, payout_id="payout-1")
    with pytest.raises(BooksClosed):
        service.issued_statements(actor=rival)
    with pytest.raises(OperatorsOnly):
        service.change_payee(actor=merchant("bakery"), **SHOP, action="release", reason="please")
    analyst = {"account_id": "analyst-1", "role": "analyst"}
    assert service.issued_statements(actor=analyst)["items"]
    with pytest.raises(OperatorsOnly):
        service.request_payout(actor=analyst, **SHOP, payout_id="payout-1")
    with pytest.raises(OperatorsOnly):
        service.reconcile(actor=analyst, reconciliation_id="one", source="bank", content="")
    own = service.issued_statements(actor=courier(), payee_kind="courier", payee_id="courier-1")
    assert amount(own["items"][0]["closing"]) == 651


def test_bad_questions_name_their_field(town: Platform) -> None:
    service = town.service
    with pytest.raises(InvalidInput) as refusal:
        service.issued_statements(actor=operator(), payee_kind="shop")
    assert refusal.value.errors[0]["field"] == "payee_id"
    with pytest.raises(InvalidInput):
        service.issued_statements(actor=operator(), cursor="x")
    with pytest.raises(InvalidInput):
        service.change_payee(actor=operator(), **SHOP, action="cycle", value="yearly", reason="odd")
    with pytest.raises(FileRefused) as refused:
        service.reconcile(actor=operator(), reconciliation_id="one", source="payments", content="a,b\n1,2\n")
    assert refused.value.errors[0]["field"] == "line 1"


def test_a_statement_tells_the_others_what_it_says(town: Platform) -> None:
    delivered(town)
    next_day(town)
    told = {data["payee"]["id"]: data for data in town.published("StatementIssued")}
    assert set(told) == {"bakery", "fruit", "courier-1"}
    assert amount(told["bakery"]["closing"]) == 1710
