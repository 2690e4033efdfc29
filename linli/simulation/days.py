"""A day's folder as a case, and what would be different: other couriers, other speeds, more orders."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from linli.day.format import Day
from linli.day.format import Position as DayPosition
from linli.failures import Failure
from linli.simulation.case import Case, Handling, Parcel, SimulatedBasket, SimulatedCourier
from services.dispatch.domain.places import Position

# How far the last drop-off may run past the end of a shift, as zones have it unless they say otherwise.
SHIFT_SLACK = 20.0
# A copy of an order is placed so many minutes earlier or later at most.
_APART = 15.0
_CHANGE = re.compile(r"([+-])(\d+(?:\.\d+)?)(%?)")
_Thing = TypeVar("_Thing")


def case_of_day(day: Day) -> Case:
    """The day as it was: shops' ready minutes are known, a stop counts once it is done."""
    rules, shops = day.rules, {shop.shop: _position(shop.position) for shop in day.shops}
    return Case(
        name=day.name,
        baskets=tuple(
            SimulatedBasket(
                basket_id=order.order,
                placed=order.placed_minute,
                parcels=tuple(
                    Parcel(shop=shop, place=shops[shop], ready=ready, estimate=ready)
                    for shop, ready in sorted(order.ready_minute.items())
                ),
                door=_position(order.drop_off),
            )
            for order in day.orders
        ),
        couriers=tuple(
            SimulatedCourier(
                courier_id=courier.courier,
                place=_position(courier.position),
                on=courier.on_minute,
                off=courier.off_minute,
            )
            for courier in day.couriers
        ),
        metres_per_minute=rules.metres_per_minute,
        handling=Handling(
            pickup_before=0.0,
            pickup_after=rules.pickup_service_minutes,
            door_before=rules.drop_off_service_minutes,
            door_after=0.0,
        ),
        target=rules.target_click_to_door_minutes,
        slack=SHIFT_SLACK,
    )


@dataclass(frozen=True, kw_only=True)
class Change:
    """More or fewer of something: ``share`` of them (a tenth is 0.1), or a ``number``; negative is fewer."""

    share: float = 0.0
    number: int = 0

    @classmethod
    def read(cls, text: str, what: str) -> Change:
        """From ``-10%``, ``+25%``, ``-2`` or ``+3``; :class:`Failure` says how it is written."""
        found = _CHANGE.fullmatch(text.strip())
        if found is None or (not found[3] and "." in found[2]):
            raise Failure(f"--{what} {text} is not a change: write -10%, +25%, -2 or +3.", exit_code=2)
        amount = float(found[1] + found[2])
        return cls(share=amount / 100) if found[3] else cls(number=int(amount))

    def of(self, count: int) -> int:
        """How many more (or, negative, fewer) that is; of a share, the nearest whole number."""
        share = self.share * count
        return self.number + math.copysign(math.floor(abs(share) + 0.5), share).__int__()


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What is different. ``unsure`` is by how many minutes shops misjudge when they are ready, typically."""

    couriers: Change = Change()
    orders: Change = Change()
    speed: float = 1.0
    unsure: float = 0.0


def changed(case: Case, what: WhatIf, seed: int) -> Case:
    """The case as it would be; who goes and who is doubled is drawn, the same for the same seed.

    A courier more is a copy of one who is there, an order more a copy at most a quarter of an hour apart.
    """
    chance = random.Random(seed)
    couriers = _more_or_fewer(case.couriers, what.couriers, chance, _copied_courier)
    baskets = _more_or_fewer(case.baskets, what.orders, chance, _copied_basket)
    if not couriers or not baskets:
        raise Failure("Nobody and nothing would be left of the day.", exit_code=2)
    if what.unsure > 0:
        baskets = [_misjudged(basket, what.unsure, chance) for basket in baskets]
    return replace(
        case,
        couriers=tuple(couriers),
        baskets=tuple(sorted(baskets, key=lambda basket: (basket.placed, basket.basket_id))),
        metres_per_minute=case.metres_per_minute * what.speed,
    )


def _more_or_fewer(
    things: Sequence[_Thing],
    change: Change,
    chance: random.Random,
    copied: Callable[[_Thing, int, random.Random], _Thing],
) -> list[_Thing]:
    more = change.of(len(things))
    if more < 0:
        kept = sorted(chance.sample(range(len(things)), max(0, len(things) + more)))
        return [things[number] for number in kept]
    drawn: list[_Thing] = []
    while len(drawn) < more:
        drawn += chance.sample(things, min(len(things), more - len(drawn)))
    return [*things, *(copied(one, number, chance) for number, one in enumerate(drawn, start=1))]


def _copied_courier(courier: SimulatedCourier, number: int, _: random.Random) -> SimulatedCourier:
    return replace(courier, courier_id=f"{courier.courier_id}+{number}")


def _copied_basket(basket: SimulatedBasket, number: int, chance: random.Random) -> SimulatedBasket:
    shift = round(max(-basket.placed, chance.uniform(-_APART, _APART)))
    parcels = tuple(
        replace(parcel, ready=parcel.ready + shift, estimate=parcel.estimate + shift)
        for parcel in basket.parcels
    )
    name = f"{basket.basket_id}+{number}"
    return replace(basket, basket_id=name, placed=basket.placed + shift, parcels=parcels)


def _misjudged(basket: SimulatedBasket, minutes: float, chance: random.Random) -> SimulatedBasket:
    parcels = tuple(
        replace(parcel, estimate=max(basket.placed, round(parcel.ready + chance.gauss(0.0, minutes))))
        for parcel in basket.parcels
    )
    return replace(basket, parcels=parcels)


def _position(position: DayPosition) -> Position:
    return Position(lat=position.lat, lon=position.lon)
