"""The neighbourhood under load, and its orders: both follow from the seed, and from nothing else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import cos, pi, sin

from linli.day.api import Api, Person
from linli.day.format import (
    METRES_PER_DEGREE,
    Day,
    DayCourier,
    DayLine,
    DayListing,
    DayOrder,
    DayShop,
    Position,
    Rules,
)
from linli.day.importing import Cast
from linli.day.town import Record
from shared.kernel.clock import Clock, to_wire
from shared.kernel.ids import derived_id

CENTRE = Position(lat=30.2741, lon=120.1551)
CURRENCY = "CNY"
PLENTY = 1_000_000
GRAMS = 480
HOT = "hot"
# Shares of all orders.
PLANS = {
    "cancel": 0.05,
    "refund": 0.05,
    "refund-all": 0.05,
    "reject": 0.02,
    "fail-first": 0.02,
    "late": 0.02,
    "twice": 0.04,
    "swap": 0.08,
    "complain": 0.12,
}
WITH_COUPON = 0.25
WITH_TIP = 0.3
PAID_AT_THE_DOOR = 0.15
# Of the lines of goods that another shop promotes.
PROMOTED = 0.6
BY_WEIGHT = 0.2
# Only at home everybody can wait for money.
_AT_THE_DOOR = frozenset({"plain", "cancel", "refund", "refund-all", "reject", "swap", "complain"})
COUPON, SHOP_COUPON = "TRUST", "CORNER"
# So many orders come at once when a burst for the hot listing begins.
BURST = 20


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the neighbourhood is."""

    shops: int = 12
    listings: int = 5
    customers: int = 200
    couriers: int = 30
    hot_stock: int = 100
    hot_buyers: int = 1_000
    coupon_uses: int = 100


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """A day without hours: its people stay for as long as the load lasts."""

    seed: int
    size: Size
    day: Day
    weighed: tuple[DayListing, ...] = ()
    """Goods that are sold by weight, one of each shop."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """By listing, the code under which another shop promotes it."""

    @property
    def sourced(self) -> dict[str, str]:
        """By listing that the platform sources, the shop next door that promotes it."""
        shops = [shop.shop for shop in self.day.shops]
        return {f"{shop}-0": shops[(n + 1) % len(shops)] for n, shop in enumerate(shops)}

    @property
    def goods(self) -> tuple[DayListing, ...]:
        return (*self.day.listings, *self.weighed)

    def order(self, number: int, minute: float) -> Record:
        """The `number`-th order: two units or so in each of three shops, and what will come of it."""
        chance = random.Random(derived_id("trust-order", str(self.seed), str(number)))
        shops = sorted(chance.sample([shop.shop for shop in self.day.shops], 3))
        lines = tuple(
            DayLine(
                listing=f"{shop}-{chance.randrange(self.size.listings)}", quantity=chance.choice((1, 2, 3, 3))
            )
            for shop in shops
        )
        luck, plan = chance.random(), "plain"
        for name, share in PLANS.items():
            luck -= share
            if luck < 0:
                plan = name
                break
        codes: tuple[str, ...] = ()
        if chance.random() < WITH_COUPON:
            codes = (COUPON, SHOP_COUPON) if chance.random() < 0.5 else (COUPON,)
        lines = tuple(
            replace(line, listing=f"{line.listing.partition('-')[0]}-w")
            if chance.random() < BY_WEIGHT
            else line
            for line in lines
        )
        order = self._day_order(f"o{number}", chance, minute, lines, shops)
        at_the_door = chance.random() < PAID_AT_THE_DOOR and plan in _AT_THE_DOOR
        return Record(
            order=order,
            plan=plan,
            coupon_codes=codes,
            promotion_codes={
                place: self.codes[line.listing]
                for place, line in enumerate(lines)
                if line.listing in self.codes and chance.random() < PROMOTED
            },
            tip=chance.randrange(1, 500) if chance.random() < WITH_TIP else 0,
            method="cash" if at_the_door else "sandbox",
            if_missing=chance.choice(("substitute", "call")) if plan == "swap" else None,
        )

    def hot_order(self, number: int, minute: float) -> Record:
        """One of the many who want the same few units: everybody in turn."""
        chance = random.Random(derived_id("trust-hot", str(self.seed), str(number)))
        lines = (DayLine(listing=HOT, quantity=1),)
        order = self._day_order(f"hot{number}", chance, minute, lines, ["s0"])
        return Record(order=replace(order, customer=f"p{number % self.size.customers}"))

    def _day_order(
        self,
        name: str,
        chance: random.Random,
        minute: float,
        lines: tuple[DayLine, ...],
        shops: list[str],
    ) -> DayOrder:
        return DayOrder(
            order=name,
            customer=f"p{chance.randrange(self.size.customers)}",
            placed_minute=minute,
            drop_off=_around(chance),
            lines=lines,
            ready_minute={shop: minute + chance.uniform(0.5, 3) for shop in shops},
        )


def neighbourhood(seed: int, size: Size, last_minute: float) -> Neighbourhood:
    """Shops, goods, couriers and customers within half a kilometre; couriers are quick, to be few."""
    chance = random.Random(seed)
    shops = tuple(
        DayShop(shop=f"s{n}", category="fruit", position=_around(chance)) for n in range(size.shops)
    )
    listings = [
        DayListing(
            listing=f"{shop.shop}-{n}",
            shop=shop.shop,
            name=f"Goods {shop.shop} {n}",
            price=chance.randrange(301, 2_999),
            stock=PLENTY,
        )
        for shop in shops
        for n in range(size.listings)
    ]
    listings.append(DayListing(listing=HOT, shop="s0", name="Hot", price=999, stock=size.hot_stock))
    couriers = tuple(
        DayCourier(courier=f"c{n}", position=_around(chance), on_minute=0, off_minute=last_minute)
        for n in range(size.couriers)
    )
    everywhere = {shop.shop: 0.0 for shop in shops}
    # The import takes customers and the reach of shops from a day's orders; nobody plays these.
    orders = tuple(
        DayOrder(
            order=f"p{n}",
            customer=f"p{n}",
            placed_minute=0,
            drop_off=_around(chance),
            lines=(),
            ready_minute=everywhere,
        )
        for n in range(size.customers)
    )
    rules = Rules(
        metres_per_minute=1_000,
        pickup_service_minutes=0.1,
        drop_off_service_minutes=0.1,
        target_click_to_door_minutes=15,
        maximum_click_to_door_minutes=60,
    )
    day = Day(
        name=f"trust {seed}",
        currency=CURRENCY,
        rules=rules,
        shops=shops,
        listings=tuple(listings),
        couriers=couriers,
        orders=orders,
    )
    weighed = tuple(
        DayListing(
            listing=f"{shop.shop}-w",
            shop=shop.shop,
            name=f"By weight {shop.shop}",
            price=chance.randrange(301, 2_999),
            stock=PLENTY,
        )
        for shop in shops
    )
    return Neighbourhood(seed=seed, size=size, day=day, weighed=weighed)


async def launch_campaigns(api: Api, cast: Cast, size: Size, clock: Clock, key: str) -> None:
    """Coupons whose budgets run out, and a reduction of one shop that does not."""
    now = clock.now()
    span = {"starts_at": to_wire(now), "ends_at": to_wire(now + timedelta(days=60))}

    def money(amount: int) -> dict[str, object]:
        return {"amount": amount, "currency": CURRENCY}

    def campaign(name: str, threshold: int, off: int, budget: int, **more: object) -> dict[str, object]:
        rule = {"threshold": money(threshold), "off": money(off)}
        return {"kind": "coupon", "name": name, "rule": rule, "budget": money(budget), **span, **more}

    uses = size.coupon_uses
    # Neither budget is a whole number of reductions.
    platform = campaign("Platform", 2_000, 501, uses * 501 + 250, code=COUPON, per_customer_limit=3)
    await api.post("/v1/campaigns", cast.operator, derived_id(key, "platform"), platform)
    for shop, merchant in sorted(cast.merchants.items()):
        path = f"/v1/shops/{cast.shop_ids[shop]}/campaigns"
        coupon = campaign(f"Coupon {shop}", 700, 97, uses * 97, code=SHOP_COUPON, total_limit=uses)
        reduction = campaign(f"Reduction {shop}", 3_000, 301, PLENTY) | {"kind": "full_reduction"}
        await api.post(path, merchant, derived_id(key, shop, "coupon"), coupon)
        if shop in {"s1", "s2"}:
            await api.post(path, merchant, derived_id(key, shop, "reduction"), reduction)


async def put_on_scales(api: Api, cast: Cast, hood: Neighbourhood, key: str) -> None:
    """Every shop offers something by weight, of about a pound a unit."""
    for listing in hood.weighed:
        body = {
            "name": listing.name,
            "category": "fruit",
            "price": {"amount": listing.price, "currency": CURRENCY},
            "stock": listing.stock,
            "unit_grams": GRAMS,
        }
        path = f"/v1/shops/{cast.shop_ids[listing.shop]}/listings"
        answer = await api.post(path, cast.merchants[listing.shop], derived_id(key, listing.listing), body)
        cast.listing_ids[listing.listing] = str(answer["listing_id"])


async def open_next_door(api: Api, cast: Cast, day: Day, key: str) -> str:
    """A zone beside the neighbourhood in which nobody lives, for couriers to be lent to; answers its id."""
    area = day.area()
    beside = area | {"west": area["east"], "east": round(area["east"] + 0.01, 6)}
    body = {"name": "next door", "area": beside}
    answer = await api.post("/v1/zones", cast.operator, derived_id(key, "next-door"), body)
    return str(answer["zone_id"])


def the_operator(login: tuple[str, str]) -> Person:
    return Person(*login)


def _around(chance: random.Random) -> Position:
    angle, reach = chance.uniform(0, 2 * pi), 500 * chance.random() ** 0.5
    return Position(
        lat=round(CENTRE.lat + reach * sin(angle) / METRES_PER_DEGREE, 6),
        lon=round(CENTRE.lon + reach * cos(angle) / (METRES_PER_DEGREE * cos(CENTRE.lat * pi / 180)), 6),
    )
