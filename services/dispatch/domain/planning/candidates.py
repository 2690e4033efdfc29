"""Why this courier: what an order would have cost with each of those who came into question.

It is the engine's own cost, of putting the order's stops where they cost least among what each courier has
promised by now. So it explains a choice and never makes one: a plan looks at all orders at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatch.domain.planning.problem import Basket
from services.dispatch.domain.planning.routes import Board

KEPT = 3
# Whoever is farther from the shops than so many others is not looked at.
_LOOKED_AT = 5


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What one order would cost with one courier, by the weights of the plan; all in minutes.

    ``extra`` is how much longer the courier is under way, ``door`` in how long the order is handed over.
    """

    order_id: str
    courier_id: str
    cost: float
    extra: float
    door: float
    chosen: bool = False


class Judge:
    """Who came into question in one snapshot; one judge serves all its baskets.

    The board's search is taken back to what was promised: ask once its plan has been taken out.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._jobs = {basket.basket_id: number for number, basket in enumerate(board.baskets)}

    def candidates(self, basket_id: str, chosen: str) -> tuple[Candidate, ...]:
        """The :data:`KEPT` cheapest couriers for one basket, cheapest first; ``chosen`` in any case."""
        board, job = self._board, self._jobs[basket_id]
        basket = board.baskets[job]
        asked = [
            (board.way_to(number, job), rider.courier_id, number)
            for number, rider in enumerate(board.riders)
            if rider.new and rider.courier_id not in basket.barred
        ]
        near = [number for _, _, number in sorted(asked)[:_LOOKED_AT]]
        wanted = board.couriers.get(chosen)
        near += [number for _, _, number in asked if number == wanted and number not in near]
        found = [one for number in near if (one := self._with(number, job, basket, chosen)) is not None]
        found.sort(key=lambda one: (one.cost, one.courier_id))
        return tuple(one for rank, one in enumerate(found) if rank < KEPT or one.chosen)

    def _with(self, courier: int, job: int, basket: Basket, chosen: str) -> Candidate | None:
        added = self._board.added(courier, job)
        if added is None:
            return None
        courier_id = self._board.riders[courier].courier_id
        return Candidate(
            order_id=basket.basket_id,
            courier_id=courier_id,
            cost=round(added.cost, 2),
            extra=round(added.extra, 2),
            door=round(added.door, 2),
            chosen=courier_id == chosen,
        )
