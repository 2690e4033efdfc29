"""What a shop is charged for a tool by the month, or for an advertisement by the day.

Days are those of Asia/Shanghai. A month that a subscription holds for in part is charged by its days.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from services.commission.domain import formula
from services.commission.domain.courier_pay import LOCAL

# What is delivered at the end of a day is posted by then.
_SETTLED = timedelta(minutes=5)


class ContractKind(StrEnum):
    SUBSCRIPTION = "subscription"
    ADVERTISING = "advertising"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopContract:
    """``fee`` is by the month for a subscription, by the day for a placement; ``ends_on`` is its last day."""

    contract_id: str
    kind: ContractKind
    shop_id: str
    product: str
    currency: str
    fee: int
    per_order: int
    rate_plan: int
    starts_on: date
    ends_on: date | None
    booked_by: str
    booked_at: datetime

    def last_day(self, ends_before: date | None) -> date | None:
        """The last day that is charged, if it was ended for ``ends_before``; ``None`` while it is open."""
        days = [self.ends_on] if self.ends_on is not None else []
        return min([*days, *([ends_before - timedelta(days=1)] if ends_before else [])], default=None)

    def period_of(self, day: date) -> date:
        return day.replace(day=1) if self.kind is ContractKind.SUBSCRIPTION else day

    def periods(self, since: date, now: datetime, last: date | None) -> Iterator[date]:
        """The periods from the one that begins at ``since`` on that are due by ``now``."""
        period = max(since, self.period_of(self.starts_on))
        while (last is None or period <= last) and self.due_at(period) <= now:
            yield period
            period = self.after(period)

    def after(self, period: date) -> date:
        if self.kind is ContractKind.ADVERTISING:
            return period + timedelta(days=1)
        return period + timedelta(days=calendar.monthrange(period.year, period.month)[1])

    def due_at(self, period: date) -> datetime:
        """A subscription is paid ahead, a placement when its day and what was delivered on it is over."""
        if self.kind is ContractKind.SUBSCRIPTION:
            return begin_of(max(period, self.starts_on))
        return begin_of(self.after(period)) + _SETTLED


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    amount: int
    formula: str | None


def charge_of(contract: ShopContract, ends_before: date | None, period: date, orders: int = 0) -> Charge:
    """What is due for the period that begins at ``period``; rounded once, half up."""
    last = contract.last_day(ends_before)
    end = contract.after(period) - timedelta(days=1)
    days = ((end if last is None else min(end, last)) - max(period, contract.starts_on)).days + 1
    if days <= 0:
        return Charge(amount=0, formula=None)
    if contract.kind is ContractKind.ADVERTISING:
        amount = contract.fee + contract.per_order * orders
        left = formula.number(contract.fee)
        if contract.per_order:
            left += f" + {formula.number(orders)} x {formula.number(contract.per_order)}"
    else:
        whole = (end - period).days + 1
        amount = (2 * contract.fee * days + whole) // (2 * whole)
        left = f"{formula.number(contract.fee)} x {days} d / {whole} d"
    return Charge(
        amount=amount, formula=formula.equals(left, amount, label=f"{contract.product}, {period.isoformat()}")
    )


def begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL)


def day_of(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()
