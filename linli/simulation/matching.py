"""The policy to compare with: each basket is one job, and couriers are matched to jobs, one each.

No courier has two baskets at a time. Whoever is under way is matched from where and when the basket is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from linli.simulation.assigning import assign
from linli.simulation.case import Travel
from linli.simulation.playing import Orders
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.commitment import Decisions, Proposal
from services.dispatch.domain.planning.problem import Basket, PlannedStop, Rider, Snapshot, Visit

_NEVER = 1e6


@dataclass(frozen=True)
class _Ride:
    """A whole basket by one courier: its cost, the latest departure that delays nobody, and its stops."""

    cost: float
    leave: float
    stops: tuple[PlannedStop, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Minutes from now to the door, and a tenth of those ridden, are least in total."""

    minutes: Travel
    riding: float = 0.1

    def decide(self, snapshot: Snapshot, now: float) -> Orders:  # noqa: ARG002
        open_baskets = [basket for basket in snapshot.baskets if basket.holder is None]
        if len(open_baskets) > len(snapshot.riders):
            open_baskets.sort(key=lambda basket: basket.clicked)
        visits = {v.stop_id: v for b in snapshot.baskets for v in (*b.pickups, b.drop_off)}
        ends = [self._end(rider, visits) for rider in snapshot.riders]
        rides = [
            [self._ride(basket, rider, *end) for rider, end in zip(snapshot.riders, ends, strict=True)]
            for basket in open_baskets
        ]
        proposals, soonest = [], float("inf")
        matched = assign([[ride.cost for ride in row] for row in rides])
        for basket, row, column in zip(open_baskets, rides, matched, strict=True):
            if column < 0 or row[column].cost >= _NEVER or snapshot.riders[column].route:
                continue
            ride = row[column]
            if ride.leave > 0.0:
                soonest = min(soonest, ride.leave)
                continue
            courier = snapshot.riders[column].courier_id
            proposals.append(Proposal(courier_id=courier, basket_ids=(basket.basket_id,), route=ride.stops))
        decisions = Decisions(proposals=tuple(proposals), reorders={}, forecasts={}, look_again_in=soonest)
        return Orders(decisions=decisions)

    def _end(self, rider: Rider, visits: dict[str, Visit]) -> tuple[Position, float]:
        """Where and when the courier is done with what was promised."""
        here, minute = rider.place, rider.free_at
        for stop_id in rider.route:
            visit = visits[stop_id]
            minute = max(minute + self.minutes(here, visit.place), visit.ready, 0.0) + visit.service
            here = visit.place
        return here, max(minute, 0.0)

    def _ride(self, basket: Basket, rider: Rider, here: Position, free_at: float) -> _Ride:
        ways = [self._way(basket, rider, here, free_at, order) for order in permutations(basket.pickups)]
        return min(ways, key=lambda way: way.cost)

    def _way(
        self, basket: Basket, rider: Rider, here: Position, free_at: float, order: Sequence[Visit]
    ) -> _Ride:
        minute, ridden, waits = free_at, 0.0, []
        stops: list[PlannedStop] = []
        for visit in (*order, basket.drop_off):
            leg = self.minutes(here, visit.place)
            start = max(minute + leg, visit.ready)
            is_door = visit is basket.drop_off
            if (not is_door and start > rider.loads_until) or start + visit.service > rider.until:
                return _Ride(_NEVER, 0.0)
            waits.append(start - minute - leg)
            stops.append(
                PlannedStop(
                    stop_id=visit.stop_id,
                    basket_id=basket.basket_id,
                    leave=minute,
                    arrive=minute + leg,
                    start=start,
                    finish=start + visit.service,
                )
            )
            ridden += leg
            minute, here = start + visit.service, visit.place
        # Leaving later shifts the first stops, until all the waiting at shops is used up.
        return _Ride(minute + self.riding * ridden, free_at + sum(waits), tuple(stops))
