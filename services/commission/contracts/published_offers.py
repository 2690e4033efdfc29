"""What commission tells of offers: who may promote what, and who does, and never what suppliers get."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from services.commission.contracts.message import Message, MoneyData
from services.commission.domain.announcements import OfferAccepted, OfferNews, OfferPublished
from shared.kernel.clock import to_wire


def offer_message(news: OfferNews) -> Message:
    if isinstance(news, OfferPublished):
        offer = news.offer
        return Message(
            type="OfferPublished",
            subject=offer.offer_id,
            partitionkey=offer.offer_id,
            data={
                "offer_id": offer.offer_id,
                "version": offer.version,
                "listing_id": offer.listing_id,
                "rate_min_bp": offer.rate_min_bp,
                "rate_max_bp": offer.rate_max_bp,
                "recruiter_bp": offer.recruiter_bp,
                "exclusive": offer.exclusive,
                "starts_at": to_wire(offer.starts_at) if offer.starts_at else None,
                "ends_at": to_wire(offer.ends_at) if offer.ends_at else None,
                "published_at": to_wire(news.at),
            },
        )
    if isinstance(news, OfferAccepted):
        offer, price = news.offer, news.price
        data: dict[str, Any] = {
            "promotion_link_id": news.link_id,
            "promoter_shop_id": news.shop_id,
            "offer_id": offer.offer_id,
            "listing_id": offer.listing_id,
            "rate_bp": news.rate_bp,
            "accepted_at": to_wire(news.at),
        }
        if price is not None:
            data["price"] = {"amount": price, "currency": offer.currency}
        return Message(type="OfferAccepted", subject=news.link_id, partitionkey=offer.offer_id, data=data)
    return Message(
        type="OfferWithdrawn",
        subject=news.link_id,
        partitionkey=news.offer_id,
        data={
            "promotion_link_id": news.link_id,
            "promoter_shop_id": news.shop_id,
            "offer_id": news.offer_id,
            "listing_id": news.listing_id,
            "withdrawn_at": to_wire(news.at),
        },
    )


class OfferPublishedData(Schema):
    """A version of an offer came into force; an ended one has an `ends_at` that has passed."""

    offer_id = fields.String(required=True)
    version = fields.Integer(required=True, strict=True)
    listing_id = fields.String(required=True)
    rate_min_bp = fields.Integer(required=True, strict=True)
    rate_max_bp = fields.Integer(required=True, strict=True)
    recruiter_bp = fields.Integer(required=True, strict=True)
    exclusive = fields.Boolean(required=True)
    starts_at = fields.AwareDateTime(required=True, format="iso", allow_none=True)
    ends_at = fields.AwareDateTime(required=True, format="iso", allow_none=True)
    published_at = fields.AwareDateTime(required=True, format="iso")


class _LinkData(Schema):
    promotion_link_id = fields.String(required=True)
    promoter_shop_id = fields.String(required=True)
    offer_id = fields.String(required=True)
    listing_id = fields.String(required=True)


class OfferAcceptedData(_LinkData):
    """A shop promotes the goods of an offer, at this rate, and at a price of its own if there is one."""

    rate_bp = fields.Integer(required=True, strict=True)
    price = fields.Nested(MoneyData)
    accepted_at = fields.AwareDateTime(required=True, format="iso")


class OfferWithdrawnData(_LinkData):
    """A shop promotes the goods no more."""

    withdrawn_at = fields.AwareDateTime(required=True, format="iso")


OFFER_SCHEMAS: dict[str, type[Schema]] = {
    "OfferPublished": OfferPublishedData,
    "OfferAccepted": OfferAcceptedData,
    "OfferWithdrawn": OfferWithdrawnData,
}
