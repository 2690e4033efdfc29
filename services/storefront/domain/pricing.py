"""Whether a basket can be sold to a place now, and at which prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.storefront.domain.errors import ListingNotFound, MixedCurrencies, OutOfDeliveryRange, ShopClosed
from services.storefront.domain.listing import Listing, ListingStatus
from services.storefront.domain.position import Position
from services.storefront.domain.preparation import Window, opens_at
from services.storefront.domain.shop import Shop, ShopStatus
from shared.kernel.clock import to_wire
from shared.kernel.errors import Refusal


@dataclass(frozen=True, kw_only=True)
class WantedLine:
    listing_id: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    listing: Listing
    quantity: int


@dataclass(frozen=True, kw_only=True)
class PricedBasket:
    """Lines in the order they were asked for, and their shops in the order they first appear."""

    currency: str
    shops: tuple[Shop, ...]
    lines: tuple[PricedLine, ...]


def price_basket(
    wanted: Sequence[WantedLine],
    *,
    listings: Mapping[str, Listing],
    shops: Mapping[str, Shop],
    drop_off: Position,
    at: datetime,
    window: Window | None = None,
) -> PricedBasket:
    """Price ``wanted``; stock is told but not judged, since only a reservation decides it.

    The shops have to be open now, or in time for the ``window`` in which it is to be brought.

    Raises, naming the field of every line at fault, :class:`ListingNotFound` for what is not published,
    :class:`ShopClosed`, :class:`OutOfDeliveryRange` and :class:`MixedCurrencies`.
    """
    found: list[PricedLine] = []
    missing: list[int] = []
    for index, line in enumerate(wanted):
        listing = listings.get(line.listing_id)
        if listing is None or listing.status is not ListingStatus.PUBLISHED:
            missing.append(index)
        else:
            found.append(PricedLine(listing=listing, quantity=line.quantity))
    if missing:
        raise _naming(ListingNotFound, missing, "This is not on sale.")

    visited = {line.listing.shop_id: shops[line.listing.shop_id] for line in found}
    closed = {shop_id for shop_id, shop in visited.items() if not shop.prepares_for(window, at)}
    if closed:
        sentence = "Its shop is closed then." if window else "Its shop is closed now."
        items: Counter[str] = Counter()
        for priced in found:
            items[priced.listing.shop_id] += priced.quantity
        raise _naming(
            ShopClosed,
            _lines_of(closed, found),
            sentence,
            shops=closed_shops(visited, closed, at),
            basket=dict(items),
        )
    too_far = {shop_id for shop_id, shop in visited.items() if not shop.delivers_to(drop_off)}
    if too_far:
        raise _naming(OutOfDeliveryRange, _lines_of(too_far, found), "Its shop does not deliver there.")

    currency = found[0].listing.terms.price.currency
    foreign = [i for i, line in enumerate(found) if line.listing.terms.price.currency != currency]
    if foreign:
        raise _naming(MixedCurrencies, foreign, f"This is not sold in {currency}.")
    return PricedBasket(currency=currency, shops=tuple(visited.values()), lines=tuple(found))


def closed_shops(shops: Mapping[str, Shop], closed: Iterable[str], at: datetime) -> list[dict[str, Any]]:
    """Which shops are closed, and when each opens next, for programs."""
    found = []
    for shop_id in sorted(closed):
        shop = shops[shop_id]
        opens = opens_at(shop.terms.hours, at) if shop.status is ShopStatus.OPEN else None
        known = {"opens_at": to_wire(opens)} if opens else {}
        found.append({"shop_id": shop_id, "name": shop.terms.name} | known)
    return found


def _lines_of(shop_ids: set[str], lines: Sequence[PricedLine]) -> list[int]:
    return [index for index, line in enumerate(lines) if line.listing.shop_id in shop_ids]


def _naming(refusal: type[Refusal], indexes: Sequence[int], message: str, **extra: Any) -> Refusal:
    return refusal(
        message if len(indexes) == 1 else "",
        errors=[{"field": f"lines.{index}.listing_id", "message": message} for index in indexes],
        **extra,
    )
