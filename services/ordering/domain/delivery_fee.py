"""What a delivery costs the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.ordering.domain.places import Position


@dataclass(frozen=True, kw_only=True)
class FreeDelivery:
    """A delivery that costs nothing since so much was paid for goods: ``waived`` is what it would have cost.

    It stays free, whatever goes back (rule 14): then the platform bears ``waived``.
    """

    threshold: int
    waived: int

    def is_kept_below(self, goods_kept: int) -> bool:
        """Whether what remains would not be delivered for nothing."""
        return goods_kept < self.threshold


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
        return 0 if self._is_free(goods_paid) else self._full(shops, drop_off)

    def free(self, shops: Sequence[Position], drop_off: Position, goods_paid: int) -> FreeDelivery | None:
        """What is waived, where delivery would cost something were it not for ``free_from``."""
        waived = self._full(shops, drop_off) if self._is_free(goods_paid) else 0
        return FreeDelivery(threshold=self.free_from, waived=waived) if waived else None

    def _is_free(self, goods_paid: int) -> bool:
        return 0 < self.free_from <= goods_paid

    def _full(self, shops: Sequence[Position], drop_off: Position) -> int:
        farthest = max(shop.metres_to(drop_off) for shop in shops)
        kilometres = -(-max(0, farthest - self.included_m) // 1000)
        return self.base + self.per_extra_pickup * (len(shops) - 1) + self.per_km * kilometres
