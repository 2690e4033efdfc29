"""Idle couriers wait where orders are likely, by the service's own rule and what the day has shown so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from services.dispatch.application.waiting import HABITS, TURNS
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Plan, Rider, Snapshot
from services.dispatch.domain.planning.waiting import BusyShop, Demand, Idler, WaitingHabits, where_to_wait

_PREPARATIONS = 20


@dataclass(kw_only=True)
class Waits:
    """Sends idle couriers ``farthest`` minutes at most. A shop is known once an order of it was placed.

    ``slack`` is how much longer than their shift couriers may be under way.
    """

    farthest: float
    slack: float
    habits: WaitingHabits = HABITS
    orders: dict[Position, float] = field(default_factory=dict)
    preparations: list[float] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    last: float = -1e9

    def moves(
        self, snapshot: Snapshot, plan: Plan, asked: Collection[str], now: float
    ) -> Mapping[str, Position]:
        """Who is sent where; nobody whom something is ``asked`` of."""
        self._learn(snapshot)
        if now - self.last < TURNS.every.total_seconds() / 60:
            return {}
        self.last = now
        places = {
            visit.stop_id: visit.place for one in snapshot.baskets for visit in (*one.pickups, one.drop_off)
        }
        idlers = [
            idler
            for rider in snapshot.riders
            if rider.courier_id not in asked and (idler := self._idler(rider, plan, places))
        ]
        posts = where_to_wait(
            idlers,
            self._demand(),
            farthest=self.farthest,
            metres_per_minute=snapshot.metres_per_minute,
            habits=self.habits,
        )
        return {courier_id: post.shop.place for courier_id, post in posts.items()}

    def _learn(self, snapshot: Snapshot) -> None:
        for basket in snapshot.baskets:
            if basket.basket_id not in self.known:
                self.known.add(basket.basket_id)
                for visit in basket.pickups:
                    self.orders[visit.place] = self.orders.get(visit.place, 1.0) + 1.0
                    self.preparations.append(visit.ready - basket.clicked)

    def _demand(self) -> Demand:
        ranked = sorted(self.preparations)
        shares = [(step + 0.5) / _PREPARATIONS for step in range(_PREPARATIONS if ranked else 0)]
        return Demand(
            shops=tuple(
                BusyShop(shop_id=f"{place.lat} {place.lon}", name="", place=place, weight=weight)
                for place, weight in self.orders.items()
            ),
            preparations=tuple(ranked[int(share * len(ranked))] for share in shares),
        )

    def _idler(self, rider: Rider, plan: Plan, places: Mapping[str, Position]) -> Idler | None:
        left, planned = rider.until - self.slack, plan.routes.get(rider.courier_id, ())
        if left <= 0 or len(planned) > len(rider.route):
            return None
        if not rider.route:
            free_at = max(0.0, rider.free_at)
            movable = not free_at and left >= self.habits.staying
            return Idler(courier_id=rider.courier_id, place=rider.place, free_at=free_at, movable=movable)
        if not planned or planned[-1].finish > self.habits.soon:
            return None
        place, free_at = places[planned[-1].stop_id], planned[-1].finish
        return Idler(courier_id=rider.courier_id, place=place, free_at=free_at, movable=False)
