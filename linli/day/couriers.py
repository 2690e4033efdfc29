"""A courier of the day: starts the shift, accepts what is offered, drives, rings, and goes home.

A courier at rest asks nothing. What is offered and where couriers are told to wait stands on the operator's
board; one watcher looks at it often and wakes them. Only then does a courier ask for its own route, as a push
message would make it do.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

from linli.day.api import ApiRefusal, OutOfPatience, Person
from linli.day.format import DayCourier, Position
from linli.day.town import CourierRecord, Town

BOARD_EVERY = 0.2
# Even without a sign, a courier looks at the own route this often (seconds of the wall).
LOOKS_EVERY = 15.0
REPORTS_EVERY_MINUTES = 2.0
REPORTS_EVERY_SECONDS = 2.0

Stop = Mapping[str, Any]


async def watch_board(town: Town) -> None:
    """Wake the couriers who were not told of their offer, or where to wait, yet; never ends by itself."""
    told: set[str] = set()
    while True:
        try:
            board = await town.api.get("/v1/dispatch/board", town.cast.operator, zone_id=town.cast.zone_id)
        except ApiRefusal as refusal:
            town.surprise(f"board met {refusal.code}")
            await asyncio.sleep(1.0)
            continue
        for offer in board.get("offers", []):
            offer_id = str(offer["offer_id"])
            if offer_id not in told:
                told.add(offer_id)
                town.hint(str(offer["courier_id"])).set()
        for courier in board.get("couriers", []):
            if wait := courier.get("wait_at"):
                word = f"{courier['courier_id']} {wait['since']}"
                if word not in told:
                    told.add(word)
                    town.hint(str(courier["courier_id"])).set()
        await asyncio.sleep(BOARD_EVERY)


async def play_courier(town: Town, courier: DayCourier) -> None:
    """One shift, from the on minute until the last stop after the off minute."""
    await town.time.until(courier.on_minute)
    shift = _Shift(town, courier)
    await shift.start()
    phone = asyncio.create_task(shift.watch_phone())
    try:
        await shift.work()
    finally:
        shift.record.off_at = town.time.minute()
        phone.cancel()


class _Shift:
    def __init__(self, town: Town, courier: DayCourier) -> None:
        self.town = town
        self.courier = courier
        self.person: Person = town.cast.couriers[courier.courier]
        self.place = courier.position
        self.hint = town.hint(self.person.account_id)
        self.record = town.couriers.setdefault(courier.courier, CourierRecord(courier=courier.courier))
        self.answered: set[str] = set()
        self.stops: list[Stop] = []
        self.wait_at: Mapping[str, Any] | None = None
        self.free_at: float | None = None
        self.changed = asyncio.Event()
        town.wakes.append(self.changed)
        self.looking = asyncio.Lock()

    async def start(self) -> None:
        body = {
            "zone_id": self.town.cast.zone_id,
            "ends_at": self.town.time.wire(self.courier.off_minute),
            "position": self.place.to_wire(),
        }
        for attempt in range(20):
            key = self.town.key("shift", self.courier.courier, str(attempt))
            try:
                await self.town.api.post("/v1/courier/shift", self.person, key, body)
                break
            except ApiRefusal as refusal:
                # The platform may not know yet that this courier was approved.
                self.town.surprise(f"starting a shift met {refusal.code}")
                await asyncio.sleep(0.5)
        self.record.on_at = self.town.time.minute()

    async def work(self) -> None:
        chance = self.town.chance("courier", self.courier.courier)
        while True:
            if self.stops:
                await self.visit(self.stops[0])
                await self.look()
                continue
            self.free_at = None
            if self.town.closed.is_set() or self.town.time.minute() >= self.courier.off_minute:
                if await self.end():
                    return
                await asyncio.sleep(2.0)
                continue
            if self.wait_at is not None and self.place != _position(self.wait_at):
                await self.go_and_wait(self.wait_at)
                continue
            left = self.town.time.seconds(self.courier.off_minute - self.town.time.minute())
            if not await self.rest(min(max(left, 0.05), LOOKS_EVERY * chance.uniform(0.8, 1.2))):
                await self.look()

    async def watch_phone(self) -> None:
        """Answer offers as they come, be it on the road, at a counter or at a door."""
        while True:
            await self.hint.wait()
            try:
                await self.look()
            except ApiRefusal as refusal:
                self.town.surprise(f"looking at the route met {refusal.code}")
            except OutOfPatience:
                self.town.surprise("a courier's phone ran out of patience")

    async def rest(self, seconds: float) -> bool:
        """Wait until there is another next stop, no longer than this; is there one?"""
        self.changed.clear()
        try:
            await asyncio.wait_for(self.changed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def end(self) -> bool:
        try:
            await self.town.api.delete("/v1/courier/shift", self.person)
        except ApiRefusal as refusal:
            if refusal.code == "no-shift":
                # It was over: the platform ends a shift by itself when its time has come.
                return True
            self.town.surprise(f"ending a shift met {refusal.code}")
            return False
        return True

    async def look(self) -> None:
        """Accept every offer that is on the screen, then see which stops are left."""
        async with self.looking:
            while True:
                self.hint.clear()
                route = await self.town.api.get("/v1/courier/route", self.person)
                offers = [x for x in route.get("offers", []) if str(x["offer_id"]) not in self.answered]
                for offer in offers:
                    await self.accept(str(offer["offer_id"]))
                if not offers:
                    break
            before, wait = self.stops[0]["stop_id"] if self.stops else None, self.wait_at
            self.stops = [x for x in route.get("stops", []) if x["status"] in {"pending", "arrived"}]
            self.wait_at = route.get("wait_at")
            if before != (self.stops[0]["stop_id"] if self.stops else None) or wait != self.wait_at:
                self.changed.set()

    async def still_has(self, stop: Stop) -> bool:
        """Whether this stop is still on the route."""
        await self.look()
        return any(x["stop_id"] == stop["stop_id"] for x in self.stops)

    async def accept(self, offer_id: str) -> None:
        self.answered.add(offer_id)
        try:
            await self.town.api.post(
                f"/v1/offers/{offer_id}/accept", self.person, self.town.key("accept-offer", offer_id)
            )
        except ApiRefusal as refusal:
            # Answered too late: it lies with somebody else by now.
            self.record.offers_missed += 1
            self.town.surprise(f"accepting an offer met {refusal.code}")
            return
        self.record.offers_accepted += 1

    async def visit(self, stop: Stop) -> None:
        """Drive to the stop and do what is to be done there; come back early when the route has changed.

        Legs and service take the day's minutes from when they physically begin: a courier does not stand
        still while the phone waits for an answer.
        """
        if stop["status"] == "pending":
            if not await self.drive(stop):
                return
            if not await self.at_stop(stop, "arrive", {}):
                return
        rules, pickup = self.town.day.rules, stop["kind"] == "pickup"
        begins = self.town.time.minute() if self.free_at is None else self.free_at
        if pickup:
            begins = max(begins, await self.wait_for_goods(stop))
        done_at = begins + (rules.pickup_service_minutes if pickup else rules.drop_off_service_minutes)
        await self.town.time.until(done_at)
        proof = {"proof": {"given_to": "courier" if pickup else "customer"}}
        next_known = len(self.stops) > 1
        while not await self.at_stop(stop, "complete", proof):
            if not await self.still_has(stop):
                break
            await asyncio.sleep(max(0.2, self.town.time.seconds(0.5)))
            done_at = self.town.time.minute()
        # Who knows the next stop sets off at once; who does not stands there until there is one.
        self.free_at = done_at if next_known else None
        self.record.stops += 1
        record = self.town.by_order_id.get(str(stop["order_id"]))
        if not pickup and record is not None:
            # Whether it counts as delivered is for the customer to find out from the platform; of what two
            # couriers bring, the last door counts.
            record.delivered_at = max(done_at, record.delivered_at or done_at)
            record.at_the_door.set()

    async def drive(self, stop: Stop) -> bool:
        """Travel to the stop; False when another stop has come before this one."""

        def is_next() -> bool:
            return bool(self.stops) and self.stops[0]["stop_id"] == stop["stop_id"]

        left_at = self.town.time.minute() if self.free_at is None else self.free_at
        self.free_at = None
        arrived_at = await self.ride(_position(stop), left_at, is_next)
        if arrived_at is None:
            return False
        self.free_at = arrived_at
        return True

    async def go_and_wait(self, wait: Mapping[str, Any]) -> None:
        """Travel to where the platform says that customers will be, until there is something else to do."""

        def is_free() -> bool:
            closed = self.town.closed.is_set() or self.town.time.minute() >= self.courier.off_minute
            return not closed and not self.stops and self.wait_at == wait

        if await self.ride(_position(wait), self.town.time.minute(), is_free) is not None:
            await self.report_position()

    async def ride(self, goal: Position, left_at: float, goes_on: Callable[[], bool]) -> float | None:
        """Travel in a straight line in whole minutes: the minute of arrival; None when it was broken off."""
        start = self.place
        metres = start.metres_to(goal)
        minutes = math.ceil(metres / self.town.day.rules.metres_per_minute - 1e-9)
        report_every = max(self.town.time.seconds(REPORTS_EVERY_MINUTES), REPORTS_EVERY_SECONDS)
        while (left := left_at + minutes - self.town.time.minute()) > 0:
            if goes_on():
                await self.rest(min(self.town.time.seconds(left), report_every))
            gone = min((self.town.time.minute() - left_at) / minutes, 1.0)
            self.place = start.towards(goal, gone)
            if not goes_on():
                self.record.metres += metres * gone
                return None
            if gone < 1.0:
                await self.report_position()
        self.place = goal
        self.record.metres += metres
        return left_at + minutes

    async def report_position(self) -> None:
        try:
            await self.town.api.put("/v1/courier/position", self.person, self.place.to_wire())
        except ApiRefusal as refusal:
            self.town.surprise(f"reporting a position met {refusal.code}")

    async def wait_for_goods(self, stop: Stop) -> float:
        """Stand at the counter until the shop hands the goods over, or the stop is taken off the route.

        Gives the minute from which the goods lay there.
        """
        record = self.town.by_order_id.get(str(stop["order_id"]))
        store_order_id = str(stop.get("store_order_id"))
        handed = record.handed_over.get(store_order_id) if record else None
        while handed is not None and not handed.is_set():
            try:
                await asyncio.wait_for(handed.wait(), max(2.0, self.town.time.seconds(5)))
            except TimeoutError:
                if not await self.still_has(stop):
                    break
        return record.packed_at.get(store_order_id, 0.0) if record else 0.0

    async def at_stop(self, stop: Stop, verb: str, body: Mapping[str, Any]) -> bool:
        path = f"/v1/stops/{stop['stop_id']}/{verb}"
        # A refusal is kept under its key, so asking again later needs another one.
        key = self.town.key(verb, str(stop["stop_id"]), f"{self.town.time.minute():.1f}")
        try:
            await self.town.api.post(path, self.person, key, body)
        except ApiRefusal as refusal:
            self.town.surprise(f"{verb} at a {stop['kind']} met {refusal.code}")
            return False
        return True


def _position(of: Mapping[str, Any]) -> Position:
    return Position(lat=of["position"]["lat"], lon=of["position"]["lon"])
