"""A coming slot, planned hours ahead: how many couriers its orders need, and tentative rounds for them.

A round begins anywhere: who will ride it and from where is not known yet. Minutes count from when the live
planner takes over, the zone's lead before the slot starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from typing import Protocol

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.pairs import Call, Errand, Pairs, Rounds
from services.dispatch.domain.planning.travel import minutes_between
from services.dispatch.domain.zone import Slot, ZoneSettings

# So many shops can be tried in every order.
_EVERY_ORDER = 5


@dataclass(frozen=True, kw_only=True)
class TentativeRoute:
    """One courier's round through a slot; nobody has been asked yet."""

    order_ids: tuple[str, ...]
    leaves_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SlotOutlook:
    """A tentative plan of one slot: worth as much as what was booked when it was made."""

    slot_id: str
    planned_at: datetime
    solver: str
    booked: int
    couriers_needed: int
    late: tuple[str, ...] = ()
    routes: tuple[TentativeRoute, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Booked:
    """An order that has the slot: its shops in the order in which they are best visited, and the door."""

    order_id: str
    shops: tuple[Position, ...]
    door: Position


@dataclass(frozen=True, kw_only=True)
class SlotWork:
    """Everything to be done in one slot."""

    slot: Slot
    settings: ZoneSettings
    booked: tuple[Booked, ...]

    @property
    def opens(self) -> float:
        return self.settings.slot_lead_minutes

    @property
    def ends(self) -> float:
        """Within the slot the door is done, not only reached."""
        return self.opens + (self.slot.ends_at - self.slot.starts_at).total_seconds() / 60

    def minutes(self, start: Position, end: Position) -> float:
        return minutes_between(start, end, self.settings.metres_per_minute)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One stop of a round: a shop by its place in the order's shops, or the door."""

    booked: Booked
    shop: int | None

    @property
    def place(self) -> Position:
        return self.booked.door if self.shop is None else self.booked.shops[self.shop]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Stops by round, the orders that nobody can bring in time, and who planned it."""

    rounds: tuple[tuple[Stop, ...], ...]
    late: tuple[str, ...] = ()
    solver: str = ""

    def rank(self, work: SlotWork) -> tuple[int, int, float]:
        """Of two plans the lower is better: what is late first, then how many ride, then how far."""
        ride = sum(work.minutes(a.place, b.place) for one in self.rounds for a, b in pairwise(one))
        return len(self.late), len(self.rounds), ride


class SlotSolver(Protocol):
    """Whoever plans a slot."""

    name: str

    def solve(self, work: SlotWork, seconds: float, seed: int) -> Planned:
        """As few rounds as can be found in so many seconds of the processor, then little riding."""


class BestOf:
    """Several solvers, each with its share of the time: the best plan counts, the first of equals."""

    def __init__(self, *solvers: SlotSolver) -> None:
        self._solvers = solvers
        self.name = "+".join(solver.name for solver in solvers)

    def solve(self, work: SlotWork, seconds: float, seed: int) -> Planned:
        share = seconds / len(self._solvers)
        plans = [solver.solve(work, share, seed) for solver in self._solvers]
        return min(plans, key=lambda plan: plan.rank(work))


def in_best_order(
    shops: Sequence[Position], door: Position, metres_per_minute: float
) -> tuple[Position, ...]:
    """The shops of one order so that the way from the first of them to the door is shortest."""

    def way(order: Sequence[Position]) -> float:
        stops = [*order, door]
        return sum(minutes_between(a, b, metres_per_minute) for a, b in pairwise(stops))

    if len(shops) <= _EVERY_ORDER:
        return min(permutations(shops), key=way)
    left, here, found = list(shops), door, []
    while left:
        here = min(left, key=here.metres_to)
        left.remove(here)
        found.append(here)
    return tuple(reversed(found))


def as_pairs(work: SlotWork) -> Pairs:
    """The slot's work for a solver of errands: each order's shops are one pickup, from its first to its last.

    Who rides from such a pickup leaves its last shop, so the way back is another than the way there. Place 0
    is where rounds begin and end: nowhere, and so at no distance.
    """
    settings = work.settings
    arrive = [place for one in work.booked for place in (one.shops[0], one.door)]
    leave = [place for one in work.booked for place in (one.shops[-1], one.door)]
    nowhere = [0.0] * (len(arrive) + 1)
    travel = [nowhere, *([0.0, *(work.minutes(a, b) for b in arrive)] for a in leave)]
    # From a place to itself there is no way, whatever lies between a first and a last shop.
    for place in range(1, len(travel)):
        travel[place][place] = 0.0
    errands = []
    for number, one in enumerate(work.booked):
        between = sum(work.minutes(a, b) for a, b in pairwise(one.shops))
        inside = between + settings.pickup_service_minutes * len(one.shops)
        door = settings.drop_off_service_minutes
        errands.append(
            Errand(
                pickup=Call(place=1 + 2 * number, service=inside),
                drop=Call(
                    place=2 + 2 * number,
                    opens=work.opens,
                    closes=max(work.opens, work.ends - door),
                    service=door,
                ),
                amount=len(one.shops),
            )
        )
    return Pairs(
        errands=errands,
        travel=travel,
        vehicles=max(1, len(errands)),
        capacity=max(settings.capacity, *(errand.amount for errand in errands), 1),
        ends=work.ends,
        all=False,
    )


def from_rounds(work: SlotWork, found: Rounds, solver: str) -> Planned:
    """What a solver of errands answered, stop by stop."""
    rounds = tuple(
        tuple(
            stop
            for errand, is_drop in one
            for stop in (_door(work.booked[errand]) if is_drop else _shops(work.booked[errand]))
        )
        for one in found.rounds
    )
    late = tuple(work.booked[errand].order_id for errand in found.left_out)
    return Planned(rounds=rounds, late=late, solver=solver)


def _shops(booked: Booked) -> list[Stop]:
    return [Stop(booked=booked, shop=number) for number in range(len(booked.shops))]


def _door(booked: Booked) -> list[Stop]:
    return [Stop(booked=booked, shop=None)]


def outlook(work: SlotWork, planned: Planned, planned_at: datetime) -> SlotOutlook:
    """What is told of a plan; orders that a round brings too late are named, whoever planned it."""
    begin = work.slot.starts_at - timedelta(minutes=work.settings.slot_lead_minutes)
    late, routes = set(planned.late), []
    for one in planned.rounds:
        leaves, ends, doors = _timed(work, one)
        late |= {order_id for order_id, done in doors.items() if done > work.ends + 1e-6}
        routes.append(
            TentativeRoute(
                order_ids=tuple(doors),
                leaves_at=begin + timedelta(minutes=leaves),
                ends_at=begin + timedelta(minutes=ends),
            )
        )
    return SlotOutlook(
        slot_id=work.slot.slot_id,
        planned_at=planned_at,
        solver=planned.solver,
        booked=len(work.booked),
        couriers_needed=len(routes),
        late=tuple(sorted(late)),
        routes=tuple(sorted(routes, key=lambda route: (route.leaves_at, route.order_ids))),
    )


def _timed(work: SlotWork, stops: Sequence[Stop]) -> tuple[float, float, Mapping[str, float]]:
    """When the first shop has to be reached, when the round is over, and when each door is done."""
    minute, here, served = 0.0, stops[0].place, []
    doors: dict[str, float] = {}
    for stop in stops:
        way = work.minutes(here, stop.place) if stop is not stops[0] else 0.0
        is_door = stop.shop is None
        begins = max(minute + way, work.opens) if is_door else minute + way
        settings = work.settings
        minute = begins + (settings.drop_off_service_minutes if is_door else settings.pickup_service_minutes)
        here = stop.place
        served.append((way, begins, minute - begins))
        if is_door:
            doors[stop.booked.order_id] = minute
    # As late as leaves every door's time what it is.
    latest = served[-1][1]
    for (way, _, _), (_, begins, service), stop in zip(
        reversed(served[1:]), reversed(served[:-1]), reversed(stops[:-1]), strict=True
    ):
        latest = begins if stop.shop is None else latest - way - service
    return latest, minute, doors
