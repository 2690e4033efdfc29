"""How a zone did in a span of time, out of what is kept of its deliveries, shifts and offers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.outcome import Outcome, Spread, outcome_of, spread

Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Deliveries of one kind (as soon as possible, or into a slot) from so many shops."""

    kind: str
    shops: str
    click_to_door: Spread
    late_share: float | None


@dataclass(frozen=True, kw_only=True)
class ZoneFigures:
    """Deliveries that ended in a span, and the couriers on shift in it; minutes, shares, and per basket.

    What cannot be said (nothing was delivered, nobody on shift) is ``None``. ``utilisation`` is the share of
    courier time in which a courier had a delivery; ``reassigned`` how many deliveries were accepted again.
    """

    delivered: int
    failed: Mapping[str, int]
    cancelled: int
    unassigned_share: float | None
    groups: Sequence[Group]
    click_to_door: Spread
    ready_to_pickup: Spread
    ready_to_door: Spread
    late: Spread
    late_share: float | None
    split: int
    doorbell_rings_per_basket: float | None
    km_per_order: float | None
    courier_hours: float
    orders_per_courier_hour: float | None
    utilisation: float | None
    reassigned: int


def zone_figures(
    span: Span, ended: Sequence[Delivery], shifts: Iterable[Span], accepted: Iterable[str]
) -> ZoneFigures:
    """The figures of ``span``; ``accepted`` names an order once for each offer of it that was accepted."""
    outcomes = [outcome_of(one) for one in ended if one.status is not Status.CANCELLED]
    brought = [one for one in outcomes if one.delivered]
    failed = Counter(one.failure or "unknown" for one in ended if one.status is Status.FAILED)
    hours = sum(_overlap(span, shift) for shift in shifts) / 3600
    busy = _busy_seconds(span, ended) / 3600
    late = [one.late for one in brought if one.late]
    times = Counter(accepted)
    return ZoneFigures(
        delivered=len(brought),
        failed=dict(failed),
        cancelled=sum(one.status is Status.CANCELLED for one in ended),
        unassigned_share=_share(failed["no-courier"], len(outcomes)),
        groups=_groups(brought),
        click_to_door=spread(one.click_to_door for one in brought),
        ready_to_pickup=spread(minutes for one in outcomes for minutes in one.ready_to_pickup),
        ready_to_door=spread(one.ready_to_door for one in brought),
        late=spread(late),
        late_share=_share(len(late), len(brought)),
        split=sum(one.split for one in outcomes),
        doorbell_rings_per_basket=_share(sum(one.rings for one in brought), len(brought)),
        km_per_order=_share(sum(one.metres for one in brought) / 1000, len(brought)),
        courier_hours=round(hours, 2),
        orders_per_courier_hour=_share(len(brought), hours),
        utilisation=None if hours == 0 else min(1.0, round(busy / hours, 4)),
        reassigned=sum(count - 1 for count in times.values()),
    )


def _groups(brought: Iterable[Outcome]) -> Sequence[Group]:
    together: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for one in brought:
        together[one.kind, one.shops].append(one)
    return [
        Group(
            kind=kind,
            shops=shops,
            click_to_door=spread(one.click_to_door for one in many),
            late_share=_share(sum(bool(one.late) for one in many), len(many)),
        )
        for (kind, shops), many in sorted(together.items())
    ]


def _busy_seconds(span: Span, ended: Iterable[Delivery]) -> float:
    """How long couriers had at least one of the deliveries, each courier counted once at a time."""
    of_courier: dict[str, list[Span]] = defaultdict(list)
    for one in ended:
        if one.courier_id is not None and one.assigned_at is not None and one.ended_at is not None:
            of_courier[one.courier_id].append((one.assigned_at, one.ended_at))
    busy = 0.0
    for spans in of_courier.values():
        until = span[0]
        for begin, end in sorted(spans):
            busy += _overlap(span, (max(begin, until), end))
            until = max(until, end)
    return busy


def _overlap(one: Span, other: Span) -> float:
    return max(0.0, (min(one[1], other[1]) - max(one[0], other[0])).total_seconds())


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
