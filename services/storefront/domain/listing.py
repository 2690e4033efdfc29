"""A listing: something a shop sells, and how many of it there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from services.storefront.domain.errors import ListingChanged
from shared.kernel.money import Money


class ListingStatus(StrEnum):
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Size:
    """What one unit takes of a courier's box: millilitres, grams, and whether it has to stay cold."""

    volume_ml: int = 0
    weight_g: int = 0
    cold: bool = False


@dataclass(frozen=True, kw_only=True)
class ListingTerms:
    """What its merchant decides about a listing; sourced goods are the platform's.

    With ``unit_grams`` it is sold by weight: its price is that of so many grams, about which a unit weighs.
    """

    name: str
    price: Money
    category: str
    unit: str = "份"
    description: str = ""
    sourced: bool = False
    unit_grams: int | None = None
    size: Size | None = None


@dataclass(frozen=True, kw_only=True)
class Level:
    """How many units there are.

    ``stock`` units are on hand, ``reserved`` of them are held for orders; ``short`` were promised beyond
    what is there (a payment after the hold had run out, a count below what is held). Whatever becomes
    free fills ``short`` first, so units are short only while all that is on hand is reserved.
    """

    stock: int
    reserved: int = 0
    short: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.reserved <= self.stock or self.short < 0:
            raise ValueError(f"{self} cannot be")
        if self.short and self.stock != self.reserved:
            raise ValueError(f"{self} has free units while units are short")

    @property
    def available(self) -> int:
        return self.stock - self.reserved

    def moved(self, *, owned: int = 0, held: int = 0) -> Level:
        """The level after ``owned`` units came (or left) and ``held`` more (or fewer) are reserved.

        Moves commute: any order of the same moves ends at the same level.
        """
        balance, reserved = self.stock - self.short + owned, self.reserved + held
        return Level(stock=max(balance, reserved), reserved=reserved, short=max(reserved - balance, 0))

    def counted(self, stock: int) -> Level:
        """The level after the merchant counted ``stock`` units; what is held stays held."""
        return self.moved(owned=stock - (self.stock - self.short))


@dataclass(frozen=True, kw_only=True)
class Listing:
    listing_id: str
    shop_id: str
    terms: ListingTerms
    level: Level
    status: ListingStatus = ListingStatus.PUBLISHED
    version: int = 1

    def changed(self, terms: ListingTerms, status: ListingStatus, version: int | None) -> Listing:
        """The listing with other terms or status, one version further; the same change twice is one.

        Raises :class:`ListingChanged` when ``version`` is not the present one.
        """
        if (terms, status) == (self.terms, self.status):
            return self
        if version not in (None, self.version):
            raise ListingChanged(f"You changed version {version}; the listing is at version {self.version}.")
        return replace(self, terms=terms, status=status, version=self.version + 1)
