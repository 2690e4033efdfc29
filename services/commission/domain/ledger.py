"""Accounts and entries: money moves from one account to another, so every posting balances by construction.

Amounts are signed minor units: a debit is positive, a credit negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from services.commission.domain.chart import Side, in_chart
from services.commission.domain.formula import corrected

CASH = "cash:provider"
# Orders that their customers pay at the door, until a courier has the money or nothing is due.
CASH_ON_DELIVERY = "receivable:cash_on_delivery"
CASH_HELD = "cash:platform"
ORDERS = "liability:orders"
# Refunds of money that was collected at the door, until somebody has handed them back.
CASH_REFUNDS = "liability:cash_refunds"
TAKE_RATE = "revenue:take_rate"
DELIVERY_FEE = "revenue:delivery_fee"
SUBSCRIPTION = "revenue:subscription"
ADVERTISING = "revenue:advertising"
DISTRIBUTION_MARGIN = "revenue:distribution_margin"
COURIER_PAY = "expense:courier_pay"
COURIER_GUARANTEE = "expense:courier_guarantee"
PLATFORM_DISCOUNT = "expense:platform_discount"
GOODWILL = "expense:goodwill"

# Where the money of orders is: taken, still to be taken, or (negative) still to be handed back.
MONEY = ("cash:", CASH_ON_DELIVERY, CASH_REFUNDS)
PLATFORM = ("revenue:", "expense:")
# Accounts that a settlement moves money to: what is settled, and the kind of its payee.
PAYEES = {
    "payable:shop:": ("store_order", "shop"),
    "payable:courier:": ("courier_pay", "courier"),
    DELIVERY_FEE: ("delivery_fee", "platform"),
}


def shop_payable(shop_id: str) -> str:
    return f"payable:shop:{shop_id}"


def courier_cash(courier_id: str) -> str:
    """Money of customers that a courier holds."""
    return f"cash:courier:{courier_id}"


def courier_payable(courier_id: str) -> str:
    return f"payable:courier:{courier_id}"


def promoter_frozen(shop_id: str) -> str:
    return f"frozen:promoter:{shop_id}"


def promoter_payable(shop_id: str) -> str:
    return f"payable:promoter:{shop_id}"


def is_debit_side(account: str) -> bool:
    """True where a positive balance is a debit: what the platform has or has spent."""
    known = in_chart(account)
    return known is not None and known.normal_side is Side.DEBIT


def natural(account: str, amount: int) -> int:
    """The signed ``amount`` as people read it: positive on the side where ``account`` normally stands."""
    return amount if is_debit_side(account) else -amount


class Kind(StrEnum):
    """Why money moved."""

    PAYMENT = "payment"
    REFUND = "refund"
    SALE = "sale"
    PLATFORM_DISCOUNT = "platform_discount"
    TAKE_RATE = "take_rate"
    COMMISSION = "distribution_commission"
    RECRUITER = "recruiter_commission"
    MARGIN = "distribution_margin"
    RELEASE = "commission_release"
    DELIVERY_FEE = "delivery_fee"
    COURIER_PAY = "courier_pay"
    COURIER_GUARANTEE = "courier_guarantee"
    SUBSCRIPTION = "subscription"
    ADVERTISING = "advertising"
    GOODWILL = "goodwill"
    COURIER_FAULT = "courier_fault"
    TIP = "tip"
    CASH_COLLECTED = "cash_collected"
    CASH_HANDED_BACK = "cash_handed_back"


class Heading(NamedTuple):
    """What entries are told apart by: one sum is kept under each heading of an order."""

    account: str
    kind: str
    store_order_id: str | None = None
    rate_bp: int | None = None
    promotion_link_id: str | None = None


@dataclass(slots=True)
class Figure:
    """The sum under one heading; ``base`` is what its rate was applied to, ``last`` who booked it last."""

    amount: int = 0
    base: int | None = None
    note: str | None = None
    last: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the ledger. ``reverses`` names the transaction that a correction takes back from."""

    heading: Heading
    amount: int
    base: int | None
    note: str | None
    reverses: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """``amount`` from ``credit`` to ``debit``, and why: what :meth:`Sheet.move` books."""

    amount: int
    debit: str
    credit: str
    kind: str
    store_order_id: str | None = None
    rate_bp: int | None = None
    promotion_link_id: str | None = None
    base: int | None = None
    note: str | None = None


