"""What is answered about offers of sourced goods, virtual storefronts and promoters."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Id, Instant, Money
from services.gateway.contracts.shapes import several


class OfferTerritory(Schema):
    zone_ids = fields.List(fields.String())
    lat = fields.Float(allow_none=True)
    lon = fields.Float(allow_none=True)
    radius_m = fields.Integer(allow_none=True)


class OfferCaps(Schema):
    units = fields.Integer(allow_none=True)
    units_per_promoter = fields.Integer(allow_none=True)
    commission = fields.Nested(Money, allow_none=True)
    commission_per_promoter = fields.Nested(Money, allow_none=True)


class _OfferTerms(Schema):
    offer_id = fields.String(required=True)
    version = fields.Integer()
    listing_id = Id()
    currency = fields.String()
    since = Instant()
    rate_min_bp = fields.Integer()
    rate_max_bp = fields.Integer()
    price_min = fields.Nested(Money, allow_none=True)
    price_max = fields.Nested(Money, allow_none=True)
    recruiter_bp = fields.Integer()
    territory = fields.Nested(OfferTerritory)
    exclusive = fields.Boolean()
    protects_own_customers = fields.Boolean()
    caps = fields.Nested(OfferCaps)
    starts_at = Instant(allow_none=True)
    ends_at = Instant(allow_none=True)


class DistributionOffer(_OfferTerms):
    """An offer as operators see it."""

    supplier_cost = fields.Nested(Money, allow_none=True)


class AcceptedOffer(Schema):
    link_id = fields.String()
    code = fields.String()
    rate_bp = fields.Integer()
    unit_price = fields.Nested(Money, allow_none=True)


class OfferToShop(_OfferTerms):
    """An offer as a shop sees it that may promote the goods."""

    taken = fields.Boolean(metadata={"description": "Another shop has it exclusively."})
    accepted = fields.Nested(AcceptedOffer, allow_none=True)


class WithdrawnLink(Schema):
    link_id = fields.String(required=True)
    code = fields.String()
    listing_id = Id()
    withdrawn = fields.Boolean()


class PromotedGoods(Schema):
    """Goods in a virtual storefront: order them with the code, from the shop that supplies them."""

    listing_id = Id(required=True)
    shop_id = Id()
    shop_name = fields.String()
    name = fields.String()
    unit = fields.String()
    category = fields.String(allow_none=True)
    description = fields.String()
    available = fields.Integer()
    listing_price = fields.Nested(Money)
    price = fields.Nested(Money, metadata={"description": "What it costs with the code."})
    promotion_code = fields.String()


class VirtualStorefront(Schema):
    shop_id = Id(required=True)
    items = fields.List(fields.Nested(PromotedGoods), required=True)


class FollowedLink(Schema):
    visitor = fields.String(
        required=True,
        metadata={"description": "Send it with later clicks, and join it to the account after signing in."},
    )


class JoinedClicks(Schema):
    joined = fields.Integer(required=True)


class Recruited(Schema):
    shop_id = fields.String(required=True)
    recruiter_shop_id = fields.String()


class RelatedAccount(Schema):
    account_id = fields.String()
    relation = fields.String()


class RelatedAccounts(Schema):
    shop_id = fields.String(required=True)
    items = fields.List(fields.Nested(RelatedAccount), required=True)


class PromoterBinding(Schema):
    customer_id = fields.String(required=True)
    shop_id = fields.String(allow_none=True)


class _Earned(Schema):
    clicks = fields.Integer()
    orders = fields.Integer()
    conversion = fields.Float(allow_none=True, metadata={"description": "Orders by clicks."})
    pending = fields.Nested(Money)
    accrued = fields.Nested(Money)
    released = fields.Nested(Money)


class EarnedInAll(_Earned):
    pass


class EarnedByLink(_Earned):
    link_id = fields.String()
    code = fields.String(allow_none=True)
    listing_id = fields.String(allow_none=True)
    level = fields.Integer(metadata={"description": "2: a link of a promoter whom the shop recruited."})


class EarnedOnDay(_Earned):
    day = fields.String(metadata={"format": "date"})


class PromoterFigures(Schema):
    shop_id = fields.String(required=True)
    currency = fields.String()
    since = Instant()
    until = Instant()
    total = fields.Nested(EarnedInAll)
    payable = fields.Nested(Money)
    frozen = fields.Nested(Money)
    paid = fields.Nested(Money)
    links = fields.List(fields.Nested(EarnedByLink))
    days = fields.List(fields.Nested(EarnedOnDay))


DistributionOfferPage = several(DistributionOffer, "DistributionOfferPage")
OfferToShopPage = several(OfferToShop, "OfferToShopPage")
