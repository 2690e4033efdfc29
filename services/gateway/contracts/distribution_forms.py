"""What may be sent about offers of sourced goods, promotion links and promoters."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import (
    Id,
    Instant,
    Latitude,
    Longitude,
    MoneyToPay,
    integer,
    one_of,
    text,
)

MOST_UNITS = 10**9


class TerritoryOfOffer(Schema):
    """Where an offer holds: customers of these zones, shops within the radius; nothing said, everywhere."""

    zone_ids = fields.List(text(80))
    lat = Latitude(allow_none=True)
    lon = Longitude(allow_none=True)
    radius_m = integer(1, 1_000_000, allow_none=True)


class CapsOfOffer(Schema):
    """How much may be earned through it, in units and in commission, by each promoter and by all."""

    units = integer(0, MOST_UNITS, allow_none=True)
    units_per_promoter = integer(0, MOST_UNITS, allow_none=True)
    commission = fields.Nested(MoneyToPay, allow_none=True)
    commission_per_promoter = fields.Nested(MoneyToPay, allow_none=True)


class DistributionTerms(Schema):
    rate_min_bp = integer(0, 10_000)
    rate_max_bp = integer(0, 10_000)
    price_min = fields.Nested(
        MoneyToPay,
        allow_none=True,
        metadata={"description": "With `price_max` the band within which a promoter may set its own price."},
    )
    price_max = fields.Nested(MoneyToPay, allow_none=True)
    supplier_cost = fields.Nested(
        MoneyToPay,
        allow_none=True,
        metadata={
            "description": "What the supplying shop gets for a unit. The rest is the platform's margin, "
            "which pays the commissions. Without it the shop sells at its own account."
        },
    )
    recruiter_bp = integer(
        0,
        10_000,
        metadata={
            "description": "The part of a commission that goes to the shop which recruited the promoter."
        },
    )
    territory = fields.Nested(TerritoryOfOffer)
    exclusive = fields.Boolean(metadata={"description": "One shop at a time."})
    protects_own_customers = fields.Boolean(
        metadata={"description": "A customer who is bound to a promoter is not won over by another's link."}
    )
    caps = fields.Nested(CapsOfOffer)
    starts_at = Instant(allow_none=True)
    ends_at = Instant(allow_none=True)


class PublishDistributionOffer(DistributionTerms):
    listing_id = Id(required=True)
    rate_max_bp = integer(0, 10_000, required=True)


class ChangeDistributionOffer(DistributionTerms):
    """What is left out stays as it is."""


class FollowLink(Schema):
    visitor = Id(metadata={"description": "What an earlier click answered; left out on the first one."})


class JoinClicks(Schema):
    visitor = Id(required=True)


class NameRecruiter(Schema):
    shop_id = Id(required=True, metadata={"description": "The shop that recruited this one."})


class RelateAccount(Schema):
    relation = one_of("staff", "household", required=True)


class PromoterPeriod(Schema):
    since = Instant()
    until = Instant()
