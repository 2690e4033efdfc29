"""What goes wrong with goods: shops weigh and find things missing, customers complain, operators decide."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from linli.day.api import ApiRefusal, OutOfPatience, Person
from linli.day.customers import look
from linli.day.merchants import Merchants
from linli.day.town import Record, Town, store_orders_of
from tests.trust.neighbourhood import GRAMS

_LOOKS_EVERY_SECONDS = 0.5
ANSWERS = ("accept", "accept", "decline", "silence")
ENDINGS = ("refund", "silence", "platform", "courier", "shop", "resend", "withdraw")


class Pickers(Merchants):
    """Merchants who weigh what is weighed, and offer something else for what is missing."""

    def __init__(self, town: Town, group: asyncio.TaskGroup) -> None:
        super().__init__(town, group)
        self._records: dict[str, tuple[Record, str]] = {}

    def tell(self, record: Record, part: Mapping[str, Any]) -> None:
        self._records.setdefault(str(part["store_order_id"]), (record, str(part["shop_id"])))
        super().tell(record, part)

    async def _ask(
        self, merchant: Any, store_order_id: str, verb: str, body: Mapping[str, Any], *nth: str
    ) -> Any:
        if verb == "ready":
            await self._pick(merchant, store_order_id)
        return await super()._ask(merchant, store_order_id, verb, body, *nth)

    async def _pick(self, merchant: Person, store_order_id: str) -> None:
        town = self._town
        record, shop_id = self._records[store_order_id]
        chance = town.chance("picking", store_order_id)
        part = await town.api.get(f"/v1/store-orders/{store_order_id}", merchant)
        if part["status"] != "accepted":
            return
        scales = [line for line in part["lines"] if line["unit_grams"] is not None]
        if scales:
            weights = [{"line_id": line["line_id"], "grams": _weight(line, chance)} for line in scales]
            try:
                await self._ask(merchant, store_order_id, "weights", {"lines": weights})
            except ApiRefusal as refusal:
                town.surprise(f"weighing met {refusal.code}")
        others = [line for line in part["lines"] if line["unit_grams"] is None]
        if record.plan == "swap" and others:
            await self._swap(record, merchant, shop_id, store_order_id, others[0], chance)

    async def _swap(
        self,
        record: Record,
        merchant: Person,
        shop_id: str,
        store_order_id: str,
        line: Mapping[str, Any],
        chance: random.Random,
    ) -> None:
        """Some units are missing; cheaper things are offered for them, dearer ones, or goods of the shelf."""
        town = self._town
        body: dict[str, Any] = {
            "line_id": line["line_id"],
            "quantity": chance.randint(1, int(line["quantity"])),
        }
        shelf = self._of_shelf(shop_id, str(line["listing_id"]))
        if shelf and chance.random() < 0.5:
            body["listing_id"] = chance.choice(shelf)
        else:
            price = int(line["unit_price"]["amount"]) * chance.choice((63, 87, 99, 120)) // 100
            body |= {
                "name": "much the same",
                "unit_price": dict(line["unit_price"]) | {"amount": max(1, price)},
            }
        answer = chance.choice(ANSWERS)
        try:
            offered = await self._ask(merchant, store_order_id, "substitutions", body)
        except ApiRefusal as refusal:
            town.surprise(f"a substitute met {refusal.code}")
            return
        path = f"/v1/substitutions/{offered['substitution_id']}"
        customer = town.cast.customers.get(record.order.customer)
        if customer is not None and answer != "silence":
            try:
                await town.api.post(f"{path}/{answer}", customer, town.key(answer, path), {})
            except ApiRefusal as refusal:
                town.surprise(f"an answer met {refusal.code}")
        # Nothing is packed before it is known what.
        while (await town.api.get(path, merchant))["status"] == "proposed":
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)

    def _of_shelf(self, shop_id: str, listing_id: str) -> list[str]:
        cast = self._town.cast
        return [
            cast.listing_ids[listing.listing]
            for listing in self._town.day.listings
            if cast.shop_ids[listing.shop] == shop_id
            and listing.listing.partition("-")[2]
            and cast.listing_ids[listing.listing] != listing_id
        ]


def _weight(line: Mapping[str, Any], chance: random.Random) -> int:
    left = int(line["quantity"]) - int(line["refunded_quantity"])
    return max(1, round(GRAMS * left * chance.uniform(0.6, 1.15)))


class Complaints:
    """Customers who are not content with what came, each to one of the ends that a case can have."""

    def __init__(self, town: Town, operator: Person) -> None:
        self._town = town
        self._operator = operator
        self._shops = {shop_id: town.cast.merchants[shop] for shop, shop_id in town.cast.shop_ids.items()}

    async def complain(self, record: Record, ending: str | None = None) -> None:
        """Open a case about some units of what was delivered, and see it through."""
        town = self._town
        chance = town.chance("complaint", record.order.order)
        order = await look(town, record)
        parts = [part for part in store_orders_of(order) if part["status"] == "delivered"]
        goods = [
            (part, line, int(line["quantity"]) - int(line["refunded_quantity"]))
            for part in parts
            for line in part["lines"]
        ]
        goods = [one for one in goods if one[2] > 0]
        if not goods:
            return
        part, line, left = chance.choice(goods)
        customer = town.cast.customers[record.order.customer]
        about = {"lines": [{"line_id": line["line_id"], "quantity": left}], "reason": "damaged"}
        path = f"/v1/orders/{record.order_id}/after-sale-cases"
        key = ("case", str(record.order_id))
        opened = await self._surely("a complaint", lambda: self._post(path, customer, key, about))
        if opened is None:
            return
        # Nobody else may ask for the same units meanwhile.
        again = (*key, "again")
        await self._surely("a second complaint", lambda: self._post(path, customer, again, about))
        merchant = self._shops[str(part["shop_id"])]
        await self._see_through(
            f"/v1/after-sale-cases/{opened['case_id']}", customer, merchant, ending or chance.choice(ENDINGS)
        )

    async def hand_back(self, record: Record) -> None:
        """What was collected at the door and is owed again is given back by the platform."""
        town = self._town
        page = await town.api.get(f"/v1/orders/{record.order_id}/refunds", self._operator)
        for refund in page["items"]:
            if refund["state"] == "to_hand_back":
                path = f"/v1/refunds/{refund['refund_id']}/hand-back"
                await self._surely("handing back", lambda path=path: self._post(path, self._operator, (), {}))

    async def _see_through(self, path: str, customer: Person, merchant: Person, ending: str) -> None:
        words = {"words": "so it is"}
        steps: list[tuple[str, Person, dict[str, Any]]] = []
        if ending in {"platform", "courier", "shop"}:
            court = words | {"decision": "refund", "borne_by": ending}
            steps = [
                ("answer", merchant, words | {"decision": "reject"}),
                ("appeal", customer, words),
                ("arbitrate", self._operator, court),
            ]
        elif ending == "resend":
            steps = [
                ("answer", merchant, {"decision": "resend"}),
                ("sent", merchant, {}),
                ("confirm", customer, {"arrived": True}),
            ]
        elif ending == "withdraw":
            steps = [("withdraw", customer, words)]
        elif ending == "refund":
            steps = [("answer", merchant, {"decision": "refund"})]
        for verb, person, body in steps:
            done = await self._surely(
                verb,
                lambda verb=verb, person=person, body=body: self._post(f"{path}/{verb}", person, (), body),
            )
            if done is None:
                return

    async def _post(self, path: str, person: Person, key: tuple[str, ...], body: Mapping[str, Any]) -> Any:
        return await self._town.api.post(path, person, self._town.key(path, *key), body)

    async def _surely(self, what: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        while not self._town.closed.is_set():
            try:
                return await ask()
            except ApiRefusal as refusal:
                self._town.surprise(f"{what} met {refusal.code}")
                return None
            except OutOfPatience:
                self._town.surprise(f"{what} took long")
        return None
