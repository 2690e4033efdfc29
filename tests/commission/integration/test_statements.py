"""What each party reads of the books, and that it adds up to the orders behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.commission.domain.errors import AccountNotFound, BooksClosed
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput
from tests.commission.builders import (
    a_shop_opened,
    an_order,
    courier,
    merchant,
    operator,
)
from tests.commission.integration.conftest import Platform


def amount(money: dict[str, Any]) -> int:
    return int(money["amount"])


def busy_day(platform: Platform) -> list[str]:
    """Three orders over the fruit shop and the bakery, one of them refunded in part the next day."""
    platform.hears(a_shop_opened("fruit"), a_shop_opened("bakery", category="bakery"))
    orders = [an_order() for _ in range(3)]
    for order in orders:
        platform.hears(order.paid(), order.delivered(), order.trip())
    platform.clock.advance(timedelta(days=1))
    last = orders[-1]
    platform.hears(last.refund(last.parts[1], {last.parts[1].lines[0].line_id: (600, 0)}))
    return [order.order_id for order in orders]


def test_a_statement_adds_up_line_by_line_to_the_orders(platform: Platform) -> None:
    order_ids = busy_day(platform)
    found = platform.service.statement(actor=merchant("bakery"), account_kind="shop", owner_id="bakery")
    assert amount(found["opening"]) == 0
    assert sum(amount(line["amount"]) for line in found["lines"]) == amount(found["total"])
    assert amount(found["closing"]) == 3 * 1710 - 600 + 30
    assert {kind: amount(money) for kind, money in found["total_by_kind"].items()} == {
        "sale": 3 * 1800 - 600,
        "take_rate": -3 * 90 + 30,
    }
    assert {line["order_id"] for line in found["lines"]} == set(order_ids)
    for order_id in order_ids:
        of_order = sum(amount(line["amount"]) for line in found["lines"] if line["order_id"] == order_id)
        assert of_order == -platform.sums(order_id)["payable:shop:bakery"]


def test_every_line_says_why_it_is_that_amount(platform: Platform) -> None:
    busy_day(platform)
    lines = platform.service.statement(actor=operator(), account_kind="shop", owner_id="bakery")["lines"]
    assert lines[1]["reason"] == (
        "Take rate, 5.00 % of 18.00 CNY: of goods after the shop's discounts, less refunds (rate plan 1)"
    )
    assert lines[-1]["reason"] == (
        "Correction after RefundIssued: Take rate, 5.00 % of -6.00 CNY:"
        " of goods after the shop's discounts, less refunds (rate plan 1)"
    )
    assert lines[-1]["reverses"] == lines[-3]["transaction_id"]


def test_periods_follow_one_another_without_a_gap(platform: Platform) -> None:
    busy_day(platform)
    midnight = to_wire(platform.clock.now() - timedelta(hours=1))
    asked = {"actor": merchant("bakery"), "account_kind": "shop", "owner_id": "bakery"}
    first = platform.service.statement(**asked, until=midnight)
    second = platform.service.statement(**asked, since=midnight)
    assert amount(first["closing"]) == 3 * 1710
    assert (first["final"], second["final"]) == (True, False)
    assert second["opening"] == first["closing"]
    assert (
        second["closing"]
        == platform.service.balance(actor=merchant("bakery"), kind="shop", owner_id="bakery")["payable"]
    )


def test_a_long_statement_comes_in_pages(platform: Platform) -> None:
    busy_day(platform)
    asked: dict[str, Any] = {"actor": operator(), "account_kind": "shop", "owner_id": "fruit", "limit": 4}
    lines, cursor = [], None
    while True:
        page = platform.service.statement(**asked, cursor=cursor)
        lines += page["lines"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(lines) == 9
    assert sum(amount(line["amount"]) for line in lines) == amount(page["total"]) == 3 * 5510


def test_the_platform_reads_what_it_earned(platform: Platform) -> None:
    busy_day(platform)
    found = platform.service.statement(actor=operator(), account_kind="platform", owner_id=None)
    assert amount(found["closing"]) == 3 * (380 + 700 - 300 - 651) - 30


def test_a_courier_reads_own_earnings(platform: Platform) -> None:
    busy_day(platform)
    found = platform.service.earnings(actor=courier())
    assert amount(found["payable"]) == 3 * 651
    assert len(found["lines"]) == 3
    assert "3140 m" in found["lines"][0]["reason"]
    assert amount(platform.service.earnings(actor=courier("somebody-else"))["payable"]) == 0


def test_all_accounts_sum_to_zero(platform: Platform) -> None:
    busy_day(platform)
    items = platform.service.accounts(actor=operator())["items"]
    assert sum(amount(item["balance"]) for item in items) == 0
    cash = next(item for item in items if item["account"] == "cash:provider")
    assert (amount(cash["balance"]), cash["side"]) == (3 * 8000 - 600, "debit")
    assert all(amount(item["natural"]) >= 0 for item in items)


def test_accounts_come_in_pages(platform: Platform) -> None:
    busy_day(platform)
    whole = platform.service.accounts(actor=operator(), limit=500)["items"]
    paged, cursor = [], None
    while True:
        page = platform.service.accounts(actor=operator(), limit=3, cursor=cursor)
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole


def test_entries_are_listed_by_order_and_by_account(platform: Platform) -> None:
    order_id = busy_day(platform)[0]
    by_order = platform.service.entries(actor=operator(), order_id=order_id, limit=500)["items"]
    assert sum(amount(item["amount"]) for item in by_order) == 0
    own = platform.service.entries(actor=merchant("fruit"), account="payable:shop:fruit", limit=2)
    assert len(own["items"]) == 2
    assert own["next_cursor"] == str(own["items"][-1]["entry_id"])


@pytest.mark.parametrize(
    "actor",
    [
        merchant("fruit"),
        courier(),
        {"account_id": "owner-of-bakery", "role": "customer"},
        {"account_id": "somebody", "role": "merchant"},
    ],
)
def test_a_shops_money_is_seen_by_its_owner_alone(platform: Platform, actor: dict[str, str]) -> None:
    busy_day(platform)
    service = platform.service
    with pytest.raises(AccountNotFound):
        service.balance(actor=actor, kind="shop", owner_id="bakery")
    with pytest.raises(AccountNotFound):
        service.statement(actor=actor, account_kind="shop", owner_id="bakery")
    with pytest.raises(AccountNotFound):
        service.entries(actor=actor, account="payable:shop:bakery")
    with pytest.raises(AccountNotFound):
        service.accruals(actor=actor, shop_id="bakery")


def test_a_couriers_money_is_seen_by_that_courier_alone(platform: Platform) -> None:
    busy_day(platform)
    for actor in (courier("somebody-else"), merchant("fruit")):
        with pytest.raises(AccountNotFound):
            platform.service.balance(actor=actor, kind="courier", owner_id="courier-1")


def test_the_platforms_books_are_for_operators_and_analysts(platform: Platform) -> None:
    busy_day(platform)
    actor, service = merchant("fruit"), platform.service
    with pytest.raises(BooksClosed):
        service.accounts(actor=actor)
    with pytest.raises(BooksClosed):
        service.entries(actor=actor)
    with pytest.raises(BooksClosed):
        service.statement(actor=actor, account_kind="platform", owner_id=None)
    with pytest.raises(BooksClosed):
        service.entries(actor=actor, account="cash:provider")
    with pytest.raises(BooksClosed):
        service.check(actor=actor)
    analyst = {"account_id": "analyst-1", "role": "analyst"}
    assert service.check(actor=analyst)["sound"]
    assert service.accounts(actor=analyst)["items"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"account_kind": "nobody"}, "account_kind"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-06T00:00:00Z", "until": "2026-01-05T00:00:00Z"}, "until"),
        ({"limit": 0}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"more": 1}, "more"),
    ],
)
def test_a_bad_question_names_its_field(platform: Platform, arguments: dict[str, Any], field: str) -> None:
    asked = {"actor": operator(), "account_kind": "shop", "owner_id": "bakery"} | arguments
    with pytest.raises(InvalidInput) as refusal:
        platform.service.statement(**asked)
    assert [error["field"] for error in refusal.value.errors] == [field]
