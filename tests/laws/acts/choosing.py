"""Which part of an order an act is about."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from services.ordering.domain.commands import (
    Actor,
)
from services.ordering.domain.store_order import StoreOrder, StoreStatus
from tests.laws.life import Life


def part(life: Life, random: Random, fit: Collection[StoreStatus] = ()) -> StoreOrder:
    """A part whose status is fit for what follows, mostly; any part now and then."""
    stores = life.order.stores
    ready = [store for store in stores if store.status in fit]
    return random.choice(ready if ready and random.random() < 0.85 else stores)


def merchant(store: StoreOrder) -> Actor:
    return Actor(account_id=store.merchant_id, role="merchant")
