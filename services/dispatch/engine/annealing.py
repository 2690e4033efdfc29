"""A long search, for problems that nobody waits for: hot at first, so that it gets away from what is only
good nearby, then colder and colder. The best that was seen is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.dispatch.engine.moves import keep_best
from services.dispatch.engine.search import Routes, Search


@dataclass(frozen=True, kw_only=True)
class Cooling:
    """How hot the search is from first to last, in units of cost, and how often somebody is passed over."""

    hot: float = 1.0
    cold: float = 0.1
    blink: float = 0.01
    at_once: int = 20

    def heat(self, share: float) -> float:
        """How hot it is once ``share`` of the search is over."""
        return float(self.hot * (self.cold / self.hot) ** min(1.0, share))


def anneal(
    search: Search,
    rounds: int,
    spent: Callable[[], float] = lambda: 0.0,
    wished: Iterable[tuple[int, Sequence[int]]] = (),
    cooling: Cooling = Cooling(),
) -> Routes:
    """The cheapest routes found in ``rounds`` rounds, or until ``spent``, the share of time over, is 1.

    The search starts from the ``wished`` routes, as far as they are possible, with what nobody has then put
    in: what it answers costs no more. The same model, rounds and seed give the same routes on either machine,
    unless time passes quicker than rounds do; then it cools down with time.
    """
    for vehicle, route in wished:
        search.take_over(vehicle, route)
    search.build(lambda: spent() < 1.0)
    p, s = search.p, search.s
    keep_best(p, s, float(search.on.total(*search.inside)))
    done = 0
    while len(p.movable) and done < rounds and (over := spent()) < 1.0:
        batch = min(cooling.at_once, rounds - done)
        heat = cooling.heat(max(over, done / rounds))
        search.on.improve(*search.inside, batch, heat, 1.0, cooling.blink, *search.cut, 0.0)
        done += batch
    return Routes(
        stops=tuple(_best_route(search, vehicle) for vehicle in range(p.vehicles)),
        unassigned=tuple(job for job in range(p.jobs) if s.best_vehicle_of[job] < 0),
        cost=float(s.best_cost[0]),
        rounds=done,
    )


def _best_route(search: Search, vehicle: int) -> tuple[int, ...]:
    s, base = search.s, vehicle * search.p.room
    return tuple(int(stop) for stop in s.best_routes[base : base + s.best_length[vehicle]])
