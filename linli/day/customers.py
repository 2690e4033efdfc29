"""A customer of the day: fills one basket from the shops, places it, pays, waits, and opens the door."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from linli.day.api import ApiRefusal
from linli.day.merchants import Merchants
from linli.day.town import FINAL, Record, Town, store_orders_of

MOST_ATTEMPTS = 4
# A refusal after which a person would simply try the basket again a little later.
_TRY_AGAIN = frozenset(
    {
        "quote-expired",
        "price-changed",
        "slot-full",
        "hold-released",
        "placement-gave-up",
    }
)
# How the provider is asked to behave when an order is paid for the first time.
_FIRST_ATTEMPT = {"late": "late_success", "twice": "double_success"}


async def play_customer(town: Town, merchants: Merchants, record: Record) -> None:
    """From the click to the door, or to whatever else ends the order."""
    await town.time.until(record.order.placed_minute)
    while True:
        record.attempts += 1
        try:
            order = await _order_and_pay(town, record)
        except ApiRefusal as refusal:
            if refusal.code in _TRY_AGAIN and record.attempts < MOST_ATTEMPTS:
                town.surprise(f"ordered again after {refusal.code}")
                await asyncio.sleep(town.time.seconds(1))
                continue
            record.status, record.note = "refused", str(refusal)
            return
        if order["status"] == "expired" and record.attempts < MOST_ATTEMPTS:
            town.surprise("ordered again after an unpaid order expired")
            continue
        break
    if record.status in FINAL:
        return
    for part in store_orders_of(order):
        merchants.tell(record, part)
    await _wait_for_the_end(town, record, merchants)


async def _order_and_pay(town: Town, record: Record) -> Mapping[str, Any]:
    day_order, attempt = record.order, str(record.attempts)
    name = day_order.order
    customer = town.cast.customers[day_order.customer]
    basket: dict[str, Any] = {
        "lines": [
            {
                "listing_id": town.cast.listing_ids[line.listing],
                "quantity": line.quantity,
                **_promoted(record, number),
                **({"if_missing": "substitute"} if record.plan == "substitute" else {}),
            }
            for number, line in enumerate(day_order.lines)
        ],
        "drop_off": {
            **day_order.drop_off.to_wire(),
            "address": f"door of {day_order.customer}",
            "contact": "021-5555-0100",
        },
        "slot_id": record.slot_id,
    }
    if record.coupon_codes:
        basket["coupon_codes"] = list(record.coupon_codes)
    if record.tip:
        basket["tip"] = {"amount": record.tip, "currency": town.day.currency}
    if record.if_missing is not None:
        basket["lines"] = [line | {"if_missing": record.if_missing} for line in basket["lines"]]
    quote = await town.api.post("/v1/quotes", customer, town.key("quote", name, attempt), basket)
    if record.placed_at is None:
        record.placed_at = town.time.minute()
    order = await town.api.post(
        "/v1/orders", customer, town.key("order", name, attempt), {"quote_id": quote["quote_id"]}
    )
    record.order_id = str(order["order_id"])
    town.by_order_id[record.order_id] = record
    for part in store_orders_of(order):
        record.handed_over[str(part["store_order_id"])] = asyncio.Event()
    if record.plan == "fail-first":
        await _pay(town, record, "failure")
        await _until_payment_is_known(town, record)
    # Money that comes after the order has run out goes back by itself; the second time it comes in time.
    scenario = _FIRST_ATTEMPT.get(record.plan, "success") if record.attempts == 1 else "success"
    await _pay(town, record, scenario)
    return await _until_paid(town, record)


def _promoted(record: Record, number: int) -> dict[str, str]:
    code = record.promotion_codes.get(number)
    return {} if code is None else {"promotion_code": code}


async def _pay(town: Town, record: Record, scenario: str) -> None:
    customer = town.cast.customers[record.order.customer]
    key = town.key("payment", record.order.order, str(record.attempts), scenario)
    body = {"method": record.method, "scenario": scenario}
    try:
        await town.api.post(f"/v1/orders/{record.order_id}/payments", customer, key, body)
    except ApiRefusal as refusal:
        # The order ran out while the platform was away; the caller sees its state next.
        if refusal.status != 409:
            raise
        town.surprise(f"payment refused: {refusal.code}")


async def look(town: Town, record: Record) -> Mapping[str, Any]:
    """The order as its customer sees it now; the record remembers it."""
    customer = town.cast.customers[record.order.customer]
    order: Mapping[str, Any] = await town.api.get(f"/v1/orders/{record.order_id}", customer)
    record.status = str(order["status"])
    if not record.paid and order.get("paid_at") is not None:
        record.paid, record.paid_at = True, town.time.minute()
    record.total = _amount(order.get("total"))
    record.refunded = _amount(order.get("refunded"))
    return order


async def _until_payment_is_known(town: Town, record: Record) -> None:
    pause = 0.1
    for _ in range(12):
        await asyncio.sleep(pause)
        order = await look(town, record)
        if order["status"] != "pending_payment" or order.get("payment_status") in {"failed", "succeeded"}:
            return
        pause = min(pause * 1.5, 1.0)
    town.surprise("a payment's failure was not seen")


async def _until_paid(town: Town, record: Record) -> Mapping[str, Any]:
    """The order once it has left pending_payment: the provider tells of the money a little later."""
    pause = 0.12
    while True:
        await asyncio.sleep(pause)
        order = await look(town, record)
        if order["status"] != "pending_payment":
            return order
        pause = min(pause * 1.5, 2.0)


async def _wait_for_the_end(town: Town, record: Record, merchants: Merchants) -> None:
    """Until the order's last state: told by the bell at the door, or found by looking now and then.

    Somebody whose order nobody brings gives up after the longest time the day allows, and cancels.
    """
    chance = town.chance("patience", record.order.order)
    asked_to_cancel = False
    if record.plan == "cancel":
        await asyncio.sleep(town.time.seconds(chance.uniform(1, 4)))
        await _cancel(town, record, "changed my mind")
    gives_up_at = (record.placed_at or 0) + 1.5 * town.day.rules.maximum_click_to_door_minutes
    pause = max(5.0, town.time.seconds(30))
    while True:
        try:
            await asyncio.wait_for(record.at_the_door.wait(), pause * chance.uniform(0.8, 1.2))
            pause = 0.25 if pause > 2 else min(pause * 1.5, 2.0)
            await asyncio.sleep(pause)
        except TimeoutError:
            pass
        order = await look(town, record)
        if record.status in FINAL:
            return
        if record.at_the_door.is_set():
            continue
        for part in store_orders_of(order):
            if part["status"] == "placed":
                merchants.tell(record, part)
        if town.time.minute() > gives_up_at and not asked_to_cancel:
            asked_to_cancel = await _cancel(town, record, "nobody came")
            gives_up_at = town.time.minute() + 10


async def _cancel(town: Town, record: Record, reason: str) -> bool:
    customer = town.cast.customers[record.order.customer]
    key = town.key("cancel", record.order.order, reason, f"{town.time.minute():.0f}")
    try:
        await town.api.post(f"/v1/orders/{record.order_id}/cancel", customer, key, {"reason": reason})
    except ApiRefusal as refusal:
        town.surprise(f"cancelling refused: {refusal.code}")
        return False
    record.note = reason
    return True


def _amount(money: object) -> int:
    return int(money["amount"]) if isinstance(money, dict) else 0
