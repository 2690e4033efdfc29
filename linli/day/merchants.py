"""The merchants of the day: each accepts what comes in, packs it, and says when it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from linli.day.api import ApiRefusal, OutOfPatience
from linli.day.town import Record, Town

# How many units of the first line go back, one after the other, by the order's plan.
_REFUNDS = {"refund": 1, "refund-all": 1_000}


class Merchants:
    """All merchants together; one task for each store order that they were told of."""

    def __init__(self, town: Town, group: asyncio.TaskGroup) -> None:
        self._town = town
        self._group = group
        self._shop_names = {shop_id: name for name, shop_id in town.cast.shop_ids.items()}
        self._told: set[str] = set()
        self._refunding: dict[asyncio.Task[Any], Record] = {}

    async def finish_refunds(self, patience: float) -> None:
        """Wait until what shops give back of orders that are at the door has been given back."""
        due = [task for task, record in self._refunding.items() if record.at_the_door.is_set()]
        if due:
            await asyncio.wait(due, timeout=patience)

    def tell(self, record: Record, part: Mapping[str, Any]) -> None:
        """A store order has appeared on the shop's screen; telling twice is telling once."""
        store_order_id = str(part["store_order_id"])
        if store_order_id not in self._told:
            self._told.add(store_order_id)
            record.handed_over.setdefault(store_order_id, asyncio.Event())
            task = self._group.create_task(self._serve(record, store_order_id, str(part["shop_id"])))
            if record.plan in _REFUNDS:
                self._refunding[task] = record
                task.add_done_callback(self._refunding.pop)

    async def _serve(self, record: Record, store_order_id: str, shop_id: str) -> None:
        town = self._town
        shop = self._shop_names[shop_id]
        merchant = town.cast.merchants[shop]
        ready_minute = record.order.ready_minute[shop]
        try:
            if record.plan == "reject" and shop == min(record.order.ready_minute):
                await self._ask(merchant, store_order_id, "reject", {"reason": "sold out on the shelf"})
                return
            ready_at = town.time.wire(max(ready_minute, town.time.minute()))
            await self._ask(merchant, store_order_id, "accept", {"ready_at": ready_at})
            if record.plan == "substitute" and shop == min(record.order.ready_minute):
                await self._substitute(record, merchant, store_order_id)
            await town.time.until(ready_minute)
            record.packed_at[store_order_id] = max(ready_minute, record.paid_at or ready_minute)
            await self._ask(merchant, store_order_id, "ready", {})
        except ApiRefusal as refusal:
            # The customer cancelled meanwhile, or the order ended otherwise: the shelf keeps the goods.
            town.surprise(f"a shop met {refusal.code}")
            if refusal.status >= 500:
                self._told.discard(store_order_id)
            return
        except OutOfPatience:
            town.surprise("a shop ran out of patience")
            # Whoever finds it on the shop's screen again may tell of it again.
            self._told.discard(store_order_id)
            return
        record.handed_over[store_order_id].set()
        if record.plan in _REFUNDS and shop == min(record.order.ready_minute):
            await self._refund_by_units(record, merchant, store_order_id, _REFUNDS[record.plan])

    async def _ask(
        self, merchant: Any, store_order_id: str, verb: str, body: Mapping[str, Any], *nth: str
    ) -> Any:
        key = self._town.key(verb, store_order_id, *nth)
        return await self._town.api.post(f"/v1/store-orders/{store_order_id}/{verb}", merchant, key, body)

    async def _substitute(self, record: Record, merchant: Any, store_order_id: str) -> None:
        """A unit of the first line is missing: the shop offers something else, and the customer answers.

        Cheaper things and dearer ones; three in four customers take them.
        """
        town = self._town
        chance = town.chance("substitution", record.order.order)
        part = await town.api.get(f"/v1/store-orders/{store_order_id}", merchant)
        line = part["lines"][0]
        price = dict(line["unit_price"])
        price["amount"] = max(1, int(price["amount"]) * chance.choice((70, 85, 99, 120)) // 100)
        body = {"line_id": line["line_id"], "quantity": 1, "name": "much the same", "unit_price": price}
        offered = await self._ask(merchant, store_order_id, "substitutions", body)
        answer = "accept" if chance.random() < 0.75 else "decline"
        customer = town.cast.customers[record.order.customer]
        substitution = str(offered["substitution_id"])
        key = town.key(answer, substitution)
        await town.api.post(f"/v1/substitutions/{substitution}/{answer}", customer, key, {})

    async def _refund_by_units(self, record: Record, merchant: Any, store_order_id: str, most: int) -> None:
        """After the delivery, units of the first line were not good: the money goes back, unit by unit."""
        town = self._town
        door, closed = (asyncio.ensure_future(x.wait()) for x in (record.at_the_door, town.closed))
        try:
            await asyncio.wait({door, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            door.cancel()
            closed.cancel()
        if not record.at_the_door.is_set():
            return
        await asyncio.sleep(max(1.0, town.time.seconds(5)))
        try:
            part = await town.api.get(f"/v1/store-orders/{store_order_id}", merchant)
            line = part["lines"][0]
            body = {
                "lines": [{"line_id": line["line_id"], "quantity": 1}],
                "reason": "one unit was damaged",
            }
            for number in range(min(most, int(line["quantity"]))):
                await self._ask(merchant, store_order_id, "refunds", body, *([str(number)] if number else []))
        except ApiRefusal as refusal:
            town.surprise(f"refund refused: {refusal.code}")
        except OutOfPatience:
            town.surprise("a shop ran out of patience while refunding")
