"""A statement: what became payable to somebody in one period, line by line, and what was paid out of it.

``opening + earned - paid_out = closing``. Amounts are minor units, positive in the payee's favour. Once
issued it never changes; what comes later is in the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.commission.domain.formula import in_coins
from services.commission.domain.payee import Cycle, Payee
from services.commission.domain.reasons import follows_from_plan, name_of
from shared.kernel.ids import derived_id
from shared.kernel.money import rate_of

# Money that left for the payee, or came back from there. Everything else is earned, or taken back.
PAYOUT, PAYOUT_FEE, CASH_NETTING = "payout", "payout_fee", "cash_netting"
PAID = frozenset({PAYOUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """An entry of one of a payee's accounts, as the ledger keeps it: debit positive."""

    entry_id: int
    transaction_id: str
    event_type: str
    occurred_at: datetime
    posted_at: datetime
    account: str
    kind: str
    amount: int
    order_id: str | None = None
    store_order_id: str | None = None
    promotion_link_id: str | None = None
    promoter_shop_id: str | None = None
    rate_plan: int | None = None
    rate_bp: int | None = None
    base: int | None = None
    note: str | None = None
    reverses: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementLine:
    """A movement as its payee reads it; ``formula`` says in words why it is this amount."""

    movement: Movement
    amount: int
    formula: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSummary:
    """What a store order consisted of when the statement was issued: goods less discounts is what was paid.

    ``refunded`` and ``discount_returned`` (of the platform's part) are what was given back of it by then.
    """

    store_order_id: str
    order_id: str
    paid_at: datetime
    delivered_at: datetime | None
    goods: int
    shop_discount: int
    platform_discount: int
    paid: int
    refunded: int
    discount_returned: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """``number`` counts a payee's statements from 1; each opens on what the one before closed on."""

    statement_id: str
    payee: Payee
    number: int
    cycle: Cycle
    since: datetime
    until: datetime
    issued_at: datetime
    opening: int
    earned: int
    paid_out: int
    sums: dict[str, int] = field(default_factory=dict)
    line_count: int = 0
    order_count: int = 0

    @property
    def closing(self) -> int:
        return self.opening + self.earned - self.paid_out

    @property
    def debt(self) -> int:
        """What the payee owes: it is carried forward, and later earnings fill it."""
        return max(-self.closing, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A statement with everything that it says."""

    statement: Statement
    lines: tuple[StatementLine, ...]
    orders: tuple[OrderSummary, ...]

    @property
    def adds_up(self) -> bool:
        """Whether the lines make up the head, kind by kind."""
        head, sums = self.statement, sums_of(self.lines)
        paid_out = -sum(amount for kind, amount in sums.items() if kind in PAID)
        return (
            sums == head.sums
            and paid_out == head.paid_out
            and sum(sums.values()) + paid_out == head.earned
            and (len(self.lines), len(self.orders)) == (head.line_count, head.order_count)
        )


def statement_of(
    movements: Sequence[Movement],
    *,
    payee: Payee,
    number: int,
    cycle: Cycle,
    since: datetime,
    until: datetime,
    issued_at: datetime,
    opening: int,
) -> tuple[Statement, tuple[StatementLine, ...]]:
    """The statement over ``movements``, in the order in which they were posted."""
    lines = tuple(
        StatementLine(movement=each, amount=-each.amount, formula=formula(each, payee)) for each in movements
    )
    sums = sums_of(lines)
    paid_out = -sum(amount for kind, amount in sums.items() if kind in PAID)
    head = Statement(
        statement_id=derived_id("statement", payee.key, str(number)),
        payee=payee,
        number=number,
        cycle=cycle,
        since=since,
        until=until,
        issued_at=issued_at,
        opening=opening,
        earned=sum(sums.values()) + paid_out,
        paid_out=paid_out,
        sums=sums,
        line_count=len(lines),
    )
    return head, lines


def sums_of(lines: Iterable[StatementLine]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.movement.kind] = sums.get(line.movement.kind, 0) + line.amount
    return dict(sorted(sums.items()))


def formula(movement: Movement, payee: Payee) -> str:
    """Why ``movement`` is this amount, in words; taken from what is stored with it, and nothing else."""
    words = name_of(movement.kind)
    if movement.promoter_shop_id is not None and movement.promoter_shop_id != payee.payee_id:
        words += f" to shop {movement.promoter_shop_id}"
    is_rated = movement.rate_bp is not None and movement.base is not None
    told = in_coins(movement.note) if is_rated and movement.note else None
    if movement.rate_bp is not None and movement.base is not None and told is None:
        words += f": {_applied(movement.rate_bp, movement.base, movement.amount, payee.currency)}"
    if movement.note:
        words += f": {movement.note}" if told is None else f": {told} {payee.currency}"
    if movement.rate_plan is not None and follows_from_plan(movement.kind, movement.rate_bp):
        words += f" (rate plan {movement.rate_plan})"
    if movement.reverses is not None:
        words = f"Correction after {movement.event_type}: {words}"
    return words


def _applied(rate_bp: int, base: int, amount: int, currency: str) -> str:
    """How a rate and its base made ``amount``: exactly, or why it is not their product."""
    rate, moved = f"{rate_bp / 100:.2f} %", f"{abs(amount) / 100:.2f} {currency}"
    if base >= 0:
        full = rate_of(base, rate_bp)
        if full == abs(amount):
            return f"{rate} x {base / 100:.2f} {currency} = {moved}"
        return f"{rate} x {base / 100:.2f} {currency} = {full / 100:.2f} {currency}, of which {moved} here"
    return (
        f"{rate} of a base that is {-base / 100:.2f} {currency} less than before;"
        f" both amounts are rounded to the cent, and differ by {moved}"
    )
