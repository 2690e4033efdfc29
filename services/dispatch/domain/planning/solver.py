"""The planner's search: keep the last plan's good ideas, insert by regret, improve by large neighbourhoods.

Pure and repeatable: the same snapshot, rounds and seed give the same plan, unless time ends it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from services.dispatch.domain.planning.insertion import Insertion, best_insertion
from services.dispatch.domain.planning.problem import Plan, Snapshot
from services.dispatch.domain.planning.routes import IMPOSSIBLE, Board

NEAREST_FREE, NEAREST_BUSY, RELATED = 5, 6, 6
MOST_REMOVED = 6
# In a zone that has more than its couriers can carry, comparing all with all takes long, and so does finding
# a place in the route of a courier who is busy for the next hour: so many baskets are compared with each
# other, and whoever has so many stops ahead is given no more yet.
AT_ONCE, MOST_STOPS = 20, 20
TOLERANCE = 1e-6


def solve(
    snapshot: Snapshot,
    rounds: int = 12,
    keep_going: Callable[[], bool] = lambda: True,
    board: Board | None = None,
    keep_building: Callable[[], bool] = lambda: True,
) -> Plan:
    """A feasible plan for ``snapshot``: precedence, one courier per basket, shifts, capacity, promises kept.

    ``rounds`` bounds the improvement; ``keep_going`` is asked before each round, and within it, and may end
    it. ``keep_building`` is asked before each insertion: once it says no, what has no courier yet is left
    unassigned, for the next plan to go on with; at least one basket is tried. Without it, building grows
    with the baskets and the cube of the stops of a route. ``board`` is the snapshot's, where it was made
    before.
    """
    search = _Search(board or Board(snapshot), random.Random(snapshot.seed))
    search.warm_start()
    search.insert_all(keep_building)
    done = 0
    if search.movable:
        while done < rounds and keep_going():
            search.improve(keep_going)
            done += 1
    return search.plan(done)


class _Search:
    def __init__(self, board: Board, chance: random.Random) -> None:
        self.board = board
        self.chance = chance
        self.routes = [list(route) for route in board.promised]
        self.costs = [board.cost(courier, route) for courier, route in enumerate(self.routes)]
        self.courier_of = list(board.holder)
        self.locked = [holder is not None for holder in board.holder]
        self.bench = {b for b, holder in enumerate(board.holder) if holder is None and not self._held(b)}
        self.frozen = [rider.frozen for rider in board.riders]
        self._nearest: dict[int, list[int]] = {}
        # Baskets for which everybody who may take them is near: their relatives can name nobody else.
        self._seen_all: set[int] = set()
        self._related: dict[int, list[int]] = {}
        self.movable = [b for b in range(len(board.baskets)) if self._movable(b)]

    def _held(self, basket: int) -> bool:
        # Locked to somebody who is not in the snapshot: not for anybody else to take.
        return self.board.baskets[basket].holder is not None

    def _movable(self, basket: int) -> bool:
        if not self.locked[basket]:
            return basket in self.bench
        courier = self.courier_of[basket]
        assert courier is not None
        kept = self.board.promised[courier][: self.frozen[courier]]
        return len(self.board.promised[courier]) > 2 and all(self.board.basket_of[s] != basket for s in kept)

    # -- construction ------------------------------------------------------------------------------------

    def warm_start(self) -> None:
        """Take over the previous plan's routes as far as they are still possible."""
        board = self.board
        numbers = {rider.courier_id: number for number, rider in enumerate(board.riders)}
        for courier_id, stop_ids in board.snapshot.previous.items():
            courier = numbers.get(courier_id)
            if courier is not None:
                self._take_over(courier, [board.index[s] for s in stop_ids if s in board.index])

    def _take_over(self, courier: int, wished: list[int]) -> None:
        board = self.board
        promised = board.promised[courier]
        frozen = promised[: self.frozen[courier]]
        fresh = [
            b
            for b in dict.fromkeys(board.basket_of[s] for s in wished)
            if b in self.bench
            and self._allowed(courier, b)
            and {*board.pickups[b], board.drop[b]} <= set(wished)
        ]
        kept = set(fresh)
        while True:
            rest = [
                s
                for s in wished
                if s not in frozen
                and (board.basket_of[s] in kept or self.courier_of[board.basket_of[s]] == courier)
            ]
            missing = [s for s in promised if s not in rest and s not in frozen]
            route = [*frozen, *(promised[len(frozen) :] if missing else []), *rest]
            if missing:
                route = list(dict.fromkeys(route))
            cost = board.cost(courier, route)
            if cost < IMPOSSIBLE and self._in_order(route):
                break
            if not fresh:
                return
            kept.discard(fresh.pop())
        self._place(courier, route, cost)
        for basket in kept:
            self.bench.discard(basket)
            self.courier_of[basket] = courier

    def _in_order(self, route: list[int]) -> bool:
        place = {stop: at for at, stop in enumerate(route)}
        return all(
            place[pickup] < at
            for stop, at in place.items()
            if self.board.is_drop(stop)
            for pickup in self.board.pickups[self.board.basket_of[stop]]
        )

    def insert_all(self, in_time: Callable[[], bool]) -> None:
        """Give every basket on the bench to a courier, the most urgent ones first.

        When time is up, the others stay on the bench.
        """
        waiting = self._by_urgency()
        for first in range(0, len(waiting), AT_ONCE):
            self._insert(waiting[first : first + AT_ONCE], in_time)
            if not in_time():
                return

    def _by_urgency(self) -> list[int]:
        return sorted(self.bench, key=lambda basket: (self.board.baskets[basket].due, basket))

    def _insert(self, baskets: Sequence[int], in_time: Callable[[], bool]) -> None:
        """Give these to couriers, the one with most to lose by waiting first."""
        options = {basket: self._options(basket) for basket in baskets}
        while options:
            chosen, best = self._most_regretted(options)
            if best is None:
                return
            del options[chosen]
            self._accept(chosen, best)
            if not in_time():
                return
            for basket, ways in options.items():
                if best.courier in ways or self._is_lured(basket, chosen):
                    ways[best.courier] = self._try(best.courier, basket)

    def _most_regretted(
        self, options: dict[int, dict[int, Insertion | None]]
    ) -> tuple[int, Insertion | None]:
        chosen, best, most = -1, None, -1.0
        for basket, ways in options.items():
            first = second = self._penalty(basket)
            favourite: Insertion | None = None
            for way in ways.values():
                if way is None:
                    continue
                if way.extra < first:
                    first, second, favourite = way.extra, first, way
                elif way.extra < second:
                    second = way.extra
            if favourite is not None and second - first > most:
                chosen, best, most = basket, favourite, second - first
        return chosen, best

    def _options(self, basket: int) -> dict[int, Insertion | None]:
        return {courier: self._try(courier, basket) for courier in self._candidates(basket)}

    def _try(self, courier: int, basket: int) -> Insertion | None:
        if not self._allowed(courier, basket):
            return None
        # What costs as much as leaving the basket where it is will never be chosen.
        worth = self._penalty(basket)
        return best_insertion(self.board, courier, self.routes[courier], self.costs[courier], basket, worth)

    def _allowed(self, courier: int, basket: int) -> bool:
        if self.locked[basket]:
            return self.board.holder[basket] == courier
        rider = self.board.riders[courier]
        if len(self.routes[courier]) + len(self.board.pickups[basket]) >= MOST_STOPS:
            return False
        return rider.new and rider.courier_id not in self.board.baskets[basket].barred

    def _candidates(self, basket: int) -> list[int]:
        if self.locked[basket]:
            holder = self.board.holder[basket]
            return [] if holder is None else [holder]
        near = self._near(basket)
        if basket in self._seen_all:
            return near
        with_relatives = (self.courier_of[other] for other in self._relatives(basket))
        return list(dict.fromkeys([*near, *(c for c in with_relatives if c is not None)]))

    def _is_lured(self, basket: int, chosen: int) -> bool:
        """Whether the courier who has just got ``chosen`` is worth a try who was not before."""
        return basket not in self._seen_all and chosen in self._relatives(basket)

    def _near(self, basket: int) -> list[int]:
        """The couriers who could be at one of the basket's pickups soonest, idle ones and busy ones."""
        if basket not in self._nearest:
            board = self.board
            visits = board.baskets[basket].pickups or (board.baskets[basket].drop_off,)
            free: list[tuple[float, int]] = []
            busy: list[tuple[float, int]] = []
            for courier, rider in enumerate(board.riders):
                if not self._allowed(courier, basket):
                    continue
                promised = board.promised[courier]
                if promised:
                    stops = board.pickups[basket] or (board.drop[basket],)
                    busy.append((min(board.minutes(s, stop) for s in promised for stop in stops), courier))
                else:
                    free.append((min(board.apart(rider.place, visit.place) for visit in visits), courier))
            if len(free) <= NEAREST_FREE and len(busy) <= NEAREST_BUSY:
                self._seen_all.add(basket)
            self._nearest[basket] = [
                courier for _, courier in [*sorted(free)[:NEAREST_FREE], *sorted(busy)[:NEAREST_BUSY]]
            ]
        return self._nearest[basket]

    def _relatives(self, basket: int) -> list[int]:
        """The baskets nearest to this one, by where they start and where they end."""
        if basket not in self._related:
            board = self.board
            scores: list[tuple[float, int]] = []
            for other in range(len(board.baskets)):
                if other != basket:
                    apart = board.minutes(board.drop[basket], board.drop[other])
                    if board.pickups[basket] and board.pickups[other]:
                        apart += min(
                            board.minutes(s, t) for s in board.pickups[basket] for t in board.pickups[other]
                        )
                    scores.append((apart, other))
            self._related[basket] = [other for _, other in sorted(scores)[:RELATED]]
        return self._related[basket]

    # -- improvement -------------------------------------------------------------------------------------

    def improve(self, in_time: Callable[[], bool]) -> None:
        """Take some baskets out, put them back elsewhere, and keep the result if it is no worse."""
        removed = self._choose()
        # What the last plans found no place for is tried again a little at a time.
        wanted = [
            *removed,
            *(basket for basket in self._by_urgency()[:MOST_REMOVED] if basket not in removed),
        ]
        bench, couriers = set(self.bench), list(self.courier_of)
        before = self._total()
        kept_routes, kept_costs = list(self.routes), list(self.costs)
        for basket in removed:
            self._remove(basket)
        self._insert(wanted, in_time)
        lost = any(self.locked[basket] for basket in self.bench)
        if lost or self._total() > before - TOLERANCE:
            self.routes, self.costs = kept_routes, kept_costs
            self.bench, self.courier_of = bench, couriers

    def _choose(self) -> list[int]:
        movable = set(self.movable)
        first = self.chance.choice(self.movable)
        size = self.chance.randint(1, MOST_REMOVED)
        near = [basket for basket in self._relatives(first) if basket in movable]
        self.chance.shuffle(near)
        return [first, *near][:size]

    def _remove(self, basket: int) -> None:
        courier = self.courier_of[basket]
        if courier is None:
            return
        route = [stop for stop in self.routes[courier] if self.board.basket_of[stop] != basket]
        self._place(courier, route, self.board.cost(courier, route))
        self.courier_of[basket] = None
        self.bench.add(basket)

    def _accept(self, basket: int, way: Insertion) -> None:
        self._place(way.courier, way.route, way.cost)
        self.bench.discard(basket)
        self.courier_of[basket] = way.courier

    def _place(self, courier: int, route: list[int], cost: float) -> None:
        self.routes[courier] = route
        self.costs[courier] = cost

    # -- the answer --------------------------------------------------------------------------------------

    def _penalty(self, basket: int) -> float:
        weights = self.board.snapshot.weights
        if self.locked[basket]:
            return IMPOSSIBLE
        overdue = max(0.0, -self.board.baskets[basket].due)
        return weights.unassigned + weights.overdue_unassigned * overdue

    def _total(self) -> float:
        return sum(self.costs) + sum(self._penalty(basket) for basket in self.bench)

    def plan(self, rounds: int) -> Plan:
        board = self.board
        return Plan(
            routes={
                board.riders[courier].courier_id: board.schedule(courier, route)
                for courier, route in enumerate(self.routes)
                if route
            },
            unassigned=tuple(board.baskets[basket].basket_id for basket in sorted(self.bench)),
            cost=self._total(),
            rounds=rounds,
        )
