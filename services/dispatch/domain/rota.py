"""The rota: who will work where and when, announced before any shift begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.dispatch.domain.errors import RotaRefused

LONGEST_SHIFT = timedelta(hours=24)
FARTHEST = timedelta(days=92)
MOST_BREAKS = 12


@dataclass(frozen=True, kw_only=True, order=True)
class Span:
    """From one moment to another; the end is not part of it."""

    starts_at: datetime
    ends_at: datetime

    @property
    def minutes(self) -> float:
        return max(0.0, (self.ends_at - self.starts_at).total_seconds() / 60)

    def overlaps(self, other: Span) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, kw_only=True)
class RotaEntry:
    """One courier's planned shift. It stays known once it is withdrawn, with who withdrew it."""

    entry_id: str
    zone_id: str
    courier_id: str
    span: Span
    breaks: tuple[Span, ...] = ()
    announced_at: datetime
    announced_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    @property
    def counts(self) -> bool:
        return self.withdrawn_at is None

    @property
    def is_of_an_operator(self) -> bool:
        return self.announced_by != self.courier_id

    def says_the_same(self, other: RotaEntry) -> bool:
        """Whether both announce the same shift, whoever announced it when, and withdrawn or not."""
        return (self.zone_id, self.courier_id, self.span, self.breaks) == (
            other.zone_id,
            other.courier_id,
            other.span,
            other.breaks,
        )

    def must_make_sense(self, now: datetime) -> None:
        """Raises :class:`RotaRefused` with the reason, in a sentence."""
        span = self.span
        if span.ends_at <= span.starts_at:
            raise RotaRefused("A shift ends after it starts.")
        if span.ends_at - span.starts_at > LONGEST_SHIFT:
            raise RotaRefused("A shift lasts 24 hours at most.")
        if span.ends_at <= now:
            raise RotaRefused("This shift is over; only what is to come is announced.")
        if span.starts_at > now + FARTHEST:
            raise RotaRefused(f"A shift is announced {FARTHEST.days} days ahead at most.")
        before: Span | None = None
        for pause in sorted(self.breaks):
            if pause.ends_at <= pause.starts_at:
                raise RotaRefused("A break ends after it starts.")
            if pause.starts_at < span.starts_at or span.ends_at < pause.ends_at:
                raise RotaRefused("A break lies within its shift.")
            if before is not None and before.overlaps(pause):
                raise RotaRefused("Two breaks of a shift do not overlap.")
            before = pause

    def withdraw(self, by: str, at: datetime) -> RotaEntry:
        """The entry as it is once it counts no more; withdrawing again changes nothing."""
        if self.withdrawn_at is not None:
            return self
        return replace(self, withdrawn_at=at, withdrawn_by=by)


def reaches_until(entries: Iterable[RotaEntry]) -> datetime | None:
    """Until when the zone's rota is known; ``None`` for a zone without one.

    A rota is an operator's: what couriers announce themselves adds to it and makes none, or the first courier
    to announce a shift next week would close every slot before it. A courier who withdraws does not
    shorten it either; an operator who withdraws the last entries does.
    """
    ends = [
        entry.span.ends_at
        for entry in entries
        if entry.is_of_an_operator and (entry.counts or entry.withdrawn_by == entry.courier_id)
    ]
    return max(ends, default=None)


def without(span: Span, holes: Iterable[Span]) -> list[Span]:
    """What is left of ``span`` outside ``holes``."""
    left = [span]
    for hole in holes:
        left = [
            piece
            for one in left
            for piece in (
                Span(starts_at=one.starts_at, ends_at=min(one.ends_at, hole.starts_at)),
                Span(starts_at=max(one.starts_at, hole.ends_at), ends_at=one.ends_at),
            )
            if piece.starts_at < piece.ends_at
        ]
    return left


def united(spans: Iterable[Span]) -> list[Span]:
    """The same time, without anything twice."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.starts_at <= found[-1].ends_at:
            found[-1] = replace(found[-1], ends_at=max(found[-1].ends_at, span.ends_at))
        else:
            found.append(span)
    return found


@dataclass(frozen=True, kw_only=True)
class Worked:
    """A shift that has begun: until its end, or until when it is expected to end while it runs."""

    courier_id: str
    span: Span
    running: bool


def courier_spans(
    entries: Sequence[RotaEntry], shifts: Sequence[Worked], now: datetime, grace: timedelta
) -> dict[str, list[Span]]:
    """When each courier of a zone works, as far as is known at ``now``, breaks taken out.

    Who has not come ``grace`` after a planned shift began, or has gone home from it, is not counted on any
    more: what was worked stays counted.
    """
    present = {shift.courier_id for shift in shifts if shift.running}
    spans: dict[str, list[Span]] = {}
    breaks: dict[str, list[Span]] = {}
    for shift in shifts:
        spans.setdefault(shift.courier_id, []).append(shift.span)
    for entry in entries:
        if not entry.counts:
            continue
        breaks.setdefault(entry.courier_id, []).extend(entry.breaks)
        if now < entry.span.starts_at + grace or entry.courier_id in present:
            spans.setdefault(entry.courier_id, []).append(entry.span)
    return {
        courier_id: [piece for span in united(own) for piece in without(span, breaks.get(courier_id, ()))]
        for courier_id, own in sorted(spans.items())
    }
