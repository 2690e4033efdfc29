"""One step of the planner: snapshot, plan, commit by compare-and-set. What went stale is dropped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from services.dispatch.application import parting, waiting
from services.dispatch.application.deadline import Deadline
from services.dispatch.application.drafting import Draft, keep, united
from services.dispatch.application.leasing import Lease
from services.dispatch.application.lending import lend_idle
from services.dispatch.application.ports import DueZone, PlanningDesk
from services.dispatch.application.travelling import Source, TravelMemory
from services.dispatch.domain.courier import Break, RouteStop
from services.dispatch.domain.lifecycle import UNASSIGNED
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.planning.candidates import Candidate, Judge
from services.dispatch.domain.planning.commitment import Decisions, Proposal, decide
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead, when
from services.dispatch.domain.planning.problem import Plan, PlannedStop, Snapshot
from services.dispatch.domain.planning.record import Choice, PlanRecord, order_of_stops
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import effort_here, rounds_here, solve
from services.dispatch.domain.planning.upkeep import Change, Patience, keep_up
from services.dispatch.domain.promise import WORTH_TELLING, Forecast
from services.dispatch.domain.wait import WaitAt
from shared.kernel.clock import Clock
from shared.kernel.ids import Ids

_LONGEST_ANSWER = 15.0
# A trial begins with a plan that is good but for one order.
_OF_A_TRIAL = 0.25


@dataclass(frozen=True, kw_only=True)
class PlannerPolicy:
    """How often and how hard a zone is planned.

    ``at_least_every`` and ``debounce`` are business time; ``least_wall_seconds`` keeps an accelerated
    clock from asking for more plans than a processor can make, ``answer_wall_seconds`` from giving a
    courier's device less time than a device needs, ``silent_wall_seconds`` from missing one that only
    hung for a moment. A plan is built for at most ``build_seconds`` of the processor and improved for
    ``rounds`` rounds (more, where the engine is compiled) or ``solve_seconds``, whichever is over first. A
    zone is a planner's for ``lease_seconds`` of the wall, and again for as long while it plans. With
    ``records`` what each plan of some baskets was asked and answered is kept, so that it can be explained.
    """

    at_least_every: timedelta = timedelta(seconds=30)
    debounce: timedelta = timedelta(seconds=5)
    least_wall_seconds: float = 0.1
    answer_wall_seconds: float = 2.0
    silent_wall_seconds: float = 60.0
    rounds: int = 12
    build_seconds: float = 0.25
    solve_seconds: float = 0.03
    lease_seconds: float = 5.0
    records: bool = False

    def pause(self, clock: Clock) -> timedelta:
        """How long, in business time, a zone is left alone after it was planned."""
        return max(self.debounce, business_span(self.least_wall_seconds, clock))

    def patience(self, clock: Clock) -> Patience:
        usual = Patience()
        return Patience(
            silent=max(usual.silent, business_span(self.silent_wall_seconds, clock)),
            lost=max(usual.lost, business_span(2 * self.silent_wall_seconds, clock)),
        )

    def time_to_answer(self, asked: timedelta, clock: Clock) -> timedelta:
        return max(asked, business_span(self.answer_wall_seconds, clock))


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one step did, in ``seconds`` of the wall and ``effort`` seconds of the processor.

    ``solving`` of these went into the search, which time may have ended before it had built a plan, or
    made all rounds. ``since`` is the business time since the zone's last plan; couriers are those now.
    """

    zone_id: str
    plan_version: int
    baskets: int = 0
    couriers: int = 0
    unassigned: int = 0
    offers: int = 0
    sent_to_wait: int = 0
    stale: int = 0
    rounds: int = 0
    seconds: float = 0.0
    effort: float = 0.0
    solving: float = 0.0
    build_ended: bool = False
    improvement_ended: bool = False
    since: timedelta | None = None
    on_shift: int = 0
    riding: int = 0
    resting: int = 0


def business_span(wall_seconds: float, clock: Clock) -> timedelta:
    """The business time that passes in so many seconds of the wall."""
    return timedelta(seconds=wall_seconds / clock.wall_seconds(timedelta(seconds=1)))


