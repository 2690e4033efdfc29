"""The part of an order that one shop fulfils, and its life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from services.ordering.domain.errors import LineNotFound, RefundExceedsLine, WrongState
from services.ordering.domain.lines import Line, LinePart, by_funder
from services.ordering.domain.substitution import Substitution


class StoreStatus(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PLACED = "placed"
    ACCEPTED = "accepted"
    READY = "ready"
    PICKED_UP = "picked_up"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


S = StoreStatus

# A courier may report a pickup or a delivery before the shop has pressed its buttons, and messages may
# overtake each other, so both are reachable from every state between payment and themselves. What one of
# two couriers has lost, or brought back, drops out as if it had never been collected; the rest goes on.
MAY_BECOME: dict[StoreStatus, frozenset[StoreStatus]] = {
    S.AWAITING_PAYMENT: frozenset({S.PLACED, S.CANCELLED, S.EXPIRED}),
    S.PLACED: frozenset({S.ACCEPTED, S.REJECTED, S.CANCELLED, S.PICKED_UP, S.DELIVERED}),
    S.ACCEPTED: frozenset({S.READY, S.REJECTED, S.CANCELLED, S.PICKED_UP, S.DELIVERED}),
    S.READY: frozenset({S.REJECTED, S.CANCELLED, S.PICKED_UP, S.DELIVERED}),
    S.PICKED_UP: frozenset({S.REJECTED, S.CANCELLED, S.DELIVERED}),
    S.DELIVERED: frozenset({S.COMPLETED}),
    S.COMPLETED: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
}
GONE = frozenset({S.REJECTED, S.CANCELLED, S.EXPIRED})
BEFORE_PICKUP = frozenset({S.PLACED, S.ACCEPTED, S.READY})


@dataclass(frozen=True, kw_only=True)
class StoreOrder:
    """What one shop sells in one order. Amounts are in the order's minor units.

    From its payment on the shop has ``accept_within`` (None: for ever) to take it on, until ``accept_by``.
    Sums are computed once: a store order never changes, it is replaced.
    """

    store_order_id: str
    shop_id: str
    shop_name: str
    merchant_id: str
    lines: tuple[Line, ...]
    status: StoreStatus = StoreStatus.AWAITING_PAYMENT
    ready_at: datetime | None = None
    picked_up_at: datetime | None = None
    reason: str | None = None
    accept_within: timedelta | None = None
    accept_by: datetime | None = None
    reminded_at: datetime | None = None
    substitutions: tuple[Substitution, ...] = ()

    @cached_property
    def goods(self) -> int:
        return sum(line.goods for line in self.lines)

    @cached_property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def discount_by_funder(self) -> dict[str, int]:
        return by_funder(self.lines)

    @cached_property
    def paid(self) -> int:
        return self.goods - self.discount

    @cached_property
    def refunded(self) -> int:
        return sum(line.refunded for line in self.lines)

    @property
    def is_live(self) -> bool:
        return self.status not in GONE

    @property
    def is_given_back(self) -> bool:
        """True when every unit of every line was paid back."""
        return all(line.left == 0 for line in self.lines)

    @property
    def remind_at(self) -> datetime | None:
        """When half of the time to accept is over."""
        if self.accept_by is None or self.accept_within is None:
            return None
        return self.accept_by - self.accept_within / 2

    @property
    def next_at(self) -> datetime | None:
        """When the clock has something to do about it: an answer, a reminder or an acceptance is due."""
        due = [one.decide_by for one in self.substitutions if one.is_open]
        if self.status is StoreStatus.PLACED and self.accept_by is not None:
            due.append((self.remind_at if self.reminded_at is None else None) or self.accept_by)
        return min(due, default=None)

    def line(self, line_id: str) -> Line:
        """The line named; raises :class:`LineNotFound`."""
        for line in self.lines:
            if line.line_id == line_id:
                return line
        raise LineNotFound

    def with_line(self, changed: Line) -> StoreOrder:
        return replace(
            self, lines=tuple(changed if line.line_id == changed.line_id else line for line in self.lines)
        )

    def become(self, status: StoreStatus, **changes: Any) -> StoreOrder:
        """The store order in its next state; raises :class:`WrongState` when the table forbids it."""
        if status not in MAY_BECOME[self.status]:
            raise WrongState(
                f"A store order that is {self.status} cannot become {status}.",
                status=str(self.status),
            )
        return replace(self, status=status, **changes)

    def give_back(self, quantities: dict[str, int] | None) -> tuple[StoreOrder, tuple[LinePart, ...]]:
        """Pay back ``quantities`` by line id, or all that is left; names the parts in line order."""
        lines, parts = [], []
        for line in self.lines:
            wanted = line.left if quantities is None else quantities.get(line.line_id, 0)
            after = line
            while wanted:
                # Goods, and what came in their place, are parts of their own; too many are refused at once.
                alike = wanted if wanted > after.left else min(wanted, after.alike)
                after, part = after.give_back(alike)
                parts.append(part)
                wanted -= alike
            lines.append(after)
        return replace(self, lines=tuple(lines)), tuple(parts)


def require_known(lines: dict[str, int] | None, stores: Iterable[StoreOrder]) -> None:
    """Raises :class:`RefundExceedsLine` when one of ``lines`` is in none of ``stores``."""
    known = {line.line_id for store in stores for line in store.lines}
    unknown = sorted(set(lines or {}) - known)
    if unknown:
        raise RefundExceedsLine(
            "Some lines are not part of what is refunded.",
            errors=[
                {"field": f"lines.{line_id}", "message": "There is no such line."} for line_id in unknown
            ],
        )
