"""The planner's search: a snapshot in, the engine's routes out as a plan."""

from __future__ import annotations

from collections.abc import Callable

from services.dispatch.domain.planning.problem import Plan, Snapshot
from services.dispatch.domain.planning.routes import Board
from services.dispatch.engine.machine import PLAIN, machine
from services.dispatch.engine.model import Effort

# Twice as many couriers to try and deliveries to take out at once, where that takes milliseconds.
WIDE = Effort(nearest_idle=12, nearest_busy=20, related=30, average=16.0, longest=20.0)
COMPILED_ROUNDS = 200


def effort_here() -> Effort:
    """How far to look: farther once the engine is compiled."""
    return Effort() if machine() is PLAIN else WIDE


def rounds_here(rounds: int) -> int:
    """How often to improve, if plain Python makes ``rounds``: more once the engine is compiled."""
    return rounds if machine() is PLAIN or rounds == 0 else max(rounds, COMPILED_ROUNDS)


def solve(
    snapshot: Snapshot,
    rounds: int = 12,
    keep_going: Callable[[], bool] = lambda: True,
    board: Board | None = None,
    keep_building: Callable[[], bool] = lambda: True,
) -> Plan:
    """A feasible plan for ``snapshot``: precedence, one courier per basket, shifts, capacity, promises kept.

    It starts from the previous plan, as far as that is still possible. ``rounds`` bounds the improvement;
    ``keep_going`` is asked before every few rounds and may end it. ``keep_building`` is asked after each
    insertion: once it says no, what has no courier yet is left unassigned, for the next plan to go on with;
    at least one basket is tried. ``board`` is the snapshot's, where it was made before. The same snapshot,
    rounds and seed give the same plan, unless time ends it.
    """
    board = board or Board(snapshot)
    wished = [
        (board.couriers[courier_id], [board.index[s] for s in stop_ids if s in board.index])
        for courier_id, stop_ids in snapshot.previous.items()
        if courier_id in board.couriers
    ]
    routes = board.search().run(
        rounds=rounds, keep_going=keep_going, keep_building=keep_building, wished=wished
    )
    return Plan(
        routes={
            board.riders[courier].courier_id: board.schedule(courier, stops)
            for courier, stops in enumerate(routes.stops)
            if stops
        },
        unassigned=tuple(board.baskets[job].basket_id for job in routes.unassigned),
        cost=routes.cost,
        rounds=routes.rounds,
    )
