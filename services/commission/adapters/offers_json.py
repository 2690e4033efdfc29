"""How the terms of an offer are written as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.commission.domain.offers import Caps, Offer, Territory
from shared.kernel.clock import from_wire

Json = dict[str, Any]
_PLAIN = (
    "rate_min_bp",
    "rate_max_bp",
    "price_min",
    "price_max",
    "supplier_cost",
    "recruiter_bp",
    "exclusive",
    "protects_own_customers",
)
_CAPS = ("units", "units_per_promoter", "commission", "commission_per_promoter")


def offer_to_json(offer: Offer) -> Json:
    territory = offer.territory
    return {
        **{name: getattr(offer, name) for name in _PLAIN},
        "territory": {
            "zone_ids": list(territory.zone_ids),
            "lat": territory.lat,
            "lon": territory.lon,
            "radius_m": territory.radius_m,
        },
        "caps": {name: getattr(offer.caps, name) for name in _CAPS},
        "starts_at": offer.starts_at.isoformat() if offer.starts_at else None,
        "ends_at": offer.ends_at.isoformat() if offer.ends_at else None,
    }


def offer_from_row(row: Any) -> Offer:
    """The offer in a row of ``offer_version``, joined with its listing."""
    terms = row.terms
    territory = terms["territory"]
    return Offer(
        offer_id=row.offer_id,
        version=row.version,
        listing_id=row.listing_id,
        currency=row.currency,
        since=row.since,
        territory=Territory(**{**territory, "zone_ids": tuple(territory["zone_ids"])}),
        caps=Caps(**terms["caps"]),
        starts_at=_time(terms["starts_at"]),
        ends_at=_time(terms["ends_at"]),
        **{name: terms[name] for name in _PLAIN},
    )


def _time(moment: str | None) -> datetime | None:
    return None if moment is None else from_wire(moment)
