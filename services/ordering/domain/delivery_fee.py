"""What a delivery costs the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.ordering.domain.places import Position


@dataclass(frozen=True, kw_only=True)
class DeliveryFeeRule:
    """A base fee, more for each further pickup and for each kilometre begun beyond ``included_m``.

    The distance is that of the farthest shop. From ``free_from`` of goods paid (0: never) it costs nothing.
    All amounts are minor units of the order's currency.
    """

    base: int
    per_extra_pickup: int
    included_m: int
    per_km: int
    free_from: int = 0

    def fee(self, shops: Sequence[Position], drop_off: Position, goods_paid: int) -> int:
        if self.free_from and goods_paid >= self.free_from:
            return 0
        farthest = max(shop.metres_to(drop_off) for shop in shops)
        kilometres = -(-max(0, farthest - self.included_m) // 1000)
        return self.base + self.per_extra_pickup * (len(shops) - 1) + self.per_km * kilometres
