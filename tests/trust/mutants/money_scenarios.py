"""What exposes mutants of money: a few orders in which the rule that each breaks decides something."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from linli.day.town import Record
from tests.trust.mutants.ground import Ground, Scenario
from tests.trust.neighbourhood import COUPON, SHOP_COUPON

_COUNT = 5
_PATIENCE_SECONDS = 90.0


def _of(record: Record, goods: str | None, plan: str = "plain") -> Record:
    """Three units of each line, of those ``goods`` of their shops."""
    lines = tuple(
        replace(line, quantity=3, listing=f"{line.listing.partition('-')[0]}-{goods}")
        if goods is not None
        else replace(line, quantity=3)
        for line in record.order.lines
    )
    return replace(
        record,
        order=replace(record.order, lines=lines),
        plan=plan,
        method="sandbox",
        tip=0,
        coupon_codes=(),
        promotion_codes={},
        if_missing=None,
    )


async def substitutes_are_cheaper(ground: Ground) -> None:
    """Goods that were sold with discounts are missing; what is offered for them is mostly cheaper."""
    await ground.orders(
        2 * _COUNT,
        lambda record: replace(
            _of(record, "1", "swap"), if_missing="substitute", coupon_codes=(COUPON, SHOP_COUPON)
        ),
    )


async def goods_are_weighed(ground: Ground) -> None:
    await ground.orders(_COUNT, lambda record: _of(record, "w"))


async def cases_outlast_the_window(ground: Ground) -> None:
    """Shops leave their customers' complaints to the clock, which decides when the window is over."""
    numbers: list[Record] = []

    def change(record: Record) -> Record:
        numbers.append(_of(record, None, "complain silence"))
        return numbers[-1]

    await ground.orders(3, change)
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and not all([await _is_completed(ground, one) for one in numbers]):
        await asyncio.sleep(1.0)


async def _is_completed(ground: Ground, record: Record) -> bool:
    if record.order_id is None:
        return False
    customer = ground.load.town.cast.customers[record.order.customer]
    order = await ground.load.town.api.get(f"/v1/orders/{record.order_id}", customer)
    return order["status"] in {"completed", "cancelled", "expired"}


async def platform_is_at_fault(ground: Ground) -> None:
    await ground.orders(_COUNT, lambda record: _of(record, None, "complain platform"))
    await ground.load.settle(40.0)


async def couriers_are_tipped(ground: Ground) -> None:
    await ground.orders(3, lambda record: replace(_of(record, None), tip=250))


async def cheaper_at_the_door(ground: Ground) -> None:
    """Orders that are paid at the door, and have cost less since they were made."""
    await ground.orders(_COUNT, lambda record: replace(_of(record, "w"), method="cash"))


async def promoted_goods_go_back(ground: Ground) -> None:
    """A unit of a promoted line, which a coupon of the platform made cheaper, goes back after the door."""

    def change(record: Record) -> Record:
        promoted = _of(record, "0", "refund")
        codes = {n: ground.load.hood.codes[line.listing] for n, line in enumerate(promoted.order.lines)}
        return replace(promoted, promotion_codes=codes, coupon_codes=(COUPON,))

    await ground.orders(_COUNT, change)
    await ground.load.settle(40.0)
    await asyncio.sleep(1.0)


MONEY_SCENARIOS: Mapping[str, Scenario] = {
    "substitute-at-list-price": substitutes_are_cheaper,
    "weighed-difference-kept": goods_are_weighed,
    "completed-without-cases": cases_outlast_the_window,
    "borne-by-ignored": platform_is_at_fault,
    "tip-kept": couriers_are_tipped,
    "refunded-cash-collected": cheaper_at_the_door,
    "commission-not-clawed-back": promoted_goods_go_back,
    "take-rate-of-everything": promoted_goods_go_back,
    "subsidy-stays": promoted_goods_go_back,
}
