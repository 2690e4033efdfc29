"""A line of a store order, and what any number of its units cost after discounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from services.ordering.domain.errors import PriceWouldRise, RefundExceedsLine
from services.ordering.domain.falls import Fall, Units, mirrored
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
    """Some units of a line as they are paid back: exactly their stored share of price and discounts.

    With a ``quantity`` of 0 no unit comes back, its price fell. ``substitution_id`` names what came in the
    units' place.
    """

    line_id: str
    listing_id: str
    quantity: int
    amount: int
    discounts: tuple[Discount, ...]
    promotion_link_id: str | None
    substitution_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """Goods of one listing in an order. Its figures are shared once, when quoted, and never recomputed.

    ``price_of_promoter``: it costs what the promoter's link says, whatever the listing says.
    ``unit_grams`` is what a unit of weighed goods is estimated at, ``grams`` what all that were left weighed.
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
    falls: tuple[Fall, ...] = ()
    unit_grams: int | None = None
    grams: int | None = None

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
        if self.falls:
            return self.paid - self._units().of(self.refunded_quantity, self.quantity)[0]
        return share_of_part(self.paid, self.quantity, 0, self.refunded_quantity)

    @property
    def fallen(self) -> int:
        """How much of what was paid came back because the price fell."""
        return sum(fall.amount for fall in self.falls)

    @property
    def substituted(self) -> int:
        """How many units are other goods than were ordered; they are the last ones."""
        return sum(fall.units for fall in self.falls if fall.substitution_id is not None)

    @property
    def as_ordered(self) -> int:
        """How many units are left that are what was ordered."""
        return max(self.left - self.substituted, 0)

    @property
    def alike(self) -> int:
        """How many of the units that are paid back next are the same goods."""
        return self._ahead()[1] - self.refunded_quantity

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
        amount, taken = self._worth(self.refunded_quantity, after)
        instead, end = self._ahead()
        if after > end:
            raise ValueError("goods and what came in their place are paid back one after the other")
        part = LinePart(
            line_id=self.line_id,
            listing_id=(instead.listing_id if instead else None) or self.listing_id,
            quantity=quantity,
            amount=amount,
            discounts=self._shares(taken),
            promotion_link_id=self.promotion_link_id,
            substitution_id=instead.substitution_id if instead else None,
        )
        return replace(self, refunded_quantity=after), part

    def substitute(
        self, units: int, unit_price: int, *, substitution_id: str, listing_id: str | None
    ) -> tuple[Line, LinePart]:
        """The line when its last ``units`` are other goods: a cheaper price counts, a dearer one does not."""
        end = self.quantity - self.substituted
        paid, discounts = self._units().of(end - units, end)
        goods = max(paid + sum(discounts) - units * unit_price, 0)
        amount, shares = mirrored(goods, paid, discounts)
        fall = Fall(
            first=end - units,
            units=units,
            goods=goods,
            amount=amount,
            discounts=shares,
            substitution_id=substitution_id,
            listing_id=listing_id,
        )
        part = replace(self._price_part(amount, shares), substitution_id=substitution_id)
        return replace(self, falls=(*self.falls, fall)), part

    def fall_to(self, goods: int) -> tuple[Line, LinePart]:
        """The line when all units that are left cost ``goods`` before discounts, and what comes back of them.

        Several falls end where one would. Raises :class:`PriceWouldRise` when they cost less already.
        """
        first, units, earlier = self.refunded_quantity, self.left, self.falls
        again = bool(earlier) and (earlier[-1].first, earlier[-1].units) == (first, units)
        last = earlier[-1] if again else None
        kept = earlier[:-1] if again else earlier
        paid, discounts = self._whole().after(kept).of(first, self.quantity)
        fall = paid + sum(discounts) - goods
        if fall < (last.goods if last else 0):
            raise PriceWouldRise
        amount, shares = mirrored(fall, paid, discounts)
        changed = Fall(first=first, units=units, goods=fall, amount=amount, discounts=shares)
        if last is not None:
            amount -= last.amount
            shares = tuple(now - before for now, before in zip(shares, last.discounts, strict=True))
        return replace(self, falls=(*kept, changed)), self._price_part(amount, shares)

    def _price_part(self, amount: int, shares: tuple[int, ...]) -> LinePart:
        return LinePart(
            line_id=self.line_id,
            listing_id=self.listing_id,
            quantity=0,
            amount=amount,
            discounts=self._shares(shares),
            promotion_link_id=self.promotion_link_id,
        )

    def _shares(self, amounts: Iterable[int]) -> tuple[Discount, ...]:
        pairs = zip(self.discounts, amounts, strict=True)
        return tuple(replace(discount, amount=amount) for discount, amount in pairs)

    def _ahead(self) -> tuple[Fall | None, int]:
        """The substitution that the next unit belongs to, if any, and where such units end."""
        end = self.quantity - self.substituted
        if self.refunded_quantity < end or not self.substituted:
            return None, end
        ranges = [fall for fall in self.falls if fall.substitution_id is not None]
        instead = next((fall for fall in ranges if fall.first <= self.refunded_quantity < fall.end), None)
        return instead, instead.end if instead else self.quantity

    def _worth(self, first: int, end: int) -> tuple[int, list[int]]:
        if self.falls:
            return self._units().of(first, end)
        before, after = self._discounts_of_first(first), self._discounts_of_first(end)
        shares = [now - earlier for now, earlier in zip(after, before, strict=True)]
        return share_of_part(self.paid, self.quantity, first, end - first), shares

    def _whole(self) -> Units:
        """Every unit with its stored shares, before any fall."""
        units = list(self._discounts_of_units(self.quantity))
        return Units(
            paid=tuple(share_of_part(self.paid, self.quantity, unit, 1) for unit in range(self.quantity)),
            discounts=tuple(zip(*units, strict=True)) if self.discounts else (),
        )

    def _units(self) -> Units:
        return self._whole().after(self.falls)

    def _discounts_of_first(self, units: int) -> list[int]:
        """How much of each discount lies on the first ``units`` units."""
        whole = [discount.amount for discount in self.discounts]
        if units == self.quantity:
            return whole
        sums = [0] * len(whole)
        for shares in self._discounts_of_units(units):
            sums = [before + share for before, share in zip(sums, shares, strict=True)]
        return sums

    def _discounts_of_units(self, units: int) -> Iterator[list[int]]:
        """What of each discount lies on each of the first ``units`` units: the fourth level of sharing."""
        left = [discount.amount for discount in self.discounts]
        for unit in range(units):
            taken = self.unit_price - share_of_part(self.paid, self.quantity, unit, 1)
            shares = share_capped(taken, left, left)
            left = [amount - share for amount, share in zip(left, shares, strict=True)]
            yield shares


def by_funder(lines: Iterable[Line]) -> dict[str, int]:
    """The discounts of ``lines`` by who pays for them; every funder is named, also with zero."""
    sums = dict.fromkeys(FUNDERS, 0)
    for line in lines:
        for discount in line.discounts:
            sums[discount.funder] += discount.amount
    return sums
