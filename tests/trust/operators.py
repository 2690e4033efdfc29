"""Operators who meddle: they pause the zone, decide by hand, lend couriers, and put all of it right again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from linli.day.api import ApiRefusal, OutOfPatience, Person
from linli.day.town import Town
from shared.kernel.ids import derived_id

# Seconds of the wall: every so often something is done, and it lasts so long.
_BETWEEN = (0.2, 2.0)
_LASTS = (0.5, 2.5)
_LOOKS = 8
_SLOT_MINUTES = 5.0
_SLOT_ROOM = 4
Act = Callable[[str], Awaitable[None]]


@dataclass(kw_only=True)
class Operators:
    """What the seed has them do, one after the other; couriers' own breaks are drawn here as well."""

    town: Town
    next_door: str
    chance: random.Random
    done: int = 0
    slots: list[tuple[str, float]] = field(default_factory=list)
    """Open slots, each with the minute in which it begins."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def meddle(self) -> None:
        """Until it is ``over``, and every kind once in any case; then everything is put right again."""
        acts: Sequence[tuple[Act, int]] = (
            (self._pause, 1),
            (self._give, 3),
            (self._take_back, 3),
            (self._transfer, 3),
            (self._split, 3),
            (self._lend, 2),
            (self._break, 2),
            (self._open_slot, 2),
            (self._say_what_a_slot_takes, 1),
        )
        kinds, weights = [act for act, _ in acts], [weight for _, weight in acts]
        # However short it is, everything is done once.
        first = self.chance.sample(kinds, len(kinds))
        while first or not self.over.is_set():
            await self._wait(*_BETWEEN)
            self.done += 1
            act = first.pop() if first else self.chance.choices(kinds, weights)[0]
            try:
                await act(str(self.done))
            except ApiRefusal as refusal:
                # Seen a moment ago on the board, and over by now.
                self.town.surprise(f"an operator met {refusal.code}")
            except OutOfPatience:
                self.town.surprise("an operator gave up")
        await self._put_right()

    def slot_for(self, chance: random.Random) -> str | None:
        """A slot that still can be chosen."""
        soonest = self.town.time.minute() + 1
        coming = [slot_id for slot_id, begins in self.slots if begins > soonest]
        return chance.choice(coming) if coming else None

    async def _pause(self, number: str) -> None:
        zone = f"/v1/zones/{self.town.cast.zone_id}"
        try:
            await self._post(f"{zone}/pause", number, {"reason": "a look at the map"})
            await self._lasts()
        finally:
            await self._surely(lambda: self._post(f"{zone}/resume", number, {}))

    async def _give(self, number: str) -> None:
        board = await self._board()
        waiting = [one for one in board["deliveries"] if one["status"] in {"waiting", "planned"}]
        await self._decide(number, "assign", waiting, board, named=True)

    async def _take_back(self, number: str) -> None:
        board = await self._board()
        await self._decide(number, "take-back", _assigned(board), board, named=False)

    async def _transfer(self, number: str) -> None:
        board = await self._board()
        await self._decide(number, "transfer", _assigned(board), board, named=True)

    async def _decide(
        self,
        number: str,
        act: str,
        deliveries: Sequence[Mapping[str, Any]],
        board: Mapping[str, Any],
        *,
        named: bool,
    ) -> None:
        if not deliveries or not board["couriers"]:
            return
        body = {"reason": "the regular customer asked for it"}
        if named:
            body["courier_id"] = str(self.chance.choice(board["couriers"])["courier_id"])
        chosen = self.chance.choice(deliveries)
        if chosen.get("delivery_id"):
            # Of an order that was split, the trip that was looked at.
            body["delivery_id"] = str(chosen["delivery_id"])
        await self._post(f"/v1/dispatch/deliveries/{chosen['order_id']}/{act}", number, body)

    async def _split(self, number: str) -> None:
        """Some parts of an order over several shops come with another courier, as soon as there is one."""
        for look in range(_LOOKS):
            board = await self._board()
            several = [one for one in board["deliveries"] if _may_be_split(one)]
            if several and await self._split_one(f"{number}-{look}", self.chance.choice(several)["order_id"]):
                return
            if self.over.is_set() and not several:
                return
            await asyncio.sleep(self.chance.uniform(*_LASTS) / 2)

    async def _split_one(self, number: str, order_id: str) -> bool:
        """Whether it may be split; the next one may, where this one is paid at the door or was collected."""
        order = await self.town.api.get(f"/v1/orders/{order_id}", self.town.cast.operator)
        to_come = {"placed", "accepted", "ready"}
        parts = [part for part in order["store_orders"] if part["status"] in to_come]
        if len(parts) < 2 or int(order["to_collect"]["amount"]):
            return False
        moved = self.chance.sample(parts, self.chance.randint(1, len(parts) - 1))
        body = {
            "store_order_ids": [str(part["store_order_id"]) for part in moved],
            "reason": "one of the shops has just begun",
        }
        try:
            await self._post(f"/v1/dispatch/deliveries/{order_id}/split", number, body)
        except ApiRefusal as refusal:
            self.town.surprise(f"an operator met {refusal.code}")
            return False
        return True

    async def _lend(self, number: str) -> None:
        body = {
            "courier_id": self._somebody().account_id,
            "to_zone_id": self.next_door,
            "until": self.town.time.wire(self.town.time.minute() + 20),
            "reason": "they are short of people",
        }
        loan = await self._post("/v1/dispatch/loans", number, body)
        try:
            await self._lasts()
        finally:
            path = f"/v1/dispatch/loans/{loan['loan_id']}/recall"
            await self._surely(lambda: self._post(path, number, {}))

    async def _break(self, number: str) -> None:
        courier = self._somebody()
        try:
            await self.town.api.post("/v1/courier/break", courier, self._key(number, "break"), {})
            await self._lasts()
        finally:
            await self._surely(lambda: self.town.api.delete("/v1/courier/break", courier))

    async def _open_slot(self, number: str) -> None:
        begins = self.town.time.minute() + self.chance.uniform(3, 8)
        slot = {
            "starts_at": self.town.time.wire(begins),
            "ends_at": self.town.time.wire(begins + _SLOT_MINUTES),
            "capacity": self.chance.randint(1, _SLOT_ROOM),
        }
        path = f"/v1/zones/{self.town.cast.zone_id}/slots"
        opened = await self._post(path, number, {"slots": [slot]})
        self.slots += [(str(one["slot_id"]), begins) for one in opened["items"]]

    async def _say_what_a_slot_takes(self, number: str) -> None:
        slot_id = self.slot_for(self.chance)
        if slot_id is not None:
            body = {
                "kind": self.chance.choice(("cap", "fixed")),
                "capacity": self.chance.randint(0, 2 * _SLOT_ROOM),
                "reason": "a street party",
            }
            await self._post(f"/v1/slots/{slot_id}/override", number, body)

    async def _board(self) -> Mapping[str, Any]:
        zone_id = self.town.cast.zone_id
        board: Mapping[str, Any] = await self.town.api.get(
            "/v1/dispatch/board", self.town.cast.operator, zone_id=zone_id
        )
        return board

    async def _post(self, path: str, number: str, body: Mapping[str, Any]) -> Any:
        return await self.town.api.post(path, self.town.cast.operator, self._key(number, path), body)

    def _key(self, *parts: str) -> str:
        return derived_id("operators", self.town.run, *parts)

    def _somebody(self) -> Person:
        return self.town.cast.couriers[self.chance.choice(sorted(self.town.cast.couriers))]

    async def _lasts(self) -> None:
        await self._wait(*_LASTS)

    async def _wait(self, least: float, most: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), self.chance.uniform(least, most))

    async def _put_right(self) -> None:
        """What a request that nobody waited for any more did after its opposite, too."""
        zone_id, api = self.town.cast.zone_id, self.town.api
        await self._surely(lambda: self._post(f"/v1/zones/{zone_id}/resume", "last", {}))
        for courier in self.town.cast.couriers.values():
            await self._surely(partial(api.delete, "/v1/courier/break", courier))
        page = await api.get("/v1/dispatch/loans", self.town.cast.operator, zone_id=zone_id)
        for loan in page["items"]:
            if loan["status"] != "returned":
                path = f"/v1/dispatch/loans/{loan['loan_id']}/recall"
                await self._surely(partial(self._post, path, "last", {}))

    async def _surely(self, amends: Callable[[], Awaitable[Any]]) -> None:
        while True:
            try:
                await amends()
                return
            except ApiRefusal as refusal:
                self.town.surprise(f"putting something right met {refusal.code}")
                return
            except OutOfPatience:
                self.town.surprise("putting something right took long")


def _assigned(board: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in board["deliveries"] if one["status"] in {"assigned", "collecting"}]


def _may_be_split(one: Mapping[str, Any]) -> bool:
    to_come = [stop for stop in one.get("pickups") or () if stop["status"] == "pending"]
    under_way = {"waiting", "planned", "assigned", "collecting"}
    return one["status"] in under_way and one.get("trip") is None and len(to_come) > 1
