"""Shopping lists that customers keep, and the days on which one reminds of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_LISTS = 50
# The clocks of the neighbourhoods, as those of the shops' hours.
LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """Every ``every_weeks`` weeks on ``days`` at ``at``, local time."""

    days: tuple[str, ...]
    at: time
    every_weeks: int = 1

    def next_after(self, moment: datetime, since: datetime) -> datetime:
        """The first time after ``moment``; weeks are counted from the one that holds ``since``."""
        first = _monday(since.astimezone(LOCAL).date())
        day = moment.astimezone(LOCAL).date()
        for ahead in range(7 * (self.every_weeks + 1) + 1):
            candidate = day + timedelta(days=ahead)
            weeks = (_monday(candidate) - first).days // 7
            if DAYS[candidate.weekday()] in self.days and weeks % self.every_weeks == 0:
                at = datetime.combine(candidate, self.at, LOCAL).astimezone(moment.tzinfo)
                if at > moment:
                    return at
        raise AssertionError("a recurrence has a day in every one of its weeks")


@dataclass(frozen=True, kw_only=True)
class ListLine:
    """What somebody wants again; ``name`` is what it was called when it was put on the list."""

    listing_id: str
    quantity: int
    name: str | None = None
    if_missing: str = "refund"


@dataclass(frozen=True, kw_only=True)
class ShoppingListDue:
    list_id: str
    customer_id: str
    due_at: datetime


@dataclass(kw_only=True)
class ShoppingList:
    """A customer's; ``next_at`` is when it reminds of itself next, ``due_at`` when it did last.

    A reminder orders nothing: the customer looks at the basket, and asks for a quote or does not.
    """

    list_id: str
    customer_id: str
    name: str
    lines: tuple[ListLine, ...]
    created_at: datetime
    recurrence: Recurrence | None = None
    next_at: datetime | None = None
    due_at: datetime | None = None
    recorded: list[ShoppingListDue] = field(default_factory=list)

    def change(
        self, name: str, lines: tuple[ListLine, ...], recurrence: Recurrence | None, now: datetime
    ) -> None:
        """Its new content; with another recurrence the days are counted anew."""
        self.name, self.lines = name, lines
        if recurrence != self.recurrence:
            self.recur(recurrence, now)

    def recur(self, recurrence: Recurrence | None, now: datetime) -> None:
        self.recurrence = recurrence
        self.next_at = None if recurrence is None else recurrence.next_after(now, self.created_at)

    def remind(self, now: datetime) -> None:
        """Its time has come. After a pause of the platform it reminds once, not once for each missed time."""
        if self.recurrence is None or self.next_at is None or self.next_at > now:
            return
        self.due_at = self.next_at
        self.next_at = self.recurrence.next_after(now, self.created_at)
        self.recorded.append(
            ShoppingListDue(list_id=self.list_id, customer_id=self.customer_id, due_at=self.due_at)
        )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
