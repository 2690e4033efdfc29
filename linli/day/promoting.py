"""Which lines of a day are bought through another shop's promotion, and the links that this needs.

The days know no promotions: a share of their lines is taken, drawn by the seed, and their goods become goods
that the platform sources, which a shop of the same category promotes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from linli.day.api import Api, ApiRefusal
from linli.day.format import Day, DayOrder
from linli.day.importing import Cast, all_of
from linli.day.journal import Journal

# commission hears of a new listing by an event, so a link may have to be asked for more than once.
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Promotions:
    """`promoters` by listing: the shops that promote it; `lines`: the orders' lines that were promoted."""

    promoters: dict[str, str] = field(default_factory=dict)
    lines: frozenset[tuple[str, int]] = frozenset()

    def codes(self, order: DayOrder, codes: Mapping[str, str]) -> dict[int, str]:
        """The promotion codes of the order's lines, by their place."""
        return {
            number: codes[line.listing]
            for number, line in enumerate(order.lines)
            if (order.order, number) in self.lines
        }


def promotions_of(day: Day, share: float, seed: int) -> Promotions:
    """A `share` of all lines of the day, to within one, as far as another shop of the category exists."""
    chance = random.Random(f"promotions {seed}")
    by_category: dict[str, list[str]] = {}
    for shop in day.shops:
        by_category.setdefault(shop.category, []).append(shop.shop)
    category = {shop.shop: shop.category for shop in day.shops}
    seller = {listing.listing: listing.shop for listing in day.listings}
    lines = [(order.order, n, line.listing) for order in day.orders for n, line in enumerate(order.lines)]
    chance.shuffle(lines)
    promoters: dict[str, str] = {}
    promoted: set[tuple[str, int]] = set()
    for order, number, listing in lines:
        others = [shop for shop in by_category[category[seller[listing]]] if shop != seller[listing]]
        if len(promoted) >= int(share * len(lines) + 0.5):
            break
        if others:
            promoters.setdefault(listing, chance.choice(others))
            promoted.add((order, number))
    return Promotions(promoters=promoters, lines=frozenset(promoted))


async def make_links(api: Api, cast: Cast, promotions: Promotions, journal: Journal) -> dict[str, str]:
    """The code of a promotion link for each promoted listing, made or found where it was made before."""
    codes: dict[str, str] = {}

    async def link(listing: str) -> None:
        known = journal.get("promotion", listing)
        if known is None:
            known = {"code": await _new_code(api, cast, listing, promotions.promoters[listing], journal)}
            journal.add("promotion", listing, known)
        codes[listing] = known["code"]

    await all_of(sorted(promotions.promoters), link)
    return codes


async def _new_code(api: Api, cast: Cast, listing: str, shop: str, journal: Journal) -> str:
    path = f"/v1/shops/{cast.shop_ids[shop]}/promotion-links"
    body = {"listing_id": cast.listing_ids[listing]}
    until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    for attempt in count(1):
        try:
            # A refusal is remembered under its key, so each attempt has one of its own.
            key = journal.key("promotion", listing, str(attempt))
            return str((await api.post(path, cast.merchants[shop], key, body))["code"])
        except ApiRefusal as refusal:
            if refusal.status != 404 or asyncio.get_running_loop().time() > until:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")
