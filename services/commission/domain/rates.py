"""A rate plan: what the platform takes and pays. Versions never change; the one in force at payment holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.commission.domain.courier_pay import CourierPay
from services.commission.domain.errors import InvalidRatePlan
from shared.kernel.money import BASIS_POINTS


class TakeRateBase(StrEnum):
    """What the take rate is applied to: the goods, less whose discounts."""

    BEFORE_DISCOUNTS = "before_discounts"
    AFTER_SHOP_DISCOUNT = "after_shop_discount"
    CUSTOMER_PAID = "customer_paid"


# What a version may change of the one before it.
TERMS = (
    "take_rate_bp",
    "take_rate_by_category",
    "take_rate_by_shop",
    "take_rate_base",
    "take_rate_on_delivery_fee",
    "distribution_bp",
    "distribution_min_bp",
    "distribution_max_bp",
    "courier_pay",
    "subscription_fees",
    "placement_fees",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacementFee:
    """What an advertisement costs a day, and for each order that is delivered on such a day."""

    per_day: int
    per_order: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RatePlan:
    """One version of the rates of one currency; rates are basis points.

    Of the take rates, a shop's own holds before its category's, and that before the general one. Rates with
    dates of their own are plans that follow one another.
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
    take_rate_on_delivery_fee: bool = False
    distribution_min_bp: int = 0
    subscription_fees: Mapping[str, int] = field(default_factory=dict)
    placement_fees: Mapping[str, PlacementFee] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rates = (self.take_rate_bp, *self.take_rate_by_category.values(), *self.take_rate_by_shop.values())
        if min(rates) < 0 or not self._is_bounded():
            raise InvalidRatePlan("Rates are not negative, and the usual commission is within its bounds.")
        if max(rates) + self.distribution_max_bp > BASIS_POINTS:
            raise InvalidRatePlan("Take rate and commission together exceed the price.")
        fees = [fee for each in self.placement_fees.values() for fee in (each.per_day, each.per_order)]
        if min([*self.subscription_fees.values(), *fees], default=0) < 0:
            raise InvalidRatePlan("What shops are charged is not negative.")

    def _is_bounded(self) -> bool:
        return 0 <= self.distribution_min_bp <= self.distribution_bp <= self.distribution_max_bp

    def take_rate(self, shop_id: str, category: str) -> int:
        own = self.take_rate_by_shop.get(shop_id)
        return self.take_rate_by_category.get(category, self.take_rate_bp) if own is None else own

    def commission_rate(self, asked_bp: int | None) -> int:
        """The rate of a link that asked for ``asked_bp``, or for nothing in particular."""
        if asked_bp is None:
            return self.distribution_bp
        return min(max(asked_bp, self.distribution_min_bp), self.distribution_max_bp)
