"""Offers: sourced listings that shops may promote, each version with its bounds. Versions never change."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.commission.domain.errors import InvalidOffer
from shared.kernel.money import BASIS_POINTS

_EARTH_M = 6_371_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Territory:
    """Where an offer holds: for customers of these zones, and for shops within a radius of a place.

    What is not said does not restrict.
    """

    zone_ids: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    radius_m: int | None = None

    def __post_init__(self) -> None:
        if len({self.lat is None, self.lon is None, self.radius_m is None}) > 1:
            raise InvalidOffer("A radius has a place: say lat, lon and radius_m together.")

    def has_shop_at(self, lat: float | None, lon: float | None) -> bool:
        """Whether a shop there is inside; a shop whose place is not known is in no radius."""
        if self.lat is None or self.lon is None or self.radius_m is None:
            return True
        if lat is None or lon is None:
            return False
        return _distance_m(self.lat, self.lon, lat, lon) <= self.radius_m

    def has_customer_in(self, zone_id: str | None) -> bool:
        return not self.zone_ids or zone_id in self.zone_ids


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """How much may be promoted, in units and in commission money; ``None`` is without end."""

    units: int | None = None
    units_per_promoter: int | None = None
    commission: int | None = None
    commission_per_promoter: int | None = None

    def __bool__(self) -> bool:
        return any(
            each is not None
            for each in (self.units, self.units_per_promoter, self.commission, self.commission_per_promoter)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """What was earned through an offer so far."""

    units: int = 0
    commission: int = 0

    def plus(self, units: int, commission: int) -> Used:
        return Used(units=self.units + units, commission=self.commission + commission)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One version of an offer, in force from ``since`` until the next one.

    ``supplier_cost`` is what the supplying shop gets for a unit; what it sells for above that is the
    platform's margin, out of which commissions are paid. Without it the supplying shop sells at its own
    account: it owes the take rate and pays the commissions. ``recruiter_bp`` is the part of a commission
    that goes to the shop that recruited the promoter. Within ``price_min`` and ``price_max`` a promoter may
    set its own price; without them goods cost what the listing says.
    """

    offer_id: str
    version: int
    listing_id: str
    currency: str
    since: datetime
    rate_min_bp: int
    rate_max_bp: int
    price_min: int | None = None
    price_max: int | None = None
    supplier_cost: int | None = None
    recruiter_bp: int = 0
    territory: Territory = field(default_factory=Territory)
    exclusive: bool = False
    protects_own_customers: bool = False
    caps: Caps = field(default_factory=Caps)
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate_min_bp <= self.rate_max_bp <= BASIS_POINTS:
            raise InvalidOffer("The rates are not negative, the least is not above the most.")
        if not 0 <= self.recruiter_bp <= BASIS_POINTS:
            raise InvalidOffer("A recruiter gets a part of the commission, at most all of it.")
        if (self.price_min is None) != (self.price_max is None):
            raise InvalidOffer("A price band has a least and a most.")
        if self.price_min is not None and not 0 < self.price_min <= (self.price_max or 0):
            raise InvalidOffer("The least price is above nothing, and not above the most.")
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            raise InvalidOffer("An offer does not end before it starts.")
        if self.supplier_cost is not None and self.supplier_cost < 0:
            raise InvalidOffer("A supplier's cost is not negative.")

    def is_open(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= at

    def rate(self, accepted_bp: int | None) -> int:
        """The rate that was accepted, as far as this version's bounds allow it."""
        wanted = self.rate_max_bp if accepted_bp is None else accepted_bp
        return min(max(wanted, self.rate_min_bp), self.rate_max_bp)

    def allows_price(self, price: int) -> bool:
        if self.price_min is None or self.price_max is None:
            return False
        return self.price_min <= price <= self.price_max

    def is_exhausted(self, total: Used, promoter: Used, units: int, commission: int) -> bool:
        """Whether ``units`` more for ``commission`` would go past a cap."""
        caps = self.caps
        return any(
            cap is not None and used + more > cap
            for cap, used, more in (
                (caps.units, total.units, units),
                (caps.units_per_promoter, promoter.units, units),
                (caps.commission, total.commission, commission),
                (caps.commission_per_promoter, promoter.commission, commission),
            )
        )


def in_force(versions: Iterable[Offer], at: datetime) -> list[Offer]:
    """Of each offer the version in force at that time, whether it is open or not, by id."""
    newest: dict[str, Offer] = {}
    for each in versions:
        known = newest.get(each.offer_id)
        if each.since <= at and (known is None or known.version < each.version):
            newest[each.offer_id] = each
    return [newest[offer_id] for offer_id in sorted(newest)]


def _distance_m(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """Along the great circle."""
    a, b = math.radians(lat), math.radians(to_lat)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(to_lon - lon) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))