@dataclass(slots=True)
class Sheet:
    """The sums of one order, or of one transaction of the journal, under each heading."""

    figures: dict[Heading, Figure] = field(default_factory=dict)

    def move(
        self,
        amount: int,
        *,
        debit: str,
        credit: str,
        kind: str,
        store_order_id: str | None = None,
        rate_bp: int | None = None,
        promotion_link_id: str | None = None,
        base: int | None = None,
        note: str | None = None,
    ) -> None:
        """Book ``amount`` from ``credit`` to ``debit``; nothing is booked for nothing."""
        if not amount:
            return
        for account, signed in ((debit, amount), (credit, -amount)):
            heading = Heading(account, str(kind), store_order_id, rate_bp, promotion_link_id)
            figure = self.figures.setdefault(heading, Figure())
            figure.amount += signed
            figure.note = note
            if base is not None:
                figure.base = (figure.base or 0) + base

    def book(self, move: Move) -> None:
        self.move(
            move.amount,
            debit=move.debit,
            credit=move.credit,
            kind=move.kind,
            store_order_id=move.store_order_id,
            rate_bp=move.rate_bp,
            promotion_link_id=move.promotion_link_id,
            base=move.base,
            note=move.note,
        )

    def total(self) -> int:
        return sum(figure.amount for figure in self.figures.values())

    def by_account(self) -> dict[str, int]:
        """The sum on each account that is not zero."""
        sums: dict[str, int] = {}
        for heading, figure in self.figures.items():
            sums[heading.account] = sums.get(heading.account, 0) + figure.amount
        return {account: amount for account, amount in sums.items() if amount}


_NOTHING = Figure()


def _note(wanted: Figure, there: Figure) -> str | None:
    """Why the entry is this amount; a correction says what it is the difference of."""
    if there.amount and (wanted.note or there.note):
        return corrected(wanted.note, wanted.amount, there.amount)
    return wanted.note


def difference(goal: Sheet, posted: Sheet) -> list[Entry]:
    """The entries that turn what is ``posted`` into ``goal``; they sum to zero because both sheets do.

    In the order of ``goal``, then what is taken back altogether in the order of its headings.
    """
    entries = []
    gone = sorted((heading for heading in posted.figures if heading not in goal.figures), key=repr)
    for heading in [*goal.figures, *gone]:
        wanted = goal.figures.get(heading, _NOTHING)
        there = posted.figures.get(heading, _NOTHING)
        amount = wanted.amount - there.amount
        if not amount:
            continue
        base = None
        if wanted.base is not None or there.base is not None:
            base = (wanted.base or 0) - (there.base or 0)
        takes_back = there.amount != 0 and (there.amount > 0) != (amount > 0)
        entries.append(
            Entry(
                heading=heading,
                amount=amount,
                base=base,
                note=_note(wanted, there),
                reverses=there.last if takes_back else None,
            )
        )
    return entries


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """What makes a transaction necessary: an event by its id, or whatever its natural key names."""

    event_id: str
    type: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """A transaction of the ledger: entries of one currency that sum to zero, of one order or of none.

    ``rate_plan`` is the version that its amounts follow from, where they follow from one.
    """

    transaction_id: str
    cause: Cause
    order_id: str | None
    currency: str
    rate_plan: int | None
    posted_at: datetime
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if sum(entry.amount for entry in self.entries):
            raise ValueError(f"the entries of transaction {self.transaction_id} do not sum to zero")

    @property
    def natural_key(self) -> str:
        """What the books know the transaction by: nothing is posted twice under one key."""
        return f"{'journal' if self.order_id is None else 'event'}:{self.cause.event_id}"
