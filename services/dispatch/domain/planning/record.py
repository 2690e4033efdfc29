"""A plan as it was asked for and answered, so that it can be made again and explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from services.dispatch.domain.planning.candidates import Candidate, Judge
from services.dispatch.domain.planning.problem import Plan, Snapshot
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.planning.splits import SplitTried
from services.dispatch.engine.model import Effort

_SAME_COST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A courier who was asked for some baskets, and who else came into question for each."""

    offer_id: str
    courier_id: str
    basket_ids: tuple[str, ...]
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """What the engine was asked, how far it went, and what came of it.

    ``effort`` is how far it looked, ``rounds`` how often it looked for something better, ``built`` after how
    many looks at the clock time ended the building, if it did: with these the same plan comes out however
    fast the machine is, and whether or not its engine is compiled. ``splits`` is what was tried to split:
    where that was done, this is the plan with two trips.
    """

    zone_id: str
    plan_version: int
    at: datetime
    snapshot: Snapshot
    routes: Mapping[str, tuple[str, ...]]
    unassigned: tuple[str, ...]
    cost: float
    rounds: int
    built: int | None = None
    effort: Effort = field(default_factory=Effort)
    choices: tuple[Choice, ...] = ()
    splits: tuple[SplitTried, ...] = ()

    def knows(self, basket_id: str) -> bool:
        return any(basket.basket_id == basket_id for basket in self.snapshot.baskets)

    def split_of(self, basket_id: str) -> SplitTried | None:
        """What came of splitting the basket, or the one that this is a trip of, if it was tried."""
        return next((one for one in self.splits if basket_id in {one.basket_id, one.trip_id}), None)

    def choice_of(self, basket_id: str) -> Choice | None:
        """Who was asked for the basket by this plan."""
        return next((choice for choice in self.choices if basket_id in choice.basket_ids), None)


def order_of_stops(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The stops of a plan by courier, without their times."""
    return {courier_id: tuple(stop.stop_id for stop in route) for courier_id, route in plan.routes.items()}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a courier has a basket in mind, in figures of the plan's weights (minutes of waiting).

    ``same`` says whether the recorded plan came out again. ``chosen`` was ``asked``, or is only thought of;
    nobody is when the plan left the basket. ``without`` is what the plan as a whole costs more when that
    courier may not be asked; ``None`` where the basket is that courier's already.
    """

    basket_id: str
    same: bool
    chosen: str | None
    asked: bool
    candidates: tuple[Candidate, ...]
    without: float | None

    def sentence(self) -> str:
        """Why, in one sentence."""
        if self.chosen is None:
            return (
                f"Nobody could take {self.basket_id} at a cost that is worth it: it waited for the next plan."
            )
        if not self.candidates:
            return f"{self.basket_id} was {self.chosen}'s already, and what is promised is not given away."
        verb = "was asked for" if self.asked else "was not asked yet, but thought of for"
        begin = f"{self.chosen} {verb} {self.basket_id}"
        mine = next((one for one in self.candidates if one.chosen), None)
        others = [one for one in self.candidates if not one.chosen]
        if mine is None:
            return f"{begin} together with other orders; alone it would have fitted into nobody's route so."
        if not others:
            return f"{begin}, as nobody else came into question."
        ahead = others[0].cost - mine.cost
        if ahead >= 0:
            return f"{begin}, with whom it cost least: {ahead:.1f} less than with {others[0].courier_id}."
        best = f"{begin}: alone it would cost {-ahead:.1f} less with {others[0].courier_id}"
        if self.without is not None and self.without > 0:
            return f"{best}, but then all orders together would cost {self.without:.1f} more."
        return f"{best}, and the search found nothing better for all orders together in its rounds."


def solve_again(record: PlanRecord, board: Board | None = None, snapshot: Snapshot | None = None) -> Plan:
    """The plan, with as much effort as was made then; of another ``snapshot``, if one is given."""
    looks = count(1)
    asked = snapshot or record.snapshot
    return solve(
        asked,
        record.rounds,
        board=board or Board(asked, record.effort),
        keep_building=lambda: record.built is None or next(looks) < record.built,
    )


def comes_out_of(record: PlanRecord, plan: Plan) -> bool:
    """Whether ``plan`` is the recorded one."""
    return (
        order_of_stops(plan) == dict(record.routes)
        and plan.unassigned == record.unassigned
        and abs(plan.cost - record.cost) <= _SAME_COST * max(1.0, abs(record.cost))
    )


def explain(record: PlanRecord, basket_id: str) -> Explanation:
    """Make the recorded plan again and say why ``basket_id`` went to whom it did."""
    board = Board(record.snapshot, record.effort)
    plan = solve_again(record, board)
    choice = record.choice_of(basket_id)
    planned = (c for c, route in plan.routes.items() if any(stop.basket_id == basket_id for stop in route))
    chosen = choice.courier_id if choice else next(planned, None)
    basket = next(one for one in record.snapshot.baskets if one.basket_id == basket_id)
    promised = {stop for rider in record.snapshot.riders for stop in rider.route}
    is_free = basket.holder is None and basket.drop_off.stop_id not in promised
    candidates: tuple[Candidate, ...] = ()
    without: float | None = None
    if chosen is not None and is_free:
        candidates = Judge(board).candidates(basket_id, chosen)
        barred = replace(basket, barred=basket.barred | {chosen})
        others = tuple(barred if one is basket else one for one in record.snapshot.baskets)
        without = solve_again(record, snapshot=replace(record.snapshot, baskets=others)).cost - plan.cost
    return Explanation(
        basket_id=basket_id,
        same=comes_out_of(record, plan),
        chosen=chosen,
        asked=choice is not None,
        candidates=candidates,
        without=without,
    )
