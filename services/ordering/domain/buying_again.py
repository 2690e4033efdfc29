"""A basket out of what was bought, or written down, before: as it is sold now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NO_LONGER_SOLD, SOLD_OUT = "no-longer-sold", "sold-out"


@dataclass(frozen=True, kw_only=True)
class OnSale:
    """A listing as it is sold now; ``available`` is None where stock is not counted."""

    listing_id: str
    shop_id: str
    name: str
    unit: str
    unit_price: int
    currency: str
    available: int | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A line of an old order or of a list; ``name`` is what it was called then."""

    listing_id: str
    quantity: int
    name: str | None
    list_name: str | None
    if_missing: str


@dataclass(frozen=True, kw_only=True)
class Again:
    """A line that can be bought now. ``quantity`` is lower than what was wanted where there is less."""

    wanted: Wanted
    quantity: int
    listing: OnSale


@dataclass(frozen=True, kw_only=True)
class Gone:
    wanted: Wanted
    reason: str


@dataclass(frozen=True, kw_only=True)
class Basket:
    lines: tuple[Again, ...]
    gone: tuple[Gone, ...]


def fill(wanted: Sequence[Wanted], listings: Mapping[str, OnSale]) -> Basket:
    """The lines that can be bought now, in their order, and what of them cannot, and why."""
    left = {
        listing_id: listing.available
        for listing_id, listing in listings.items()
        if listing.available is not None
    }
    lines, gone = [], []
    for line in wanted:
        listing = listings.get(line.listing_id)
        if listing is None:
            gone.append(Gone(wanted=line, reason=NO_LONGER_SOLD))
            continue
        quantity = min(line.quantity, left.get(line.listing_id, line.quantity))
        if quantity < 1:
            gone.append(Gone(wanted=line, reason=SOLD_OUT))
            continue
        if line.listing_id in left:
            left[line.listing_id] -= quantity
        lines.append(Again(wanted=line, quantity=quantity, listing=listing))
    return Basket(lines=tuple(lines), gone=tuple(gone))
