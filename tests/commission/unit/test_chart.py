"""The chart of accounts."""

from __future__ import annotations

import pytest

from services.commission.application.rights import owner_of
from services.commission.domain import ledger
from services.commission.domain.chart import BY_CODE, CHART, AccountType, Side, code_of, in_chart
from services.commission.domain.commands import Party
from services.commission.domain.ledger import is_debit_side, natural


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("cash:provider", "cash:provider"),
        ("payable:shop:shop-1", "payable:shop:*"),
        ("payable:shop:a:b", "payable:shop:*"),
        ("payable:shop:", "payable:shop:"),
        ("payable:shop", "payable:shop"),
        ("", ""),
    ],
)
def test_an_account_is_found_by_itself_or_by_its_family(account: str, code: str) -> None:
    assert code_of(account) == code


def test_no_code_is_there_twice() -> None:
    assert len(BY_CODE) == len(CHART)


def test_every_account_that_orders_are_booked_on_is_in_the_chart() -> None:
    booked = [
        ledger.CASH,
        ledger.ORDERS,
        ledger.TAKE_RATE,
        ledger.DELIVERY_FEE,
        ledger.COURIER_PAY,
        ledger.PLATFORM_DISCOUNT,
        ledger.shop_payable("x"),
        ledger.courier_payable("x"),
        ledger.promoter_frozen("x"),
        ledger.promoter_payable("x"),
    ]
    assert [account for account in booked if in_chart(account) is None] == []


@pytest.mark.parametrize(
    "code",
    [
        "revenue:take_rate",
        "revenue:distribution_margin",
        "revenue:advertising",
        "revenue:subscription",
        "revenue:delivery_fee",
        "expense:courier_pay",
        "revenue:payout_fee",
    ],
)
def test_rule_26_each_revenue_kind_has_its_account(code: str) -> None:
    assert code in BY_CODE


@pytest.mark.parametrize(
    ("account", "party"),
    [
        ("payable:shop:s-1", (Party.SHOP, "s-1")),
        ("receivable:shop:s-1", (Party.SHOP, "s-1")),
        ("frozen:promoter:s-1", (Party.SHOP, "s-1")),
        ("payable:courier:c-1", (Party.COURIER, "c-1")),
        ("cash:courier:c-1", (Party.COURIER, "c-1")),
        ("payable:supplier:x", (Party.PLATFORM, "")),
        ("payable:customer:x", (Party.PLATFORM, "")),
        ("cash:provider", (Party.PLATFORM, "")),
        ("payable:shop:", (Party.PLATFORM, "")),
        ("nothing", (Party.PLATFORM, "")),
    ],
)
def test_an_account_is_open_to_whose_it_is_and_otherwise_to_the_platform(
    account: str, party: tuple[Party, str]
) -> None:
    assert owner_of(account) == party


def test_assets_and_expenses_stand_on_the_debit_side() -> None:
    debit = {account.type for account in CHART if account.normal_side is Side.DEBIT}
    assert debit == {AccountType.ASSET, AccountType.EXPENSE}
    assert is_debit_side("receivable:shop:s-1")
    assert natural("receivable:shop:s-1", 5) == 5
    assert natural("payable:shop:s-1", -5) == 5
