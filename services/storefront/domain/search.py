"""What can be looked for, and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from services.storefront.domain.hours import Spans
from services.storefront.domain.listing import Listing
from services.storefront.domain.position import Position

Item = TypeVar("Item")
# The sort key of the last item that was seen; a list goes on behind it.
Key = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """Some items, and the key to go on from; without one these were the last."""

    items: Sequence[Item]
    next_key: Key | None = None


@dataclass(frozen=True, kw_only=True)
class Near:
    """A search around a place, nearest first; all words are found, and with ``open_now`` only open shops."""

    place: Position
    radius_m: int
    limit: int
    after: Key | None = None
    category: str | None = None
    words: tuple[str, ...] = ()
    open_now: bool = False


class FoundShop(Protocol):
    """A shop as a search shows it. Searches are many, so a row of the answer serves as it is."""

    shop_id: str
    owner_id: str
    name: str
    category: str
    lat: float
    lon: float
    delivery_radius_m: int
    hours: Spans | None
    preparation_minutes: int
    preparation_per_hour: int | None
    preparation_counts: str | None
    accept_minutes: int | None
    status: str
    version: int
    distance_m: int


@dataclass(frozen=True, kw_only=True)
class FoundListing:
    listing: Listing
    shop_name: str
    distance_m: int
