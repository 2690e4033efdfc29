"""Where a basket fits best into a courier's route."""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatch.domain.planning.routes import IMPOSSIBLE, Board


@dataclass(frozen=True, slots=True)
class Insertion:
    """A route with the basket in it, and what that costs more than the route without."""

    courier: int
    extra: float
    cost: float
    route: list[int]


def best_insertion(
    board: Board, courier: int, route: list[int], cost: float, basket: int
) -> Insertion | None:
    """The cheapest way found to add all of ``basket``'s stops to ``route``; ``None`` when there is none.

    ``cost`` is what ``route`` costs now. The route's frozen stops keep their place; every pickup comes
    before the drop-off. Pickups are placed one after the other, in the order they get ready and in the
    order they lie.
    """
    drop, pickups = board.drop[basket], board.pickups[basket]
    lowest = min(board.riders[courier].frozen, len(route))
    if not pickups:
        found = _cheapest(
            board, courier, [[*route[:i], drop, *route[i:]] for i in range(lowest, len(route) + 1)]
        )
        return _insertion(courier, cost, found)
    best: tuple[float, list[int]] | None = None
    for order in _orders(board, courier, pickups):
        bound = best[0] if best else IMPOSSIBLE
        found = _pair(board, courier, route, lowest, order[0], drop, bound)
        for pickup in order[1:]:
            if found is None:
                break
            partial = found[1]
            ways = [[*partial[:i], pickup, *partial[i:]] for i in range(lowest, partial.index(drop) + 1)]
            found = _cheapest(board, courier, ways, bound)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
    return _insertion(courier, cost, best)


def _orders(board: Board, courier: int, pickups: tuple[int, ...]) -> list[list[int]]:
    if len(pickups) == 1:
        return [list(pickups)]
    by_ready = sorted(pickups, key=lambda stop: (-board.ready[stop], stop))
    from_here = board.travel.row(board.start[courier])
    by_distance = sorted(pickups, key=lambda stop: (from_here[board.node[stop]], stop))
    return [by_ready] if by_ready == by_distance else [by_ready, by_distance]


def _pair(
    board: Board, courier: int, route: list[int], lowest: int, pickup: int, drop: int, bound: float
) -> tuple[float, list[int]] | None:
    length = len(route)
    ways = (
        [*route[:i], pickup, *route[i:j], drop, *route[j:]]
        for i in range(lowest, length + 1)
        for j in range(i, length + 1)
    )
    best: tuple[float, list[int]] | None = None
    for way in ways:
        cost = board.cost(courier, way, bound)
        if cost < bound:
            best, bound = (cost, way), cost
    return best


def _cheapest(
    board: Board, courier: int, ways: list[list[int]], bound: float = IMPOSSIBLE
) -> tuple[float, list[int]] | None:
    best: tuple[float, list[int]] | None = None
    for way in ways:
        cost = board.cost(courier, way, bound)
        if cost < bound:
            best, bound = (cost, way), cost
    return best


def _insertion(courier: int, before: float, found: tuple[float, list[int]] | None) -> Insertion | None:
    if found is None:
        return None
    cost, route = found
    return Insertion(courier=courier, extra=cost - before, cost=cost, route=route)
