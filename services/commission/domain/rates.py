"""A rate plan: what the platform takes and pays. Versions never change; the one in force at payment holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.commission.domain.errors import InvalidRatePlan
from services.commission.domain.facts import Trip
from shared.kernel.money import BASIS_POINTS

METRES_PER_KM = 1000


class TakeRateBase(StrEnum):
    """What the take rate is applied to."""

    AFTER_SHOP_DISCOUNT = "after_shop_discount"
    CUSTOMER_PAID = "customer_paid"


@dataclass(frozen=True, kw_only=True, slots=True)
class CourierPay:
    """What a finished delivery pays, in minor units."""

    per_drop: int
    per_extra_pickup: int
    per_km: int

    def of(self, trip: Trip) -> int:
        """The pay for ``trip``; the distance is rounded once, half up."""
        distance = (trip.distance_m * self.per_km * 2 + METRES_PER_KM) // (2 * METRES_PER_KM)
        return self.per_drop + self.per_extra_pickup * max(trip.pickups - 1, 0) + distance


@dataclass(frozen=True, kw_only=True, slots=True)
class RatePlan:
    """One version of the rates of one currency; rates are basis points.

    Of the take rates, a shop's own holds before its category's, and that before the general one.
    """

    plan_id: str
    currency: str
    effective_from: datetime
    take_rate_bp: int
    distribution_bp: int
    distribution_max_bp: int
    courier_pay: CourierPay
    take_rate_base: TakeRateBase = TakeRateBase.AFTER_SHOP_DISCOUNT
    take_rate_by_category: Mapping[str, int] = field(default_factory=dict)
    take_rate_by_shop: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rates = (self.take_rate_bp, *self.take_rate_by_category.values(), *self.take_rate_by_shop.values())
        if min(rates) < 0 or not 0 <= self.distribution_bp <= self.distribution_max_bp:
            raise InvalidRatePlan("Rates are not negative, and the usual commission is within its maximum.")
        if max(rates) + self.distribution_max_bp > BASIS_POINTS:
            raise InvalidRatePlan("Take rate and commission together exceed the price.")
        pay = self.courier_pay
        if min(pay.per_drop, pay.per_extra_pickup, pay.per_km) < 0:
            raise InvalidRatePlan("Courier pay is not negative.")

    def take_rate(self, shop_id: str, category: str) -> int:
        own = self.take_rate_by_shop.get(shop_id)
        return self.take_rate_by_category.get(category, self.take_rate_bp) if own is None else own

    def commission_rate(self, asked_bp: int | None) -> int:
        """The rate of a link that asked for ``asked_bp``, or for nothing in particular."""
        return self.distribution_bp if asked_bp is None else min(asked_bp, self.distribution_max_bp)
