"""What campaigns tells others: domain events as messages, and the schemas that others may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from marshmallow import Schema, fields, validate

from services.campaigns.domain.campaign import Funder, Kind
from services.campaigns.domain.events import CampaignEnded, CampaignLaunched, CouponRedeemed, CouponReturned
from shared.kernel.clock import to_wire


@dataclass(frozen=True, kw_only=True)
class Message:
    """An event on its way out: ``subject`` is what it happened to."""

    type: str
    subject: str
    data: dict[str, Any]


class _Money(Schema):
    amount = fields.Integer(required=True, strict=True)
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


class CampaignLaunchedV1(Schema):
    """A campaign began to take something off; without a shop it is the platform's."""

    campaign_id = fields.String(required=True)
    shop_id = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    funder = fields.String(required=True, validate=validate.OneOf([funder.value for funder in Funder]))
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class CampaignEndedV1(Schema):
    """A campaign takes nothing off any more."""

    campaign_id = fields.String(required=True)
    shop_id = fields.String(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True)


class CouponRedeemedV1(Schema):
    """A campaign took ``amount`` off an order that is placed."""

    campaign_id = fields.String(required=True)
    order_id = fields.String(required=True)
    customer_id = fields.String(required=True)
    amount = fields.Nested(_Money, required=True)


class CouponReturnedV1(CouponRedeemedV1):
    """The order came to nothing: what the campaign took off may be used again."""


SCHEMAS: dict[str, type[Schema]] = {
    "CampaignLaunched": CampaignLaunchedV1,
    "CampaignEnded": CampaignEndedV1,
    "CouponRedeemed": CouponRedeemedV1,
    "CouponReturned": CouponReturnedV1,
}


@singledispatch
def message(event: object) -> Message:
    """The message that says ``event``."""
    raise TypeError(f"{type(event).__name__} is not published")


@message.register
def _(event: CampaignLaunched) -> Message:
    terms = event.campaign
    return Message(
        type="CampaignLaunched",
        subject=terms.campaign_id,
        data={
            "campaign_id": terms.campaign_id,
            "shop_id": terms.shop_id,
            "kind": terms.kind.value,
            "funder": terms.funder.value,
            "starts_at": to_wire(terms.starts_at),
            "ends_at": to_wire(terms.ends_at),
        },
    )


@message.register
def _(event: CampaignEnded) -> Message:
    return Message(
        type="CampaignEnded",
        subject=event.campaign_id,
        data={
            "campaign_id": event.campaign_id,
            "shop_id": event.shop_id,
            "ended_at": to_wire(event.ended_at),
        },
    )


@message.register(CouponRedeemed)
@message.register(CouponReturned)
def _(event: CouponRedeemed | CouponReturned) -> Message:
    return Message(
        type=type(event).__name__,
        subject=event.order_id,
        data={
            "campaign_id": event.campaign_id,
            "order_id": event.order_id,
            "customer_id": event.customer_id,
            "amount": event.amount.to_wire(),
        },
    )
