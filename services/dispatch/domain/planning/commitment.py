"""From a plan to what is done about it now: whom to ask, whose stops to re-order, nothing sooner than needed.

A courier is asked when waiting longer would delay a customer: when the latest harmless departure towards
the basket's first stop is no further away than the margin. What the plan puts in front of something promised
is asked for before the courier is free to ride off to that, however long the shop takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.dispatch.domain.planning.problem import Plan, PlannedStop, Rider, Snapshot
from services.dispatch.domain.planning.routes import Board

WORTH_REORDERING = 1.0


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Ask this courier for these baskets; the whole route as it would be."""

    courier_id: str
    basket_ids: tuple[str, ...]
    route: tuple[PlannedStop, ...]


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What to ask, what to re-order, when each basket is expected at the door, and when to look again."""

    proposals: tuple[Proposal, ...]
    reorders: Mapping[str, tuple[PlannedStop, ...]]
    forecasts: Mapping[str, tuple[str, float]]
    look_again_in: float


def decide(snapshot: Snapshot, plan: Plan, margin: float, board: Board | None = None) -> Decisions:
    """What ``plan`` asks for at the moment of ``snapshot``."""
    board = board or Board(snapshot)
    numbers = {rider.courier_id: number for number, rider in enumerate(snapshot.riders)}
    proposals: list[Proposal] = []
    reorders: dict[str, tuple[PlannedStop, ...]] = {}
    forecasts: dict[str, tuple[str, float]] = {}
    look_again_in = float("inf")
    for courier_id, route in plan.routes.items():
        for stop in route:
            forecasts[stop.basket_id] = (courier_id, stop.finish)
        rider = snapshot.riders[numbers[courier_id]]
        if rider.frozen == len(rider.route) and not rider.new:
            continue
        wanted, soonest = _due(rider, route, margin)
        look_again_in = min(look_again_in, soonest)
        promised = set(rider.route)
        asked = set(wanted)
        kept = [stop for stop in route if stop.stop_id in promised or stop.basket_id in asked]
        indexes = [board.index[stop.stop_id] for stop in kept]
        if wanted:
            timed = board.schedule(numbers[courier_id], indexes)
            proposals.append(Proposal(courier_id=courier_id, basket_ids=tuple(wanted), route=timed))
        elif _is_better(board, numbers[courier_id], indexes):
            reorders[courier_id] = board.schedule(numbers[courier_id], indexes)
    return Decisions(
        proposals=tuple(proposals), reorders=reorders, forecasts=forecasts, look_again_in=look_again_in
    )


def _due(rider: Rider, route: Sequence[PlannedStop], margin: float) -> tuple[list[str], float]:
    """The new baskets whose courier has to leave within ``margin``, and in how long the next will be due."""
    promised = set(rider.route)
    wanted: list[str] = []
    soonest = float("inf")
    seen: set[str] = set()
    last = max((k for k, stop in enumerate(route) if stop.stop_id in promised), default=-1)
    done = max(0.0, rider.free_at)
    for k, stop in enumerate(route):
        before, done = done, stop.finish
        if stop.stop_id in promised or stop.basket_id in seen:
            continue
        seen.add(stop.basket_id)
        # With something promised behind it, it is told before the courier rides past it to that.
        leave = before if k < last else stop.leave
        if leave <= margin:
            wanted.append(stop.basket_id)
        else:
            soonest = min(soonest, leave - margin)
    return wanted, soonest


def _is_better(board: Board, courier: int, route: list[int]) -> bool:
    promised = board.promised[courier]
    if len(promised) < 3 or route == promised:
        return False
    return board.cost(courier, route) < board.cost(courier, promised) - WORTH_REORDERING
