"""The same platform, with what it knows and the same people, at another time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import httpx

from linli.stack.platform import Platform, Wish
from shared.kernel.clock import AcceleratedClock
from tests.journeys.people import Neighbourhood, Person, ShopOfTown


@contextmanager
def running_at(
    moment: datetime, name: str, *, speed: float, settings: Mapping[str, str] | None = None
) -> Iterator[Platform]:
    """The platform of that name, embedded, from a moment on; the next time it knows what it knew."""
    clock = AcceleratedClock(moment, time.time(), speed).to_environment()
    wish = Wish(kind="embedded", name=name, clock=clock, settings=dict(settings or {}))
    platform = Platform(wish, lambda _step: None)
    try:
        platform.start()
        yield platform
    finally:
        platform.stop()


@contextmanager
def back_in(town: Neighbourhood, platform: Platform) -> Iterator[Neighbourhood]:
    """The people of ``town``, on the platform as it runs now."""
    with httpx.Client(base_url=platform.base_url, timeout=20) as http:

        def again(person: Person) -> Person:
            return Person(http, person.account_id, person._headers["Authorization"].removeprefix("Bearer "))

        shops = [
            ShopOfTown(shop_id=shop.shop_id, merchant=again(shop.merchant), listing_ids=shop.listing_ids)
            for shop in town.shops
        ]
        yield Neighbourhood(
            platform=platform,
            http=http,
            zone_id=town.zone_id,
            lat=town.lat,
            operator=again(town.operator),
            customer=again(town.customer),
            courier=again(town.courier),
            shops=shops,
        )
