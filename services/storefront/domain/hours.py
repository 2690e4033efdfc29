"""A shop's weekly opening hours, in the neighbourhood's own time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
# Asia/Shanghai: one offset all year, so no time zone database is needed on the machine.
LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")

_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")

Spans = Mapping[str, Sequence[Sequence[str]]]


def minute_of_week(moment: datetime) -> int:
    """Minutes since Monday 00:00 local time."""
    local = moment.astimezone(LOCAL)
    return local.weekday() * MINUTES_A_DAY + local.hour * 60 + local.minute


@dataclass(frozen=True, kw_only=True)
class OpeningHours:
    """Spans per weekday, ``{"mon": [["08:00", "22:00"]]}``.

    A span that ends at or before its start runs into the next day; a day without spans is closed.
    """

    spans: Spans

    @classmethod
    def read(cls, spans: Spans) -> OpeningHours:
        """Hours from untrusted ``spans``; raises :class:`ValueError` with a sentence for a person."""
        for day, spans_of_day in spans.items():
            if day not in DAYS:
                raise ValueError(f"{day!r} is not one of {', '.join(DAYS)}.")
            for span in spans_of_day:
                if len(span) != 2 or not all(_CLOCK_TIME.fullmatch(edge) for edge in span):
                    raise ValueError(f'On {day}: expected ["HH:MM", "HH:MM"].')
                if span[0] == "24:00":
                    raise ValueError(f"On {day}: a span cannot start at 24:00.")
        return cls(spans=spans)

    @property
    def minutes(self) -> tuple[tuple[int, int], ...]:
        """The open minutes of the week as half-open ranges within 0 … 10080, sorted by their start."""
        ranges: list[tuple[int, int]] = []
        for day, spans in self.spans.items():
            midnight = DAYS.index(day) * MINUTES_A_DAY
            for opens, closes in spans:
                start, end = _minutes(opens), _minutes(closes)
                if end <= start:
                    end += MINUTES_A_DAY
                start, end = midnight + start, midnight + end
                ranges.append((start, min(end, MINUTES_A_WEEK)))
                if end > MINUTES_A_WEEK:
                    ranges.append((0, end - MINUTES_A_WEEK))
        return tuple(sorted(ranges))

    def open_spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """When it is open between two moments, with spans that touch taken together."""
        week = timedelta(minutes=MINUTES_A_WEEK)
        monday = since - timedelta(
            minutes=minute_of_week(since), seconds=since.second, microseconds=since.microsecond
        )
        found: list[tuple[datetime, datetime]] = []
        start_of_week = monday - week
        while start_of_week < until:
            for opens, closes in self.minutes:
                start = start_of_week + timedelta(minutes=opens)
                end = start_of_week + timedelta(minutes=closes)
                if found and start <= found[-1][1]:
                    found[-1] = found[-1][0], max(found[-1][1], end)
                else:
                    found.append((start, end))
            start_of_week += week
        return [(max(a, since), min(b, until)) for a, b in found if a < until and b > since]

    def is_open(self, moment: datetime) -> bool:
        minute = minute_of_week(moment)
        return any(start <= minute < end for start, end in self.minutes)


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)