def plan_next_zone(
    desk: PlanningDesk,
    *,
    clock: Clock,
    ids: Ids,
    policy: PlannerPolicy,
    stopwatch: Callable[[], float] = time.perf_counter,
    effort: Callable[[], float] = time.thread_time,
    travel: TravelMemory | None = None,
) -> Epoch | None:
    """Plan the zone whose turn it is; ``None`` when it is nobody's turn.

    Raises :class:`LeaseLostError`, with nothing kept, when the zone became another planner's meanwhile.
    Travel times are those of ``travel``, which answers in a bounded time; without it, of the great circle.
    An order that is held up for very long may be split on trial: then the zone is planned twice.
    The search is bounded by ``effort``, seconds of the processor: a busy machine makes no worse plans.
    """
    now, started, effort_before = clock.now(), stopwatch(), effort()
    due = desk.claim(now, now - policy.pause(clock))
    if due is None:
        return None
    state = desk.look(due.zone)
    everyone, orders, every_offer = dict(state.couriers), dict(state.deliveries), dict(state.offers)
    versions = ZoneState(zone=due.zone, deliveries=orders, couriers=everyone, offers=every_offer)
    draft = Draft(changes=keep_up(state, now, policy.patience(clock)))
    snapshot = look_ahead(state, now, due.previous, seed=due.plan_version)
    if travel is not None:
        snapshot = travel.on_roads(snapshot)
    source = Source.GREAT_CIRCLE if travel is None else travel.source
    board = Board(snapshot, effort_here())
    lease = Lease(desk, due, policy.lease_seconds, stopwatch)
    bounds = policy.build_seconds, policy.solve_seconds, effort
    rounds = rounds_here(policy.rounds)
    search = Deadline(*bounds, lease)
    plan = solve(snapshot, rounds, search.keep_going, board, search.keep_building)
    search.end()

    def plan_anew(apart: Snapshot) -> tuple[Snapshot, Plan]:
        nonlocal board, search
        apart = apart if travel is None else travel.on_roads(apart)
        board, search = Board(apart, effort_here()), Deadline(*bounds, lease)
        few = math.ceil(rounds * _OF_A_TRIAL)
        planned = solve(apart, few, search.keep_going, board, search.keep_building)
        search.end()
        return apart, planned

    alone = board, search
    may_part = parting.TURNS.is_time(due.planned_at, now)
    trial = parting.try_to_split(state, snapshot, plan, now, plan_anew) if may_part else None
    if trial is not None and trial.tried.done:
        snapshot, plan = trial.snapshot, trial.plan
        _split(state, versions, trial, draft, due, now)
    else:
        board, search = alone
    decisions = decide(snapshot, plan, _margin(state, policy, clock), board)
    _propose(state, board, decisions, draft, due, now, ids, policy, clock)
    _reorder(state, decisions, draft, now)
    _foresee(state, decisions, draft, due, now)
    draft.changes += lend_idle(state, plan, now, ids)
    # One thing that takes its time is enough for an epoch.
    waits = _waits(state, plan, draft, due, now, is_time=trial is None)
    with desk.keeping(due) as keeping:
        stale = keep(keeping, versions, draft)
        if waits:
            keeping.send_to_wait(waits, state)
        if policy.records and snapshot.baskets:
            keeping.record(_recorded(due, now, board, plan, search.built, draft, trial))
        due_at = _next_look(state, decisions, stale, now, policy)
        keeping.finish(due, order_of_stops(plan), now, due_at, source.value)
    return Epoch(
        zone_id=due.zone.zone_id,
        plan_version=due.plan_version,
        baskets=len(snapshot.baskets),
        couriers=len(snapshot.riders),
        unassigned=len(plan.unassigned),
        offers=len(decisions.proposals),
        sent_to_wait=sum(wait is not None for wait in waits.values()),
        stale=stale,
        rounds=plan.rounds,
        seconds=stopwatch() - started,
        effort=effort() - effort_before,
        solving=search.seconds,
        build_ended=search.built is not None,
        improvement_ended=search.improvement_ended,
        since=None if due.planned_at is None else now - due.planned_at,
        on_shift=len(state.couriers),
        riding=sum(bool(courier.route) for courier in state.couriers.values()),
        resting=sum(courier.rest is Break.ON for courier in state.couriers.values()),
    )


def _waits(
    state: ZoneState, plan: Plan, draft: Draft, due: DueZone, now: datetime, *, is_time: bool
) -> Mapping[str, WaitAt | None]:
    asked = {offer.courier_id for offer in draft.offers.values()}
    ended = {name: None for name in sorted(asked) if state.couriers[name].waits is not None}
    if not (is_time and waiting.TURNS.is_time(due.planned_at, now)):
        return ended
    return {**waiting.advise(state, plan, united(draft.changes).couriers, now), **ended}


def _recorded(
    due: DueZone,
    now: datetime,
    board: Board,
    plan: Plan,
    built: int | None,
    draft: Draft,
    trial: parting.Trial | None,
) -> PlanRecord:
    choices = (
        Choice(
            offer_id=offer.offer_id,
            courier_id=offer.courier_id,
            basket_ids=offer.order_ids,
            candidates=offer.candidates,
        )
        for offer in draft.offers.values()
    )
    return PlanRecord(
        zone_id=due.zone.zone_id,
        plan_version=due.plan_version,
        at=now,
        snapshot=board.snapshot,
        routes=order_of_stops(plan),
        unassigned=plan.unassigned,
        cost=plan.cost,
        rounds=plan.rounds,
        built=built,
        effort=board.model.effort,
        choices=tuple(choices),
        splits=() if trial is None else (trial.tried,),
    )


