"""A price after it was paid: it falls and never rises, and every fall mirrors the shares that are stored.

The units of a line have a fixed order, and those that were paid back are always the first ones. A fall lies
on units that are left; so what each unit is worth does not depend on what was refunded before or after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.kernel.money import share_capped


@dataclass(frozen=True, kw_only=True)
class Fall:
    """``units`` of a line from the one numbered ``first`` on cost ``goods`` less than was paid for.

    ``goods`` = ``amount``, which the customer gets back, + ``discounts``, which the campaigns do, in the
    order of the line's discounts. With a ``substitution_id`` these units are other goods (``listing_id``, if
    they are listed).
    """

    first: int
    units: int
    goods: int
    amount: int
    discounts: tuple[int, ...]
    substitution_id: str | None = None
    listing_id: str | None = None

    @property
    def end(self) -> int:
        return self.first + self.units


@dataclass(frozen=True, kw_only=True)
class Units:
    """What each unit of a line is worth to the customer, and what of each discount lies on it."""

    paid: tuple[int, ...]
    discounts: tuple[tuple[int, ...], ...]

    def of(self, first: int, end: int) -> tuple[int, list[int]]:
        """What units ``first`` to ``end`` are worth together, and each discount on them."""
        return sum(self.paid[first:end]), [sum(shares[first:end]) for shares in self.discounts]

    def after(self, falls: Sequence[Fall]) -> Units:
        """What is left of them when ``falls`` have come, one after the other."""
        paid, discounts = list(self.paid), [list(shares) for shares in self.discounts]
        for fall in falls:
            _take(paid, fall.amount, fall)
            for shares, amount in zip(discounts, fall.discounts, strict=True):
                _take(shares, amount, fall)
        return Units(paid=tuple(paid), discounts=tuple(map(tuple, discounts)))


def _take(values: list[int], amount: int, fall: Fall) -> None:
    there = values[fall.first : fall.end]
    for index, taken in enumerate(share_capped(amount, there, there), fall.first):
        values[index] -= taken


def mirrored(goods: int, paid: int, discounts: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """``goods`` off a price of ``paid`` + ``discounts``, divided as these are: (amount, discounts).

    Each part grows with ``goods`` and never beyond what is there, so that steps end where one step would; of
    what cannot be divided the customer has the larger part.
    """
    parts, rest, left = [], goods, paid + sum(discounts)
    if not 0 <= goods <= left:
        raise ValueError(f"a price of {left} cannot fall by {goods}")
    for stored in (paid, *discounts):
        part = -(-rest * stored // left) if left else 0
        parts.append(part)
        rest -= part
        left -= stored
    return parts[0], tuple(parts[1:])
