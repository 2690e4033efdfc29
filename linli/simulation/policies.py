"""The service's own planning as a policy: what the live planner does, without its doors and databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from linli.simulation.playing import Orders
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.commitment import Decisions, Proposal, decide
from services.dispatch.domain.planning.problem import Rider, Snapshot, Weights
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
    up to the first pickup somebody else may get it.
    """

    weights: Weights = field(default_factory=Weights)
    rounds: int = 200
    margin: float = 0.0
    changes_mind: bool = False
    effort: Effort = WIDE
    previous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def decide(self, snapshot: Snapshot, now: float) -> Orders:  # noqa: ARG002
        seen = replace(snapshot, weights=self.weights, previous=self.previous)
        board = Board(seen, self.effort)
        plan = solve(seen, self.rounds, board=board)
        decisions = decide(seen, plan, self.margin, board)
        self.previous = {name: tuple(stop.stop_id for stop in route) for name, route in plan.routes.items()}
        return _sent_ahead(seen, decisions) if self.changes_mind else Orders(decisions=decisions)


def _sent_ahead(snapshot: Snapshot, decisions: Decisions) -> Orders:
    """Whoever would leave for a first shop with nothing else to do only rides there, for the time being."""
    riders = {rider.courier_id: rider for rider in snapshot.riders}
    shops = {visit.stop_id: visit.place for basket in snapshot.baskets for visit in basket.pickups}
    kept: list[Proposal] = []
    moves: dict[str, Position] = {}
    for proposal in decisions.proposals:
        rider, shop = riders[proposal.courier_id], shops.get(proposal.route[0].stop_id)
        if not _is_idle(rider) or shop is None or shop == rider.place:
            kept.append(proposal)
        elif rider.free_at <= 0.0:
            moves[rider.courier_id] = shop
    return Orders(decisions=replace(decisions, proposals=tuple(kept)), moves=moves)


def _is_idle(rider: Rider) -> bool:
    return not rider.route
