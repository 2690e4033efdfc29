"""A whole day in memory: the real planner, deliveries and couriers, and riders who do as they are told."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from services.dispatch.application.planner import Epoch, PlannerPolicy, plan_next_zone
from services.dispatch.application.ports import DueZone
from services.dispatch.domain.courier import Courier, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.facts import Pickup
from services.dispatch.domain.lifecycle import ENDED, Status
from services.dispatch.domain.offer import Offer, OfferStatus
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState, merged
from services.dispatch.domain.planning.record import PlanRecord
from services.dispatch.domain.planning.upkeep import Change
from services.dispatch.domain.stop import StopKind, StopStatus
from services.dispatch.domain.wait import WaitAt
from services.dispatch.domain.zone import Zone
from shared.testing.clock import CountedIds, StoppedClock
from tests.dispatch.builders import NOON, a_courier, a_paid_delivery


@dataclass(frozen=True, kw_only=True)
class DayOrder:
    order_id: str
    placed: float
    shops: tuple[tuple[Position, float], ...]
    door: Position


@dataclass(frozen=True, kw_only=True)
class DayRider:
    courier_id: str
    place: Position
    on: float
    off: float


@dataclass(kw_only=True)
class DeskInMemory:
    """The planner's desk over plain dictionaries; one zone, one planner."""

    zone: Zone
    state: ZoneState
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    plan: Mapping[str, Sequence[str]] = field(default_factory=dict)
    version: int = 0
    planned_at: datetime | None = None
    stale: set[str] = field(default_factory=set)
    records: list[PlanRecord] = field(default_factory=list)

    def claim(self, now: datetime, planned_before: datetime) -> DueZone | None:
        self.version += 1
        return DueZone(
            zone=self.zone,
            token=self.version,
            plan_version=self.version,
            previous=self.plan,
            planned_at=self.planned_at,
        )

    def renew(self, due: DueZone) -> bool:
        return True

    @contextmanager
    def keeping(self, due: DueZone) -> Iterator[DeskInMemory]:
        yield self

    def hold_anew(self, delivery: Delivery) -> bool:
        return self.state.deliveries.setdefault(delivery.order_id, delivery) is delivery

    def tell(self, delivery: Delivery, cause: object) -> None:
        """Nobody listens."""

    def look(self, zone: Zone) -> ZoneState:
        for order_id in [o for o, d in self.state.deliveries.items() if d.status in ENDED]:
            del self.state.deliveries[order_id]
        state = self.state
        return ZoneState(
            zone=zone,
            deliveries=dict(state.deliveries),
            couriers=dict(state.couriers),
            offers=dict(state.offers),
            sightings=dict(state.sightings),
            demand=state.demand,
        )

    def unchanged(self, change: Change, state: ZoneState) -> Change:
        return Change.of(
            couriers=change.couriers - self.stale,
            orders=change.orders - self.stale,
            offers=change.offers - self.stale,
        )

    def save(
        self,
        deliveries: Collection[Delivery] = (),
        couriers: Collection[Courier] = (),
        offers: Collection[Offer] = (),
        changed_zones: Collection[str] = (),
    ) -> None:
        for courier in couriers:
            courier.waits = None
            if courier.shift is None:
                self.state.couriers.pop(courier.courier_id, None)
        for offer in offers:
            if offer.status is OfferStatus.OPEN:
                self.state.offers[offer.offer_id] = offer
            else:
                self.state.offers.pop(offer.offer_id, None)

    def send_to_wait(self, waits: Mapping[str, WaitAt | None], state: ZoneState) -> None:
        for courier_id in waits.keys() - self.stale:
            self.state.couriers[courier_id].waits = waits[courier_id]

    def record(self, record: PlanRecord) -> None:
        self.records.append(record)

    def finish(
        self,
        due: DueZone,
        plan: Mapping[str, Sequence[str]],
        now: datetime,
        due_at: datetime | None,
        travel: str = "great_circle",
    ) -> None:
        self.planned_at = now
        self.plan = plan


@dataclass
class _Ride:
    """What a rider is doing: on the way to, or at, one stop."""

    stop_id: str
    order_id: str
    arrives: float
    done: float | None = None


@dataclass(kw_only=True)
class Figures:
    orders: int
    delivered: int
    click_to_door: list[float]
    epochs: list[Epoch]
    kilometres: float
    offers: int

    @property
    def mean(self) -> float:
        return sum(self.click_to_door) / max(1, len(self.click_to_door))

    def quantile(self, share: float) -> float:
        ordered = sorted(self.click_to_door)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0

    def __str__(self) -> str:
        times = sorted(epoch.seconds * 1000 for epoch in self.epochs)
        return (
            f"{self.delivered}/{self.orders} delivered, click to door {self.mean:.1f} "
            f"(p90 {self.quantile(0.9):.1f}), {self.kilometres / max(1, self.delivered):.2f} km per order, "
            f"{self.offers} offers; epoch p50 {times[len(times) // 2]:.0f} ms, "
            f"p99 {times[int(len(times) * 0.99)]:.0f} ms, max {times[-1]:.0f} ms"
        )