def _split(
    state: ZoneState, versions: ZoneState, trial: parting.Trial, draft: Draft, due: DueZone, now: datetime
) -> None:
    second = parting.split_in_earnest(state, trial, due.plan_version, now)
    first = state.deliveries[trial.candidate.order_id]
    versions.deliveries[second.order_id] = draft.begun[second.order_id] = second
    riding = [first.courier_id] if first.courier_id is not None else []
    draft.changes.append(Change.of(couriers=riding, orders=[first.order_id, second.order_id]))


def _margin(state: ZoneState, policy: PlannerPolicy, clock: Clock) -> float:
    """How many minutes before a courier has to leave the question is put: plans and answers take time."""
    answers = min(state.answer_minutes, _LONGEST_ANSWER)
    until_next_plan = business_span(policy.least_wall_seconds, clock).total_seconds() / 60
    return state.zone.settings.commit_margin_minutes + answers + until_next_plan


def _propose(
    state: ZoneState,
    board: Board,
    decisions: Decisions,
    draft: Draft,
    due: DueZone,
    now: datetime,
    ids: Ids,
    policy: PlannerPolicy,
    clock: Clock,
) -> None:
    if not decisions.proposals:
        return
    judge = Judge(board)
    choose_by = now + policy.time_to_answer(timedelta(seconds=due.zone.settings.offer_seconds), clock)
    for proposal in decisions.proposals:
        offer = Offer(
            offer_id=ids.new(),
            zone_id=due.zone.zone_id,
            courier_id=proposal.courier_id,
            order_ids=proposal.basket_ids,
            route=_route(state, proposal.route, now),
            plan_version=due.plan_version,
            offered_at=now,
            expires_at=choose_by,
            candidates=_came_into_question(judge, proposal),
        )
        for order_id in proposal.basket_ids:
            state.deliveries[order_id].offer(offer.offer_id)
        state.offers[offer.offer_id] = draft.offers[offer.offer_id] = offer
        draft.changes.append(_proposed(proposal, offer))


def _came_into_question(judge: Judge, proposal: Proposal) -> tuple[Candidate, ...]:
    found = (judge.candidates(order_id, proposal.courier_id) for order_id in proposal.basket_ids)
    return tuple(chain.from_iterable(found))


def _proposed(proposal: Proposal, offer: Offer) -> Change:
    return Change.of(couriers=[proposal.courier_id], orders=proposal.basket_ids, offers=[offer.offer_id])


def _reorder(state: ZoneState, decisions: Decisions, draft: Draft, now: datetime) -> None:
    for courier_id, route in decisions.reorders.items():
        state.couriers[courier_id].follow(_route(state, route, now))
        draft.changes.append(Change.of(couriers=[courier_id]))


def _foresee(state: ZoneState, decisions: Decisions, draft: Draft, due: DueZone, now: datetime) -> None:
    for order_id, (courier_id, minutes) in decisions.forecasts.items():
        delivery = state.deliveries[order_id]
        eta = when(now, minutes)
        known = delivery.eta is not None and abs(eta - delivery.eta) < WORTH_TELLING
        if known and delivery.status not in UNASSIGNED:
            continue
        before = delivery.status, delivery.foreseen
        told = delivery.told.and_now(Forecast(made_at=now, eta=eta), state.windows.promise(now, eta))
        delivery.foresee(courier_id, eta, due.plan_version, told)
        if not known or (delivery.status, delivery.foreseen) != before:
            draft.changes.append(Change.of(orders=[order_id]))


def _route(state: ZoneState, route: Collection[PlannedStop], now: datetime) -> tuple[RouteStop, ...]:
    return tuple(
        RouteStop(
            stop_id=stop.stop_id,
            order_id=stop.basket_id,
            kind=state.deliveries[stop.basket_id].stop(stop.stop_id).kind,
            eta=when(now, stop.arrive),
        )
        for stop in route
    )


def _next_look(
    state: ZoneState, decisions: Decisions, stale: int, now: datetime, policy: PlannerPolicy
) -> datetime | None:
    if stale:
        return now
    may_wait = waiting.is_on(state) and any(not one.route for one in state.couriers.values())
    may_lend = state.zone.settings.lend_minutes > 0 and bool(state.couriers)
    if not state.deliveries and not state.offers and not may_lend:
        ends = [courier.on_shift().ends_at for courier in state.couriers.values()]
        over = max(min(ends), now + policy.at_least_every) if ends else None
        return min(over, waiting.TURNS.next_time(now)) if over and may_wait else over
    latest = now + policy.at_least_every
    offers = [offer.expires_at for offer in state.offers.values()]
    soon = [when(now, decisions.look_again_in)] if decisions.look_again_in < 60 else []
    return max(now, min([latest, *offers, *soon]))
