"""Where a basket fits best into a courier's route."""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatch.domain.planning.routes import IMPOSSIBLE, Board

_Found = tuple[float, list[int]] | None


@dataclass(frozen=True, slots=True)
class Insertion:
    """A route with the basket in it, and what that costs more than the route without."""

    courier: int
    extra: float
    cost: float
    route: list[int]


def best_insertion(
    board: Board, courier: int, route: list[int], cost: float, basket: int, worth: float = IMPOSSIBLE
) -> Insertion | None:
    """The cheapest way found to add all of ``basket``'s stops to ``route``; ``None`` when there is none.

    ``cost`` is what ``route`` costs now; what adds ``worth`` or more to it is not looked for. The route's
    frozen stops keep their place; every pickup comes before the drop-off. Pickups are placed one after the
    other, the last to get ready first, and again in the order they lie.
    """
    drop, pickups = board.drop[basket], board.pickups[basket]
    lowest = min(board.riders[courier].frozen, len(route))
    best: _Found = None
    if not pickups:
        best = _one(board, courier, route, lowest, len(route), drop, cost + worth)
    for order in _orders(board, courier, pickups):
        bound = best[0] if best else cost + worth
        found = _pair(board, courier, route, lowest, order[0], drop, bound)
        for pickup in order[1:]:
            if found is None:
                break
            with_drop = found[1]
            found = _one(board, courier, with_drop, lowest, with_drop.index(drop), pickup, bound)
        if found is not None:
            best = found
    if best is None:
        return None
    return Insertion(courier=courier, extra=best[0] - cost, cost=best[0], route=best[1])


def _orders(board: Board, courier: int, pickups: tuple[int, ...]) -> list[list[int]]:
    if len(pickups) <= 1:
        return [list(pickups)] if pickups else []
    by_ready = sorted(pickups, key=lambda stop: (-board.ready(stop), stop))
    by_distance = sorted(pickups, key=lambda stop: (board.from_start(courier, stop), stop))
    return [by_ready] if by_ready == by_distance else [by_ready, by_distance]


def _pair(
    board: Board, courier: int, route: list[int], lowest: int, pickup: int, drop: int, bound: float
) -> _Found:
    """The cheapest way under ``bound`` to put a pickup and, anywhere behind it, the drop-off."""
    step, finish, length = board.step, board.finish, len(route)
    capacity = board.capacity[courier]
    before = board.start(courier)
    for stop in route[:lowest]:
        before = step(before, stop)
    where: tuple[int, int] | None = None
    for i in range(lowest, length + 1):
        if before[2] >= bound:
            break
        state = step(before, pickup)
        for j in range(i, length + 1):
            if state[1] > capacity or state[2] >= bound:
                break
            cost = finish(courier, step(state, drop), route[j:], bound)
            if cost < bound:
                bound, where = cost, (i, j)
            if j == length:
                break
            state = step(state, route[j])
        if i < length:
            before = step(before, route[i])
    if where is None:
        return None
    i, j = where
    return bound, [*route[:i], pickup, *route[i:j], drop, *route[j:]]


def _one(
    board: Board, courier: int, route: list[int], lowest: int, highest: int, stop: int, bound: float
) -> _Found:
    """The cheapest way under ``bound`` to put one stop between two positions of a route."""
    before = board.start(courier)
    for passed in route[:lowest]:
        before = board.step(before, passed)
    where: int | None = None
    for i in range(lowest, highest + 1):
        if before[2] >= bound:
            break
        cost = board.finish(courier, board.step(before, stop), route[i:], bound)
        if cost < bound:
            bound, where = cost, i
        if i < highest:
            before = board.step(before, route[i])
    if where is None:
        return None
    return bound, [*route[:where], stop, *route[where:]]
