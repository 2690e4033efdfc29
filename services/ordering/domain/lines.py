"""A line of a store order, and what any number of its units cost after discounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.ordering.domain.errors import RefundExceedsLine
from shared.kernel.money import share_capped, share_of_part

SHOP, PLATFORM = "shop", "platform"
FUNDERS = (SHOP, PLATFORM)


@dataclass(frozen=True, kw_only=True)
class Discount:
    """What one campaign takes off a line, and who pays for it. ``amount`` is in the order's minor units."""

    campaign_id: str
    name: str
    funder: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class LinePart:
    """Some units of a line as they are paid back: exactly their stored share of price and discounts."""

    line_id: str
    listing_id: str
    quantity: int
    amount: int
    discounts: tuple[Discount, ...]
    promotion_link_id: str | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """Goods of one listing in an order. Its figures are shared once, when quoted, and never recomputed.

    ``price_of_promoter``: it costs what the promoter's link says, whatever the listing says.
    """

    line_id: str
    listing_id: str
    name: str
    unit: str
    category: str | None
    sourced: bool
    quantity: int
    unit_price: int
    discounts: tuple[Discount, ...] = ()
    list_name: str | None = None
    if_missing: str = "refund"
    promotion_link_id: str | None = None
    price_of_promoter: bool = False
    refunded_quantity: int = 0

    @property
    def goods(self) -> int:
        return self.unit_price * self.quantity

    @property
    def discount(self) -> int:
        return sum(discount.amount for discount in self.discounts)

    @property
    def paid(self) -> int:
        return self.goods - self.discount

    @property
    def refunded(self) -> int:
        return share_of_part(self.paid, self.quantity, 0, self.refunded_quantity)

    @property
    def left(self) -> int:
        """How many units were not paid back yet."""
        return self.quantity - self.refunded_quantity

    def give_back(self, quantity: int) -> tuple[Line, LinePart]:
        """The line after the next ``quantity`` units are paid back, and what they are worth.

        Units are taken in a fixed order, so refunds in parts add up to the refund at once.
        Raises :class:`RefundExceedsLine` when fewer are left.
        """
        if quantity < 1 or quantity > self.left:
            message = f"{self.left} of {self.quantity} are left to refund, not {quantity}."
            raise RefundExceedsLine(
                message, errors=[{"field": f"lines.{self.line_id}.quantity", "message": message}]
            )
        after = self.refunded_quantity + quantity
        before_discounts = self._discounts_of_first(self.refunded_quantity)
        after_discounts = self._discounts_of_first(after)
        part = LinePart(
            line_id=self.line_id,
            listing_id=self.listing_id,
            quantity=quantity,
            amount=share_of_part(self.paid, self.quantity, self.refunded_quantity, quantity),
            discounts=tuple(
                replace(discount, amount=now - earlier)
                for discount, now, earlier in zip(
                    self.discounts, after_discounts, before_discounts, strict=True
                )
            ),
            promotion_link_id=self.promotion_link_id,
        )
        return replace(self, refunded_quantity=after), part

    def _discounts_of_first(self, units: int) -> list[int]:
        """How much of each discount lies on the first ``units`` units: the fourth level of sharing."""
        whole = [discount.amount for discount in self.discounts]
        if units == self.quantity:
            return whole
        left = list(whole)
        for unit in range(units):
            taken = self.unit_price - share_of_part(self.paid, self.quantity, unit, 1)
            for index, amount in enumerate(share_capped(taken, left, left)):
                left[index] -= amount
        return [amount - rest for amount, rest in zip(whole, left, strict=True)]


def by_funder(lines: Iterable[Line]) -> dict[str, int]:
    """The discounts of ``lines`` by who pays for them; every funder is named, also with zero."""
    sums = dict.fromkeys(FUNDERS, 0)
    for line in lines:
        for discount in line.discounts:
            sums[discount.funder] += discount.amount
    return sums
