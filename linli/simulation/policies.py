"""The service's own planning as a policy: what the live planner does, without its doors and databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from linli.simulation.playing import Orders
from linli.simulation.waiting import Waits
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.commitment import Decisions, Proposal, decide
from services.dispatch.domain.planning.problem import Basket, Snapshot, Weights
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import WIDE, solve
from services.dispatch.engine.model import Effort

# Minutes to the door and nothing else; a promise that is broken costs no more than any other minute.
SOONEST = Weights(lateness=0.0)


@dataclass(kw_only=True)
class Rolling:
    """Plans everything that is known again and again, and tells couriers of it just in time.

    ``margin`` is how many minutes before a courier has to leave the basket is given away. With
    ``changes_mind`` a courier with nothing else to do is sent to the first shop and given the basket there:
    up to the first pickup somebody else may get it, if that is better by ``weights.moving``. With ``waits``
    idle couriers are sent to where they are likely to be wanted.
    """

    weights: Weights = field(default_factory=Weights)
    rounds: int = 200
    margin: float = 0.0
    changes_mind: bool = False
    waits: Waits | None = None
    effort: Effort = WIDE
    previous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)

    def decide(self, snapshot: Snapshot, now: float) -> Orders:
        seen = replace(
            snapshot, weights=self.weights, previous=self.previous, baskets=self._announced(snapshot)
        )
        board = Board(seen, self.effort)
        plan = solve(seen, self.rounds, board=board)
        decisions = decide(seen, plan, self.margin, board)
        self.previous = {name: tuple(stop.stop_id for stop in route) for name, route in plan.routes.items()}
        orders = self._sent_ahead(seen, decisions) if self.changes_mind else Orders(decisions=decisions)
        if self.waits is None:
            return orders
        asked = {*orders.moves, *(proposal.courier_id for proposal in decisions.proposals)}
        return replace(orders, moves={**self.waits.moves(seen, plan, asked, now), **orders.moves})

    def _announced(self, snapshot: Snapshot) -> tuple[Basket, ...]:
        here = {rider.courier_id for rider in snapshot.riders}
        return tuple(
            replace(basket, announced=self.sent[basket.basket_id])
            if basket.holder is None and self.sent.get(basket.basket_id) in here
            else basket
            for basket in snapshot.baskets
        )

    def _sent_ahead(self, snapshot: Snapshot, decisions: Decisions) -> Orders:
        """Whoever would leave for a first shop with nothing else to do only rides there, for now."""
        riders = {rider.courier_id: rider for rider in snapshot.riders}
        shops = {visit.stop_id: visit.place for basket in snapshot.baskets for visit in basket.pickups}
        kept: list[Proposal] = []
        moves: dict[str, Position] = {}
        for proposal in decisions.proposals:
            rider, first = riders[proposal.courier_id], proposal.route[0]
            shop = shops.get(first.stop_id)
            if rider.route or shop is None or shop == rider.place:
                kept.append(proposal)
            elif rider.free_at <= 0.0:
                moves[rider.courier_id] = shop
                self.sent[first.basket_id] = rider.courier_id
        return Orders(decisions=replace(decisions, proposals=tuple(kept)), moves=moves)
