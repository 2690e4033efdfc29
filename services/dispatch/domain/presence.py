"""Who was in a zone from when to when on a finished day, and what of it was free to be planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter

from services.dispatch.domain.business_day import BusinessDay
from services.dispatch.domain.courier import Shift
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Rider
from services.dispatch.domain.stop import Stop
from services.dispatch.domain.vehicle import BOUNDLESS
from services.dispatch.domain.zone import Zone


@dataclass(frozen=True, kw_only=True)
class Worked:
    """A shift as it was worked: where it began, when it really ended, and the breaks that were asked for.

    A break without an end lasted to the end of the shift. Of shifts from before that was kept, ``place`` is
    not known.
    """

    courier_id: str
    shift: Shift
    place: Position | None = None
    ended_at: datetime | None = None
    rests: tuple[tuple[datetime, datetime | None], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Made:
    """A stop that was made, by whom and when."""

    courier_id: str
    at: datetime
    stop: Stop


@dataclass(frozen=True, kw_only=True)
class Presence:
    """A courier in the zone, from when to when: a shift, or what loans leave of it or add to it."""

    name: str
    worked: Worked
    since: datetime
    until: datetime


def presences_of(
    zone: Zone, day: BusinessDay, worked: Iterable[Worked], loans: Sequence[Loan]
) -> list[Presence]:
    """Who was in the zone on the day. Who left before the shift was to end was there until then; who did not
    may be asked as long as the zone's slack lasts.
    """
    slack = timedelta(minutes=zone.settings.shift_slack_minutes)
    found: list[Presence] = []
    for one in sorted(worked, key=lambda one: one.shift.shift_id):
        shift, until = one.shift, one.shift.ends_at + slack
        if one.ended_at is not None and one.ended_at < shift.ends_at:
            until = one.ended_at
        for number, (since, to) in enumerate(_spans_in(zone.zone_id, one, loans, until)):
            if since < day.ends and to > day.begins and since < to:
                name = f"{shift.shift_id}/{number}"
                found.append(Presence(name=name, worked=one, since=since, until=to))
    return found


def _spans_in(
    zone_id: str, worked: Worked, loans: Iterable[Loan], until: datetime
) -> list[tuple[datetime, datetime]]:
    shift = worked.shift
    abroad = sorted(
        (max(loan.lent_at, shift.started_at), min(loan.returned_at or until, until), loan.to_zone_id)
        for loan in loans
        if loan.courier_id == worked.courier_id
        and loan.lent_at is not None
        and loan.lent_at < until
        and (loan.returned_at is None or loan.returned_at > shift.started_at)
    )
    if shift.zone_id != zone_id:
        return [(since, to) for since, to, there in abroad if there == zone_id]
    edges = [shift.started_at, *(edge for since, to, _ in abroad for edge in (since, to)), until]
    return list(pairwise(edges))[::2]


def by_presence(presences: Sequence[Presence], made: Iterable[Made]) -> Mapping[str, list[Made]]:
    """What was made, by the presence in which it was: the courier's last one that had begun."""
    made_by: dict[str, list[Made]] = {}
    for one in made:
        mine = [p for p in presences if p.worked.courier_id == one.courier_id and p.since <= one.at]
        if mine:
            made_by.setdefault(max(mine, key=attrgetter("since")).name, []).append(one)
    return made_by


def bounded_in(presences: Iterable[Presence]) -> tuple[int, ...]:
    """The dimensions in which some courier is bounded: the engine need not count the others."""
    amounts = [presence.worked.shift.carries.amount for presence in presences]
    return tuple(n for n in range(4) if n == 0 or any(amount[n] < BOUNDLESS for amount in amounts))


def rider_of(
    presence: Presence, mine: Sequence[Made], before: Made | None, day: BusinessDay, bounded: Sequence[int]
) -> Rider | None:
    """The courier as one to be planned for; None where nobody knows where they were.

    ``mine`` are the stops they made then, ``before`` is the last one before that.
    """
    worked, shift = presence.worked, presence.worked.shift
    place = before.stop.place if before else worked.place
    if place is None:
        if not mine:
            return None
        place = mine[0].stop.place
    # Whoever brought something then was still there.
    until = max([presence.until, *(one.at for one in mine)])
    return Rider(
        courier_id=presence.name,
        place=place,
        free_at=day.minutes(presence.since),
        until=day.minutes(until),
        capacity=tuple(shift.carries.amount[dimension] for dimension in bounded),
        load=(0,) * len(bounded),
        breaks=_breaks(worked, mine, until, day),
        speed_factor=shift.speed_factor,
    )


def _breaks(
    worked: Worked, mine: Sequence[Made], until: datetime, day: BusinessDay
) -> tuple[tuple[float, float], ...]:
    """Planned breaks, and those that were asked for from the moment at which the route was done."""
    spans = [(pause.starts_at, pause.ends_at) for pause in worked.shift.breaks]
    for asked, over in worked.rests:
        ends = over or until
        begins = max([asked, *(one.at for one in mine if one.at <= ends)])
        if begins < ends:
            spans.append((begins, ends))
    merged: list[tuple[float, float]] = []
    for begins, ends in sorted(spans):
        since, to = day.minutes(begins), day.minutes(ends)
        if merged and since <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], to)
        else:
            merged.append((since, to))
    return tuple(merged)
