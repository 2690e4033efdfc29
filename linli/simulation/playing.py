"""A day happens: baskets come, couriers ride, and a policy is asked whenever something has changed.

A courier under way is told something else at the next stop and not before: positions between stops are known
to nobody here. What a courier was told (the decisions' proposals) stays with the courier.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from linli.simulation.case import Case, SimulatedBasket
from linli.simulation.record import Fate, Move, Record
from linli.simulation.seeing import Leg, Riding, StopToMake, basket_seen, rider_seen
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.commitment import Decisions
from services.dispatch.domain.planning.problem import Basket, Snapshot


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a policy wants: decisions about baskets, and where couriers without any had better wait."""

    decisions: Decisions
    moves: Mapping[str, Position] = field(default_factory=dict)


class Policy(Protocol):
    """Decides by a snapshot, whose times count from ``now``; may remember what it has seen before."""

    def decide(self, snapshot: Snapshot, now: float) -> Orders:
        """What is to be done now."""


class Playing:
    """One day under one policy; ``every`` is the longest time between two plans while baskets wait."""

    def __init__(self, case: Case, policy: Policy, every: float = 1.0, seed: int = 0) -> None:
        self.case, self.policy, self.every, self.seed = case, policy, every, seed
        self.record = Record()
        self._events: list[tuple[float, int, str, str]] = []
        self._turn = count()
        self._baskets = {basket.basket_id: basket for basket in case.baskets}
        self._couriers = {one.courier_id: Riding(one, one.place) for one in case.couriers}
        self._on: dict[str, Riding] = {}
        self._open: dict[str, SimulatedBasket] = {}
        self._aboard: dict[str, int] = {}
        self._stops: dict[str, StopToMake] = {}
        self._tick = math.inf
        self._plans = 0

    def play(self, told: Callable[[float], None] = lambda _: None) -> Record:
        """The day from its first event to the last that anybody can still bring about."""
        for basket in self.case.baskets:
            self._at(basket.placed, "placed", basket.basket_id)
            for parcel in basket.parcels:
                if parcel.estimate != parcel.ready:
                    self._at(max(basket.placed, parcel.ready), "ready", basket.basket_id)
        for spec in self.case.couriers:
            self._at(spec.on, "on", spec.courier_id)
            self._at(spec.off, "off", spec.courier_id)
        while self._events:
            now = self._events[0][0]
            while self._events and self._events[0][0] <= now:
                _, _, kind, name = heapq.heappop(self._events)
                self._happen(now, kind, name)
            self._plan(now)
            for courier in self._on.values():
                self._depart(courier, now)
            told(now)
        return self.record

    def _at(self, minute: float, kind: str, name: str = "") -> None:
        heapq.heappush(self._events, (minute, next(self._turn), kind, name))

    def _happen(self, now: float, kind: str, name: str) -> None:
        if kind == "placed":
            basket = self._baskets[name]
            self._open[name] = basket
            self.record.fates[name] = Fate(basket_id=name)
            self._stops[basket.door_stop] = StopToMake(basket.door_stop, basket, -1)
            for number in range(len(basket.parcels)):
                stop_id = basket.pickup_stop(number)
                self._stops[stop_id] = StopToMake(stop_id, basket, number)
        elif kind == "on":
            self._on[name] = self._couriers[name]
        elif kind == "done":
            self._finish(self._on[name])
        elif kind == "tick" and now >= self._tick:
            self._tick = math.inf
        for courier_id in [c for c, one in self._on.items() if one.spec.off <= now and not one.route]:
            if self._on[courier_id].leg is None:
                del self._on[courier_id]

    def _finish(self, courier: Riding) -> None:
        leg = courier.leg
        assert leg is not None
        courier.leg, courier.place = None, leg.end
        if leg.stop is None:
            return
        courier.route.remove(leg.stop.stop_id)
        fate = self.record.fates[leg.stop.basket.basket_id]
        if leg.stop.is_door:
            fate.door = leg.begins + self.case.handling.door_before
            del self._open[fate.basket_id]
            self._aboard.pop(fate.basket_id, None)
        else:
            fate.picked[leg.stop.number] = leg.begins + self.case.handling.pickup_before
            self._aboard[fate.basket_id] = self._aboard.get(fate.basket_id, 0) + 1

    def _depart(self, courier: Riding, now: float) -> None:
        if courier.leg is not None or not courier.route:
            return
        stop = self._stops[courier.route[0]]
        arrives = now + self.case.minutes(courier.place, stop.place)
        begins, takes = arrives, self.case.handling.door
        if not stop.is_door:
            ready = stop.basket.parcels[stop.number].ready
            begins = max(arrives, ready - self.case.handling.pickup_before)
            takes = self.case.handling.pickup
        self._ride(courier, Leg(stop, courier.place, stop.place, now, arrives, begins, begins + takes))

    def _ride(self, courier: Riding, leg: Leg) -> None:
        courier.leg = leg
        self._at(leg.ends, "done", courier.spec.courier_id)
        self.record.moves.append(
            Move(
                courier_id=courier.spec.courier_id,
                leaves=leg.leaves,
                arrives=leg.arrives,
                ends=leg.ends,
                start=leg.start,
                end=leg.end,
                stop_id=leg.stop.stop_id if leg.stop else "",
            )
        )

    # -- planning --------------------------------------------------------------------------------------------

    def _plan(self, now: float) -> None:
        waiting = any(self.record.fates[basket_id].courier_id is None for basket_id in self._open)
        if not self._on:
            return
        snapshot = self.snapshot(now)
        began = time.thread_time()
        orders = self.policy.decide(snapshot, now)
        if waiting:
            self.record.epochs.append((now, time.thread_time() - began))
        self._plans += 1
        for proposal in orders.decisions.proposals:
            courier = self._on[proposal.courier_id]
            for basket_id in proposal.basket_ids:
                fate = self.record.fates[basket_id]
                assert fate.courier_id is None, "what was told to one courier is not told to another"
                fate.courier_id, fate.assigned = proposal.courier_id, now
            courier.route = [stop.stop_id for stop in proposal.route]
        for courier_id, route in orders.decisions.reorders.items():
            self._on[courier_id].route = [stop.stop_id for stop in route]
        for courier_id, place in orders.moves.items():
            courier = self._on[courier_id]
            if courier.leg is None and not courier.route and place != courier.place:
                arrives = now + self.case.minutes(courier.place, place)
                self._ride(courier, Leg(None, courier.place, place, now, arrives, arrives, arrives))
        if waiting:
            soon = now + max(min(orders.decisions.look_again_in, self.every), 1e-3)
            if soon < self._tick:
                self._tick = soon
                self._at(soon, "tick")

    def snapshot(self, now: float) -> Snapshot:
        """What can be known at ``now``, as the planner takes it."""
        return Snapshot(
            baskets=tuple(self._seen(basket, now) for basket in self._open.values()),
            riders=tuple(rider_seen(self.case, one, self._load(one), now) for one in self._on.values()),
            metres_per_minute=self.case.metres_per_minute,
            seed=self.seed + self._plans,
        )

    def _seen(self, basket: SimulatedBasket, now: float) -> Basket:
        fate = self.record.fates[basket.basket_id]
        leg = self._couriers[fate.courier_id].leg if fate.courier_id else None
        aboard = self._aboard.get(basket.basket_id, 0)
        return basket_seen(self.case, basket, fate, aboard=aboard, leg=leg, now=now)

    def _load(self, courier: Riding) -> int:
        aboard = {self._stops[stop_id].basket.basket_id for stop_id in courier.route}
        return sum(self._aboard.get(basket_id, 0) for basket_id in aboard)
