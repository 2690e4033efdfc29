"""What the simulated people of a day share: the clock, the API, what they see of each other, the records.

People act on what the platform tells them. What they see with their own eyes (a shop hands goods over, a
courier stands at the door) passes between them here, as it would in the street.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from linli.day.api import Api
from linli.day.format import Day, DayOrder
from linli.day.importing import Cast
from linli.day.timeline import Timeline
from shared.kernel.ids import derived_id

FINAL = frozenset({"delivered", "completed", "cancelled", "expired"})


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How often people do more than order, pay and receive: shares of all orders, drawn by `seed`.

    `lines_promoted` is a share of all lines."""

    seed: int = 1
    payment_fails_first: float = 0.02
    payment_comes_late: float = 0.01
    customer_cancels: float = 0.005
    shop_rejects: float = 0.01
    shop_refunds: float = 0.01
    shop_substitutes: float = 0.0
    lines_promoted: float = 0.0
    payment_comes_twice: float = 0.0


@dataclass(kw_only=True)
class Record:
    """What became of one order of the day, as its customer and courier saw it."""

    order: DayOrder
    plan: str = "plain"
    coupon_codes: tuple[str, ...] = ()
    promotion_codes: Mapping[int, str] = field(default_factory=dict)
    slot_id: str = "asap"
    tip: int = 0
    method: str = "sandbox"
    if_missing: str | None = None
    order_id: str | None = None
    status: str = "not placed"
    placed_at: float | None = None
    paid: bool = False
    paid_at: float | None = None
    delivered_at: float | None = None
    attempts: int = 0
    total: int = 0
    refunded: int = 0
    note: str = ""
    handed_over: dict[str, asyncio.Event] = field(default_factory=dict)
    packed_at: dict[str, float] = field(default_factory=dict)
    at_the_door: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def final(self) -> bool:
        return self.status in FINAL or self.status == "refused"


@dataclass(kw_only=True)
class CourierRecord:
    courier: str
    on_at: float | None = None
    off_at: float | None = None
    metres: float = 0.0
    stops: int = 0
    offers_accepted: int = 0
    offers_missed: int = 0


@dataclass(kw_only=True)
class Town:
    day: Day
    cast: Cast
    api: Api
    time: Timeline
    habits: Habits
    run: str
    records: dict[str, Record]
    couriers: dict[str, CourierRecord] = field(default_factory=dict)
    by_order_id: dict[str, Record] = field(default_factory=dict)
    hints: dict[str, asyncio.Event] = field(default_factory=dict)
    wakes: list[asyncio.Event] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    surprises: Counter[str] = field(default_factory=Counter)

    def key(self, *parts: str) -> str:
        """An Idempotency-Key of this run: the same wish always carries the same one."""
        return derived_id("day-run", self.run, *parts)

    def chance(self, *parts: str) -> random.Random:
        """Luck that depends on the seed and on what it is about, never on timing."""
        return random.Random(derived_id("day-chance", str(self.habits.seed), *parts))

    def hint(self, courier_id: str) -> asyncio.Event:
        return self.hints.setdefault(courier_id, asyncio.Event())

    def surprise(self, what: str) -> None:
        """Count something that a person met and could live with, for the report."""
        self.surprises[what] += 1

    @property
    def all_final(self) -> bool:
        return all(record.final for record in self.records.values())


def plans_of(day: Day, habits: Habits) -> dict[str, str]:
    """Which order goes which way, fixed by the seed: the shares are met to within one order."""
    names = [order.order for order in day.orders]
    random.Random(habits.seed).shuffle(names)
    plans = dict.fromkeys(names, "plain")
    multi = {order.order for order in day.orders if order.is_multi_shop}
    shares = {
        "reject": habits.shop_rejects,
        "refund": habits.shop_refunds,
        "substitute": habits.shop_substitutes,
        "cancel": habits.customer_cancels,
        "fail-first": habits.payment_fails_first,
        "late": habits.payment_comes_late,
        "twice": habits.payment_comes_twice,
    }
    # A rejected part is most telling where other shops of the same order go on.
    left = sorted(names, key=lambda name: name not in multi) if multi else names
    for plan, share in shares.items():
        for _ in range(min(len(left), int(share * len(names) + 0.5))):
            plans[left.pop(0)] = plan
    return plans


def store_orders_of(order: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = order.get("store_orders")
    return list(found) if isinstance(found, list) else []
