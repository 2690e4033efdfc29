"""The chart of accounts: every account that money may stand on, and what it stands for.

The database holds the same chart and refuses an entry on anything else; a test keeps the two alike. A code
that ends with ``*`` is a family: one account for each owner, whose id takes the place of the ``*``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_FAMILY = re.compile(r"([^:]+:[^:]+:).+", re.DOTALL)


class AccountType(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    REVENUE = "revenue"
    EXPENSE = "expense"


class Side(StrEnum):
    """Where the balance of an account normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountOwner(StrEnum):
    """Whose money it is, or whose debt."""

    PLATFORM = "platform"
    CUSTOMER = "customer"
    SHOP = "shop"
    COURIER = "courier"
    PROMOTER = "promoter"
    SUPPLIER = "supplier"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartAccount:
    code: str
    name: str
    type: AccountType
    owner: AccountOwner
    means: str

    @property
    def normal_side(self) -> Side:
        return Side.DEBIT if self.type in {AccountType.ASSET, AccountType.EXPENSE} else Side.CREDIT


def _account(code: str, name: str, type: AccountType, owner: AccountOwner, means: str) -> ChartAccount:
    return ChartAccount(code=code, name=name, type=type, owner=owner, means=means)


_ASSET, _LIABILITY = AccountType.ASSET, AccountType.LIABILITY
_REVENUE, _EXPENSE = AccountType.REVENUE, AccountType.EXPENSE
_PLATFORM = AccountOwner.PLATFORM

CHART: tuple[ChartAccount, ...] = (
    _account("cash:provider", "Payment provider", _ASSET, _PLATFORM, "Money held at the payment provider."),
    _account("cash:bank", "Bank", _ASSET, _PLATFORM, "Money in the platform's bank account."),
    _account(
        "cash:courier:*",
        "Cash with a courier",
        _ASSET,
        AccountOwner.COURIER,
        "Collected at the door, not handed in yet.",
    ),
    _account(
        "cash:platform",
        "Cash of the platform",
        _ASSET,
        _PLATFORM,
        "The platform's own cash, from which operators hand refunds back.",
    ),
    _account(
        "receivable:cash_on_delivery",
        "Cash on delivery",
        _ASSET,
        _PLATFORM,
        "Promised by customers, to be collected at the door.",
    ),
    _account(
        "receivable:provider",
        "Claims on the provider",
        _ASSET,
        _PLATFORM,
        "In the books, and not in the payment provider's file yet.",
    ),
    _account(
        "receivable:shop:*",
        "Debt of a shop",
        _ASSET,
        AccountOwner.SHOP,
        "Owed by a shop beyond what it earns: charges, or what was taken back after a payout.",
    ),
    _account(
        "receivable:courier:*",
        "Debt of a courier",
        _ASSET,
        AccountOwner.COURIER,
        "Owed by a courier: cash that is missing, or pay that was taken back.",
    ),
    _account(
        "receivable:promoter:*",
        "Debt of a promoter",
        _ASSET,
        AccountOwner.PROMOTER,
        "Commission taken back after it was paid out; later earnings fill it.",
    ),
    _account(
        "liability:orders",
        "Orders under way",
        _LIABILITY,
        AccountOwner.CUSTOMER,
        "Paid by customers, not settled yet: empty for every finished order.",
    ),
    _account(
        "liability:cash_refunds",
        "Cash refunds",
        _LIABILITY,
        AccountOwner.CUSTOMER,
        "Refunds of money that was collected at the door, until somebody has handed them back.",
    ),
    _account(
        "liability:payouts",
        "Payouts on their way",
        _LIABILITY,
        _PLATFORM,
        "Sent, and not confirmed by the bank or the provider yet.",
    ),
    _account(
        "payable:shop:*", "Due to a shop", _LIABILITY, AccountOwner.SHOP, "What a shop has earned by sales."
    ),
    _account(
        "payable:courier:*",
        "Due to a courier",
        _LIABILITY,
        AccountOwner.COURIER,
        "A courier's pay, tips and guarantees.",
    ),
    _account(
        "payable:promoter:*",
        "Due to a promoter",
        _LIABILITY,
        AccountOwner.PROMOTER,
        "Commission that was released after the after-sale time.",
    ),
    _account(
        "frozen:promoter:*",
        "Frozen for a promoter",
        _LIABILITY,
        AccountOwner.PROMOTER,
        "Commission earned by a delivery, until the after-sale time is over.",
    ),
    _account(
        "payable:supplier:*",
        "Due to a supplier",
        _LIABILITY,
        AccountOwner.SUPPLIER,
        "What the supplier of sourced goods gets for them.",
    ),
    _account(
        "payable:customer:*",
        "Due to a customer",
        _LIABILITY,
        AccountOwner.CUSTOMER,
        "What goes back to a customer by another way than it came.",
    ),
    _account(
        "revenue:take_rate", "Take rate", _REVENUE, _PLATFORM, "The platform's share of what shops sell."
    ),
    _account(
        "revenue:distribution_margin",
        "Distribution margin",
        _REVENUE,
        _PLATFORM,
        "What is left to the platform of sourced goods that another shop sold.",
    ),
    _account("revenue:advertising", "Advertising", _REVENUE, _PLATFORM, "Charged for placements."),
    _account("revenue:subscription", "Subscriptions", _REVENUE, _PLATFORM, "Charged for tools by the month."),
    _account(
        "revenue:delivery_fee", "Delivery fees", _REVENUE, _PLATFORM, "What customers pay for delivery."
    ),
    _account("revenue:payout_fee", "Payout fees", _REVENUE, _PLATFORM, "Charged for a payout."),
    _account(
        "expense:courier_pay", "Courier pay", _EXPENSE, _PLATFORM, "Pay for deliveries; tips are not in it."
    ),
    _account(
        "expense:courier_guarantee",
        "Courier guarantees",
        _EXPENSE,
        _PLATFORM,
        "What fills a courier's pay up to the minimum of an hour.",
    ),
    _account(
        "expense:platform_discount",
        "Discounts",
        _EXPENSE,
        _PLATFORM,
        "Discounts that the platform bears; shops get them in full.",
    ),
    _account(
        "expense:goodwill",
        "Goodwill",
        _EXPENSE,
        _PLATFORM,
        "Given to customers by the platform when no shop is at fault.",
    ),
    _account(
        "expense:provider_fee", "Provider's fees", _EXPENSE, _PLATFORM, "What the payment provider keeps."
    ),
    _account("expense:write_off", "Write-offs", _EXPENSE, _PLATFORM, "Debts that are given up."),
)

BY_CODE = {account.code: account for account in CHART}


def code_of(account: str) -> str:
    """The code that the chart has for ``account``: itself, or its family's."""
    family = _FAMILY.fullmatch(account)
    return account if family is None else f"{family[1]}*"


def in_chart(account: str) -> ChartAccount | None:
    """What the chart says of ``account``; ``None`` when money cannot stand there."""
    return BY_CODE.get(code_of(account))
