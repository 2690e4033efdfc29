"""How much a shop prepares in an hour, and when goods for a delivery window can be collected (rule 12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.storefront.domain.hours import OpeningHours

# A courier may collect so long before a window begins, and needs so long from the last shop to the door.
COLLECTED_BEFORE = timedelta(minutes=30)
RIDE = timedelta(minutes=15)
HOUR = timedelta(hours=1)
# A shop hands goods over until the last minute before it closes.
LAST_MINUTE = timedelta(minutes=1)
# Nobody looks further ahead for the moment at which a shop opens.
LOOKS_AHEAD = timedelta(days=7)


class Counts(StrEnum):
    ORDERS = "orders"
    ITEMS = "items"


@dataclass(frozen=True, kw_only=True)
class PreparationCapacity:
    """How many orders, or items of them, a shop prepares for collection in one hour of the clock."""

    per_hour: int
    counts: Counts = Counts.ORDERS

    def units(self, items: int) -> int:
        """What a part of so many items takes of an hour."""
        return 1 if self.counts is Counts.ORDERS else items


@dataclass(frozen=True, kw_only=True)
class Window:
    """From one moment to another."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SeatWanted:
    """A shop's part of an order wants ``units`` of one of ``hours``, the sooner the better."""

    shop_id: str
    units: int
    per_hour: int
    hours: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a shop cannot prepare for a window: it is ``closed``, or ``full``."""

    shop_id: str
    name: str
    reason: str
    opens_at: datetime | None


def collection_spans(
    hours: OpeningHours | None, preparation_minutes: int, window: Window, now: datetime
) -> list[Window]:
    """When a courier may collect goods that reach the door within ``window``.

    The shop is open from the first minute of preparing until then, and begins ``now`` at the soonest. Empty
    when it is not open in time.
    """
    takes = timedelta(minutes=preparation_minutes)
    first = max(now + takes, window.starts_at - COLLECTED_BEFORE)
    last = max(window.starts_at, window.ends_at - RIDE)
    if first > last:
        return []
    if hours is None:
        return [Window(starts_at=first, ends_at=last)]
    found = []
    for opens, closes in hours.open_spans(max(now, first - takes), last + LAST_MINUTE):
        begin, end = max(first, opens + takes), min(last, closes - LAST_MINUTE)
        if begin <= end:
            found.append(Window(starts_at=begin, ends_at=end))
    return found


Places = Mapping[tuple[str, datetime], int]


def choose(wanted: Iterable[SeatWanted], taken: Places) -> tuple[dict[str, datetime], list[str]]:
    """The first hour with room for each shop's part, and the shops that have none.

    ``taken`` says how much of each hour is taken; a shop appears once in ``wanted``.
    """
    chosen: dict[str, datetime] = {}
    full: list[str] = []
    for seat in wanted:
        free = (
            hour for hour in seat.hours if taken.get((seat.shop_id, hour), 0) + seat.units <= seat.per_hour
        )
        hour = next(free, None)
        if hour is None:
            full.append(seat.shop_id)
        else:
            chosen[seat.shop_id] = hour
    return chosen, full


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def hours_of(spans: Sequence[Window]) -> tuple[datetime, ...]:
    """The hours of the clock in which collecting is possible, soonest first."""
    found: list[datetime] = []
    for span in spans:
        hour = hour_of(span.starts_at)
        while hour <= span.ends_at:
            if hour not in found:
                found.append(hour)
            hour += HOUR
    return tuple(found)


def opens_at(hours: OpeningHours | None, now: datetime) -> datetime | None:
    """When the shop is open next, from ``now`` on; None when it is not within a week."""
    if hours is None:
        return now
    spans = hours.open_spans(now, now + LOOKS_AHEAD)
    return spans[0][0] if spans else None
