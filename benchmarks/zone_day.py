"""A made-up zone in its live state: baskets arrive, couriers accept, ride, collect and hand over.

Everything goes through dispatch's own use cases into its PostgreSQL; the clock moves when told to.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import text

from services.dispatch.adapters.rows import courier_of, offer_of
from services.dispatch.adapters.store import SqlSightings, SqlStore
from services.dispatch.application import holding, operating, orders, riding
from services.dispatch.domain.commands import Actor, AnswerOffer, AtStop, Hold, OpenZone, StartShift
from services.dispatch.domain.courier import Courier, Sighting
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.job import trip_key_of
from services.dispatch.domain.places import DEGREE_M, Area, Position
from services.dispatch.domain.stop import Stop, StopKind, first_stops
from services.dispatch.domain.zone import Zone
from shared.persistence import Database
from shared.testing.clock import StoppedClock

# The share of a day's baskets in each hour from ten in the morning on: lunch, and more at dinner.
_BY_HOUR = (3, 6, 9, 8, 5, 5, 8, 13, 17, 14, 8, 4)
_OPENS = 10
# As in the public meal delivery days: shops of a basket, and couriers on shift for each basket an hour.
_SHOPS_IN_BASKET = (45, 25, 18, 12)
_COURIERS_PER_BASKET = 0.9
_SIDE_M = 9000.0
_MIDDLE = Position(lat=30.27, lon=120.15)
_MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
_BEAT = timedelta(seconds=30)
_DECLINED = 0.03


@dataclass(frozen=True, kw_only=True)
class _Order:
    order_id: str
    placed: datetime
    pickups: tuple[Pickup, ...]
    door: Position
    ready: Mapping[str, datetime]


@dataclass(kw_only=True)
class _Ride:
    """On the way from one place to a stop, then there until ``done``."""

    stop_id: str
    order_id: str
    start: Position
    left: datetime
    arrives: datetime
    done: datetime | None = None


class ZoneDay:
    """One zone of about ``baskets`` a day, from ``begins`` (an hour of the day) on."""

    def __init__(
        self, database: Database, zone_id: str, baskets: int, seed: int = 1, begins: float = 16.5
    ) -> None:
        self.zone_id, self.baskets = zone_id, baskets
        self.clock = StoppedClock(_MIDNIGHT + timedelta(hours=begins))
        self.database = database
        self._chance = random.Random(seed)
        self._numbers = iter(range(1, 1_000_000))
        half = _SIDE_M / 2 / DEGREE_M
        wide = half / math.cos(math.radians(_MIDDLE.lat))
        area = Area(
            south=_MIDDLE.lat - half,
            north=_MIDDLE.lat + half,
            west=_MIDDLE.lon - wide,
            east=_MIDDLE.lon + wide,
        )
        self.zone = Zone(zone_id=zone_id, name=zone_id, area=area)
        self._shops = [self._somewhere() for _ in range(max(20, baskets // 12))]
        self._stops: dict[str, Stop] = {}
        self._orders: dict[str, _Order] = {}
        self._unready: list[tuple[datetime, str, str]] = []
        self._rides: dict[str, _Ride] = {}
        self._places: dict[str, Position] = {}
        self.delivered = 0
        self._do(lambda store, _: operating.open_zone(OpenZone(actor=_OPERATOR, zone=self.zone), store=store))

    def beat(self) -> None:
        """What happens in the zone until half a minute later."""
        self.clock.advance(_BEAT)
        now = self.clock.now()
        couriers, offers = self._look()
        self._man(len(couriers), now)
        for offer in offers:
            self._answer(offer.offer_id, offer.courier_id)
        for courier in couriers.values():
            for _ in range(10):
                if not self._move(courier, now):
                    break
        for order in self._arrivals(now):
            self._place(order)
        for ready_at, order_id, part in [row for row in self._unready if row[0] <= now]:
            self._unready.remove((ready_at, order_id, part))
            self._tell(
                orders.Fact(
                    type="StoreOrderReady",
                    data={"order_id": order_id, "store_order_id": part, "ready_at": ready_at},
                )
            )
        self._report(couriers, now)

    def has_come_to(self, hour: float) -> bool:
        """Whether it is that hour of the day, or later."""
        return self.clock.now() >= _MIDNIGHT + timedelta(hours=hour)

    def close(self) -> None:
        self.database.close()

    # -- baskets -------------------------------------------------------------------------------------------

    def _rate(self, now: datetime) -> float:
        """Baskets an hour."""
        hour = (now - _MIDNIGHT).total_seconds() / 3600 - _OPENS
        if not 0 <= hour < len(_BY_HOUR):
            return 0.0
        return self.baskets * _BY_HOUR[int(hour)] / sum(_BY_HOUR)

    def _arrivals(self, now: datetime) -> Iterator[_Order]:
        expected = self._rate(now) * _BEAT.total_seconds() / 3600
        # Poisson: arrivals one after the other until the half minute is over.
        left = self._chance.expovariate(1.0)
        while left < expected:
            yield self._order(now)
            left += self._chance.expovariate(1.0)

    def _order(self, now: datetime) -> _Order:
        order_id = f"{self.zone_id}:order-{next(self._numbers)}"
        count = self._chance.choices((1, 2, 3, 4), _SHOPS_IN_BASKET)[0]
        first = self._chance.choice(self._shops)
        near = sorted(self._shops, key=first.metres_to)[: 4 * count]
        chosen = [first, *self._chance.sample(near[1:], count - 1)]
        pickups = tuple(
            Pickup(
                store_order_id=f"{order_id}.{number}",
                shop_id=f"shop-{self._shops.index(shop)}",
                name="A shop",
                place=shop,
                preparation_minutes=15,
            )
            for number, shop in enumerate(chosen)
        )
        ready = {
            pickup.store_order_id: now + timedelta(minutes=self._chance.gammavariate(6, 2.5))
            for pickup in pickups
        }
        return _Order(
            order_id=order_id, placed=now, pickups=pickups, door=self._around(first, 2500.0), ready=ready
        )

    def _place(self, order: _Order) -> None:
        now = order.placed
        hold = Hold(
            order_id=order.order_id,
            slot_id=None,
            drop_off=DropOff(place=order.door, address="Lakeside 7", contact="Mrs Lin"),
            pickups=order.pickups,
            expires_at=now + timedelta(minutes=15),
        )
        self._do(lambda store, clock: holding.hold(hold, store=store, clock=clock))
        self._tell(
            orders.Fact(
                type="OrderPaid",
                data={
                    "order_id": order.order_id,
                    "customer_id": "customer-1",
                    "paid_at": now,
                    "method": "sandbox",
                },
            ),
            *(
                orders.Fact(
                    type="StoreOrderAccepted",
                    data={
                        "order_id": order.order_id,
                        "store_order_id": part,
                        "accepted_at": now,
                        # What a shop says at first is what it mostly takes.
                        "ready_at": now + timedelta(minutes=15),
                    },
                )
                for part in order.ready
            ),
        )
        # Should it be split, its second trip visits the same places.
        for key in (order.order_id, trip_key_of(order.order_id)):
            self._orders[key] = order
            for stop in first_stops(key, order.pickups, hold.drop_off):
                self._stops[stop.stop_id] = stop
        self._unready += [(ready_at, order.order_id, part) for part, ready_at in order.ready.items()]

    # -- couriers ------------------------------------------------------------------------------------------

    def _man(self, working: int, now: datetime) -> None:
        """Let as many couriers begin as the hour wants; each works for about three hours."""
        soon = max(self._rate(now), self._rate(now + timedelta(minutes=30)))
        for _ in range(math.ceil(_COURIERS_PER_BASKET * soon) - working):
            courier_id = f"{self.zone_id}:courier-{next(self._numbers)}"
            place = self._around(self._chance.choice(self._shops), 1500.0)
            shift = StartShift(
                actor=Actor(account_id=courier_id, role="courier"),
                shift_id=f"{courier_id}.1",
                zone_id=self.zone_id,
                ends_at=now + timedelta(minutes=self._chance.uniform(120, 240)),
                position=place,
            )
            self._do(lambda s, c, who=courier_id: operating.approve_courier(_OPERATOR, who, store=s, clock=c))
            self._do(lambda s, c, begun=shift: riding.start_shift(begun, store=s, clock=c))
            self._places[courier_id] = place

    def _answer(self, offer_id: str, courier_id: str) -> None:
        command = AnswerOffer(actor=Actor(account_id=courier_id, role="courier"), offer_id=offer_id)
        answer = riding.decline_offer if self._chance.random() < _DECLINED else riding.accept_offer
        self._do(lambda store, clock: answer(command, store=store, clock=clock))

    def _move(self, courier: Courier, now: datetime) -> bool:
        """What the courier does next, if it happens by now."""
        ride = self._rides.get(courier.courier_id)
        if ride is not None and all(stop.stop_id != ride.stop_id for stop in courier.route):
            # The stop became another courier's: on from here.
            self._places[courier.courier_id] = self._whereabouts(courier.courier_id, now)
            del self._rides[courier.courier_id]
            ride = None
        if ride is None:
            if not courier.route:
                return False
            begun = self._rides[courier.courier_id] = self._ride(courier, now)
            return begun.arrives <= now
        if ride.done is None:
            if ride.arrives > now:
                return False
            self._at_stop(riding.arrive, courier.courier_id, ride.stop_id)
            stop = self._stops[ride.stop_id]
            opens = ride.arrives
            if stop.kind is StopKind.PICKUP:
                opens = max(opens, self._orders[ride.order_id].ready[stop.store_order_id or ""])
            ride.done = opens + timedelta(minutes=self.zone.settings.pickup_service_minutes)
            return True
        if ride.done > now:
            return False
        self._at_stop(partial(riding.complete, code_of=str), courier.courier_id, ride.stop_id)
        self.delivered += self._stops[ride.stop_id].kind is StopKind.DROP_OFF
        self._places[courier.courier_id] = self._stops[ride.stop_id].place
        del self._rides[courier.courier_id]
        courier.leave_out({ride.stop_id})
        return True

    def _ride(self, courier: Courier, now: datetime) -> _Ride:
        following = courier.route[0]
        start, goal = self._places[courier.courier_id], self._stops[following.stop_id].place
        minutes = math.ceil(start.metres_to(goal) / self.zone.settings.metres_per_minute)
        return _Ride(
            stop_id=following.stop_id,
            order_id=following.order_id,
            start=start,
            left=now,
            arrives=now + timedelta(minutes=minutes),
        )

    def _at_stop(self, act: Any, courier_id: str, stop_id: str) -> None:
        command = AtStop(actor=Actor(account_id=courier_id, role="courier"), stop_id=stop_id, proof={})
        self._do(lambda store, clock: act(command, store=store, clock=clock))

    def _report(self, couriers: Iterable[str], now: datetime) -> None:
        """Where everybody is by now."""
        with self.database.relaxed() as connection:
            sightings = SqlSightings(connection)
            for courier_id in couriers:
                sightings.see(courier_id, Sighting(place=self._whereabouts(courier_id, now), at=now))

    def _whereabouts(self, courier_id: str, now: datetime) -> Position:
        ride = self._rides.get(courier_id)
        if ride is None:
            return self._places[courier_id]
        whole = (ride.arrives - ride.left).total_seconds()
        share = min(1.0, (now - ride.left).total_seconds() / whole) if whole else 1.0
        goal = self._stops[ride.stop_id].place
        return Position(
            lat=ride.start.lat + share * (goal.lat - ride.start.lat),
            lon=ride.start.lon + share * (goal.lon - ride.start.lon),
        )

    # -- inside --------------------------------------------------------------------------------------------

    def _look(self) -> tuple[dict[str, Courier], list[Any]]:
        here = {"zone_id": self.zone_id}
        with self.database.read() as connection:
            couriers = connection.execute(text("SELECT * FROM courier WHERE zone_id = :zone_id"), here)
            found = {row["courier_id"]: courier_of(row) for row in couriers.mappings()}
            asked = connection.execute(
                text("SELECT * FROM offer WHERE zone_id = :zone_id AND status = 'open'"), here
            )
            return found, [offer_of(row) for row in asked.mappings()]

    def _tell(self, *facts: orders.Fact) -> None:
        self._do(lambda store, clock: orders.take_facts(facts, store=store, clock=clock))

    def _do(self, act: Any) -> None:
        self.database.run(lambda tx: act(SqlStore(tx), self.clock))

    def _somewhere(self) -> Position:
        # Shops lie closer together towards the middle.
        spread = _SIDE_M / 5
        while True:
            place = self._beside(_MIDDLE, self._chance.gauss(0, spread), self._chance.gauss(0, spread))
            if self.zone.covers(place):
                return place

    def _around(self, middle: Position, spread: float) -> Position:
        while True:
            place = self._beside(middle, self._chance.gauss(0, spread), self._chance.gauss(0, spread))
            if self.zone.covers(place):
                return place

    @staticmethod
    def _beside(place: Position, east: float, north: float) -> Position:
        wide = DEGREE_M * math.cos(math.radians(place.lat))
        return Position(lat=place.lat + north / DEGREE_M, lon=place.lon + east / wide)


_OPERATOR = Actor(account_id="operator-1", role="operator")