class Day:
    """Plays orders and riders minute by minute (``tick`` minutes at a time)."""

    def __init__(
        self,
        zone: Zone,
        orders: Iterable[DayOrder],
        riders: Iterable[DayRider],
        policy: PlannerPolicy | None = None,
        tick: float = 0.5,
    ) -> None:
        self.zone, self.tick = zone, tick
        self.orders = sorted(orders, key=lambda order: order.placed)
        self.riders = sorted(riders, key=lambda rider: rider.on)
        self.policy = policy or PlannerPolicy(solve_seconds=10.0)
        self.clock = StoppedClock(NOON)
        self.desk = DeskInMemory(zone=zone, state=ZoneState(zone=zone))
        self.all: dict[str, Delivery] = {}
        self.rides: dict[str, _Ride] = {}
        self.epochs: list[Epoch] = []
        self.metres = 0.0
        self.kitchens: list[tuple[float, str, str]] = []
        self.offers = 0

    def play(self, until: float) -> Figures:
        ids = CountedIds("offer")
        orders, riders = list(self.orders), list(self.riders)
        minute = 0.0
        while minute <= until and (
            orders
            or riders
            or any(d.status not in ENDED for d in self.all.values())
            or self.desk.state.couriers
        ):
            while orders and orders[0].placed <= minute:
                self._place(orders.pop(0))
            while riders and riders[0].on <= minute:
                self._start(riders.pop(0))
            while self.kitchens and self.kitchens[0][0] <= minute:
                ready, order_id, part = heappop(self.kitchens)
                for trip in (self.all[order_id], self.all[order_id].other):
                    if trip is not None:
                        trip.ready(part, self._time(ready), self.clock.now())
            self._ride(minute)
            epoch = plan_next_zone(self.desk, clock=self.clock, ids=ids, policy=self.policy)
            if epoch is not None:
                self.epochs.append(epoch)
            self.all |= self.desk.state.deliveries
            self._answer()
            minute += self.tick
            self.clock.advance(timedelta(minutes=self.tick))
        done = [d for d in self.all.values() if d.status is Status.DELIVERED]
        return Figures(
            orders=sum(d.split_from is None for d in self.all.values()) + len(orders),
            delivered=len(done),
            click_to_door=[self._minute(d.ended_at) - self._minute(d.placed_at) for d in done],
            epochs=self.epochs,
            kilometres=self.metres / 1000,
            offers=self.offers,
        )

    def _minute(self, moment: datetime | None) -> float:
        assert moment is not None
        return (moment - NOON).total_seconds() / 60

    def _time(self, minute: float) -> datetime:
        return NOON + timedelta(minutes=minute)

    def _place(self, order: DayOrder) -> None:
        pickups = tuple(
            Pickup(
                store_order_id=f"{order.order_id}.{number}",
                shop_id=f"shop-{number}",
                name="",
                place=where,
                preparation_minutes=15,
            )
            for number, (where, _) in enumerate(order.shops)
        )
        placed = self._time(order.placed)
        delivery = a_paid_delivery(order.order_id, pickups=pickups, drop_off=order.door, placed_at=placed)
        delivery.promised_at = self.zone.promise(
            placed, [(where, ready - order.placed) for where, ready in order.shops], order.door
        )
        for number, (_, ready) in enumerate(order.shops):
            delivery.accepted(f"{order.order_id}.{number}", placed, self._time(ready), placed)
            heappush(self.kitchens, (ready, order.order_id, f"{order.order_id}.{number}"))
        self.all[order.order_id] = self.desk.state.deliveries[order.order_id] = delivery

    def _start(self, rider: DayRider) -> None:
        hours = (rider.off - rider.on) / 60
        courier = a_courier(rider.courier_id, rider.place, self._time(rider.on), hours)
        self.desk.state.couriers[rider.courier_id] = courier
        self.desk.state.sightings[rider.courier_id] = Sighting(place=rider.place, at=self._time(rider.on))

    def _answer(self) -> None:
        for offer in list(self.desk.state.offers.values()):
            courier = self.desk.state.couriers[offer.courier_id]
            offer.accept(self.clock.now())
            self.offers += 1
            wanted = [self.all[order_id] for order_id in offer.order_ids]
            etas = {stop.order_id: stop.eta for stop in offer.route}
            for delivery in wanted:
                delivery.assign(
                    courier.courier_id, self.clock.now(), etas[delivery.order_id], offer.plan_version
                )
            route = merged(self.desk.state.promised(courier), offer.route)
            courier.follow([stop for stop in route if self.desk.state.is_open(stop)])
            del self.desk.state.offers[offer.offer_id]

    def _ride(self, minute: float) -> None:
        for courier in list(self.desk.state.couriers.values()):
            while self._one_move(courier, minute):
                pass

    def _one_move(self, courier: Courier, minute: float) -> bool:
        state = self.desk.state
        ride = self.rides.get(courier.courier_id)
        if ride is None:
            route = state.promised(courier)
            if not route:
                return False
            stop = self.all[route[0].order_id].stop(route[0].stop_id)
            here = state.sightings[courier.courier_id].place
            leg = math.ceil(here.metres_to(stop.place) / self.zone.settings.metres_per_minute - 1e-9)
            left = max(self._minute(state.sightings[courier.courier_id].at), minute - self.tick)
            state.sightings[courier.courier_id] = Sighting(place=here, at=self._time(left))
            self.rides[courier.courier_id] = _Ride(stop.stop_id, route[0].order_id, left + leg)
            return True
        delivery = self.all[ride.order_id]
        stop = delivery.stop(ride.stop_id)
        if stop.status is StopStatus.PENDING and ride.arrives <= minute:
            delivery.arrive(stop.stop_id, self._time(ride.arrives))
            service = self.zone.settings.pickup_service_minutes
            opens = ride.arrives
            if stop.kind is StopKind.PICKUP:
                opens = max(opens, self._minute(delivery.expected_ready(stop, self.clock.now())))
            ride.done = opens + service
            return True
        if ride.done is not None and ride.done <= minute:
            leg_m = courier.ride_to(stop.place)
            self.metres += leg_m
            delivery.complete(stop.stop_id, None, leg_m, self._time(ride.done))
            courier.leave_out({stop.stop_id})
            state.sightings[courier.courier_id] = Sighting(place=stop.place, at=self._time(ride.done))
            del self.rides[courier.courier_id]
            return True
        return False
