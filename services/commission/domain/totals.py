"""What accounts took in by month and by day, so that a balance is a few sums however long the history is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.commission.domain.chain import Written


class Span(StrEnum):
    MONTH = "month"
    DAY = "day"

    def start_of(self, moment: datetime) -> datetime:
        """When the span that ``moment`` is in began, in UTC."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day.replace(day=1) if self is Span.MONTH else day


@dataclass(slots=True)
class Total:
    """The sealed entries of one account, currency and kind that were posted in one span."""

    debit: int = 0
    credit: int = 0
    entries: int = 0
    first_entry: int = 0
    last_entry: int = 0

    def add(self, amount: int, entry_id: int) -> None:
        if amount > 0:
            self.debit += amount
        else:
            self.credit -= amount
        self.first_entry = min(self.first_entry, entry_id) if self.entries else entry_id
        self.last_entry = max(self.last_entry, entry_id)
        self.entries += 1

    def with_all_of(self, other: Total) -> Total:
        return Total(
            debit=self.debit + other.debit,
            credit=self.credit + other.credit,
            entries=self.entries + other.entries,
            first_entry=min(self.first_entry, other.first_entry),
            last_entry=max(self.last_entry, other.last_entry),
        )


# account, currency, span, its start, kind
TotalKey = tuple[str, str, Span, datetime, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class AsOf:
    """A past state of the books: what was posted before ``before``, or up to and with ``entry``; else all."""

    before: datetime | None = None
    entry: int | None = None


NOW = AsOf()


def totals_of(transactions: Iterable[Written]) -> dict[TotalKey, Total]:
    """What ``transactions`` add to the totals, in one order for all who write them."""
    totals: dict[TotalKey, Total] = {}
    starts: dict[datetime, list[tuple[Span, datetime]]] = {}
    for written in transactions:
        for entry in written.entries:
            spans = starts.get(entry.posted_at)
            if spans is None:
                spans = starts[entry.posted_at] = [(span, span.start_of(entry.posted_at)) for span in Span]
            for span, start in spans:
                key = (entry.account, entry.currency, span, start, entry.kind)
                total = totals.get(key)
                if total is None:
                    total = totals[key] = Total()
                total.add(entry.amount, entry.entry_id)
    return dict(sorted(totals.items()))
